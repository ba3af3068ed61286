"""Generators against each other: the mean difference of the readers' balanced accuracies."""

import pandas as pd
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import GREY, VERMILLION, Drawing, draw, marks, shortened


def differences(rows: pd.DataFrame, *, confidence: str) -> Drawing:
    """Draw each difference a − b with its interval, in percentage points.

    Parameters
    ----------
    rows : DataFrame
        `generator_a`, `generator_b`, `organ`, `difference`, `ci_low`, `ci_high`; NaN where not estimable.
    confidence : str
        Of the intervals, such as `95 %`.
    """

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        axis.axvline(0, color=GREY, linewidth=1)
        for y, row in enumerate(marks(rows)):
            if pd.isna(row.ci_low):
                axis.text(0, y, "not estimable", ha="center", va="center", fontsize=7, color=GREY)
                continue
            axis.plot([100 * row.ci_low, 100 * row.ci_high], [y, y], color=VERMILLION, linewidth=1.4)
            axis.plot([100 * row.difference], [y], marker="D", color=VERMILLION, markersize=7)
        names = [f"{shortened(row.generator_a)} −\n{shortened(row.generator_b)}, {row.organ}" for row in marks(rows)]
        axis.set_yticks(range(len(rows)), names)
        axis.set_ylim(len(rows) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
        axis.set_xlabel(f"Difference of balanced accuracy, percentage points ({confidence} interval)")

    described = (
        "Differences between generators of the readers' mean balanced accuracy. Right of 0, the first one's tumours "
        "were told from real ones more often."
    )
    height = 0.8 + 0.42 * max(len(rows), 1)
    return draw("differences", "Generator against generator", described, rows, height=height, paint=paint)
