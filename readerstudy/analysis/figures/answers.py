"""What readers answered about real and about synthetic cases, and how their ratings are spread."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import (
    ARM_COLORS,
    HATCHES,
    Drawing,
    draw,
    panels,
    percent_axis,
    shortened,
)

ANSWERS = {"real": "called real", "unsure": "unsure", "synthetic": "called synthetic"}
ROW = 0.2  # inches
MOST_VALUES = 11  # of a rating that are drawn one by one
BINS = 10


def answers(rows: pd.DataFrame) -> Drawing:
    """Draw the 3x2 table of each reader as bars: real cases on the left, synthetic ones on the right.

    Parameters
    ----------
    rows : DataFrame
        `reader_id`, `truth`, `real`, `unsure`, `synthetic`: how many cases were answered so.
    """
    readers = list(dict.fromkeys(rows["reader_id"]))
    arms = ["real", "synthetic"]

    def paint(figure: Figure) -> None:
        for axis, truth in zip(panels(figure, [f"{truth} cases" for truth in arms]), arms, strict=True):
            _bars(axis, rows[rows["truth"] == truth].set_index("reader_id").reindex(readers))
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))

    described = "For each reader, the share of real and of synthetic cases called real, unsure and called synthetic."
    height = 1.1 + ROW * max(len(readers), 2)
    return draw("answers", "Answers by reader", described, rows, height=height, paint=paint)


def _bars(axis: Axes, counts: pd.DataFrame) -> None:
    total = counts[list(ANSWERS)].sum(axis=1)
    left = np.zeros(len(counts))
    places = np.arange(len(counts))
    for answer, label in ANSWERS.items():
        share = (counts[answer] / total.where(total > 0)).fillna(0).to_numpy(np.float64)
        axis.barh(
            places, share, left=left, height=0.7, color=ARM_COLORS[answer], hatch=HATCHES[answer],
            edgecolor="black", linewidth=0.5, label=label,
        )  # fmt: skip
        left += share
    axis.set_yticks(places, [f"{shortened(str(name))} ({n:.0f})" for name, n in total.items()])
    axis.set_ylim(len(counts) - 0.5, -0.5)
    axis.set_xlim(0, 1)
    percent_axis(axis.xaxis, "% of the cases")


def ratings(rows: pd.DataFrame) -> Drawing:
    """Draw how often each rating was given to real and to synthetic cases, over all readers.

    Parameters
    ----------
    rows : DataFrame
        `generator`, `truth`, `rating`: one row per reading, real cases under every generator that they count against.
    """
    generators = sorted(rows["generator"].unique())
    edges = _edges(rows["rating"].to_numpy(np.float64))
    counted = [
        {"generator": generator, "truth": truth, "from": low, "to": high, "n": count}
        for generator in generators
        for truth in ("real", "synthetic")
        for low, high, count in zip(edges[:-1], edges[1:], _histogram(rows, generator, truth, edges), strict=True)
    ]
    data = pd.DataFrame(counted, columns=["generator", "truth", "from", "to", "n"])

    def paint(figure: Figure) -> None:
        for axis, generator in zip(panels(figure, generators), generators, strict=False):
            for truth in ("real", "synthetic"):
                count = data[(data["generator"] == generator) & (data["truth"] == truth)]["n"].to_numpy(np.float64)
                share = count / max(count.sum(), 1)
                width = np.diff(edges) * 0.42
                left = edges[:-1] + np.diff(edges) * (0.08 if truth == "real" else 0.5)
                axis.bar(
                    left, share, width=width, align="edge", color=ARM_COLORS[truth], hatch=HATCHES[truth],
                    edgecolor="black", linewidth=0.5, label=f"{truth} cases",
                )  # fmt: skip
            axis.set_xlabel("Rating (higher = more surely real)")
            percent_axis(axis.yaxis, "")
        figure.axes[0].set_ylabel("% of the readings")
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)

    described = "How often each rating was given to real and to synthetic cases; higher = more surely real."
    return draw("ratings", "Ratings", described, data, height=3.0, paint=paint)


def _edges(values: np.ndarray) -> np.ndarray:
    """Return bins: one around each value where there are few, equally wide ones otherwise."""
    distinct = np.unique(values)
    if distinct.size == 1:
        return np.array([distinct[0] - 0.5, distinct[0] + 0.5])
    if distinct.size <= MOST_VALUES:
        middle = (distinct[:-1] + distinct[1:]) / 2
        return np.concatenate([[2 * distinct[0] - middle[0]], middle, [2 * distinct[-1] - middle[-1]]])
    return np.linspace(distinct[0], distinct[-1], BINS + 1)


def _histogram(rows: pd.DataFrame, generator: str, truth: str, edges: np.ndarray) -> list[int]:
    chosen = rows[(rows["generator"] == generator) & (rows["truth"] == truth)]
    return [int(n) for n in np.histogram(chosen["rating"], bins=edges)[0]]
