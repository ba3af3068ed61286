"""How long readers took, and whether they changed from the first half of their order to the second."""

import pandas as pd
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import BLUE, GREY, VERMILLION, Drawing, draw, marks, shortened
from readerstudy.analysis.frame import POOLED

ROW = 0.24  # inches


def times(rows: pd.DataFrame) -> Drawing:
    """Draw each reader's median time a case, with the quartiles.

    Parameters
    ----------
    rows : DataFrame
        Of the table `reading_times`: `reader_id`, `median_s`, `q1_s`, `q3_s`.
    """

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        for y, row in enumerate(marks(rows)):
            axis.plot([row.q1_s, row.q3_s], [y, y], color=BLUE, linewidth=1.6)
            axis.plot([row.median_s], [y], marker="o", color=BLUE, markersize=6)
        axis.set_yticks(range(len(rows)), [shortened(reader) for reader in rows["reader_id"]])
        axis.set_ylim(len(rows) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
        axis.set_xlim(left=0)
        axis.set_xlabel("Seconds a case: median and quartiles")

    described = "Each reader's median time a case in seconds; the line runs from the lower to the upper quartile."
    height = 0.8 + ROW * max(len(rows), 2)
    return draw("times", "Time a case", described, rows, height=height, paint=paint)


def halves(rows: pd.DataFrame, *, confidence: str) -> Drawing:
    """Draw the change of right answers from the first half of each reader's order to the second.

    Parameters
    ----------
    rows : DataFrame
        Of the table `halves`: `reader_id` (`all` for the mean), `difference`, `ci_low`, `ci_high`; NaN where not
        estimable.
    confidence : str
        Of the intervals, such as `95 %`.
    """

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        axis.axvline(0, color=GREY, linewidth=1)
        for y, row in enumerate(marks(rows)):
            mean = row.reader_id == POOLED
            color = VERMILLION if mean else BLUE
            if pd.isna(row.difference):
                axis.text(0, y, "not estimable", ha="center", va="center", fontsize=7, color=GREY)
                continue
            axis.plot([100 * row.ci_low, 100 * row.ci_high], [y, y], color=color, linewidth=1.4)
            axis.plot([100 * row.difference], [y], marker="D" if mean else "s", color=color, markersize=6)
        names = ["mean" if reader == POOLED else shortened(reader) for reader in rows["reader_id"]]
        axis.set_yticks(range(len(rows)), names)
        axis.set_ylim(len(rows) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
        axis.set_xlabel(f"Right answers, second half less first half, percentage points ({confidence} interval)")

    described = (
        "How the share of right answers changed from the first half of each reader's order to the second. Right of 0, "
        "the reader got better, which may be learning the synthetic look."
    )
    height = 0.8 + ROW * max(len(rows), 2)
    return draw("halves", "First half against second", described, rows, height=height, paint=paint)
