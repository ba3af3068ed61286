"""The flow of cases and readings, as STARD asks for it: what there was, what was read, how it was answered."""

import itertools

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from readerstudy.analysis.figures.drawing import Drawing, draw, marks

BOX = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": "black", "linewidth": 0.8}
ARROW = {"arrowstyle": "-|>", "color": "black", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}


def flow(steps: pd.DataFrame) -> Drawing:
    """Draw both arms from the cases to the answers.

    Parameters
    ----------
    steps : DataFrame
        `truth`, `step`, `text`, one row per box, the steps of an arm from above; `text` may have several lines. An
        empty `truth` is a box over both arms.
    """

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        axis.set_axis_off()
        axis.set_xlim(0, 1)
        levels = list(dict.fromkeys(steps["step"]))
        axis.set_ylim(len(levels) - 0.5, -0.5)
        boxes = {
            (row.truth, levels.index(row.step)): _box(axis, row.truth, levels.index(row.step), row.text)
            for row in marks(steps)
        }
        for start, end in _arrows(steps, levels):
            _arrow(axis, boxes[start], boxes[end])

    text = "; ".join(f"{row.truth or 'both arms'}: {' '.join(row.text.split())}" for row in marks(steps))
    height = 1.15 * steps["step"].nunique()
    return draw("flow", "Flow of cases and readings", f"{text}.", steps, height=height, paint=paint)


def _middle(truth: str) -> float:
    return {"real": 0.25, "synthetic": 0.75}.get(truth, 0.5)


def _box(axis: Axes, truth: str, level: int, text: str) -> Text:
    return axis.text(_middle(truth), level, text, ha="center", va="center", fontsize=8.5, linespacing=1.5, bbox=BOX)


def _arrows(steps: pd.DataFrame, levels: list[str]) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """Return which box leads to which: down its arm, or from a box over both arms to each."""
    by_level = [list(steps.loc[steps["step"] == level, "truth"]) for level in levels]
    return [
        ((truth, n), (below, n + 1))
        for n, (upper, lower) in enumerate(itertools.pairwise(by_level))
        for truth in upper
        for below in lower
        if "" in (truth, below) or truth == below
    ]


def _arrow(axis: Axes, start: Text, end: Text) -> None:
    """Draw an arrow from the edge of one box to that of another."""
    edges = {"patchA": start.get_bbox_patch(), "patchB": end.get_bbox_patch()}
    axis.annotate("", xy=end.get_position(), xytext=start.get_position(), arrowprops=ARROW | edges)
