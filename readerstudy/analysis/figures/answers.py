"""What readers answered about real and about synthetic cases."""

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
