"""How well each reader tells the classes apart, beside which answer the reader leans to."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import GREY, Drawing, Look, draw, looks, marks, panels, shortened
from readerstudy.analysis.reporting.order import natural


def detection(rows: pd.DataFrame, *, confidence: str) -> Drawing:
    """Draw d′ against the criterion c, a mark per reader.

    Parameters
    ----------
    rows : DataFrame
        `reader_id`, `generator`, `d_prime`, `criterion`, each with `_low` and `_high`; NaN where not estimable.
    confidence : str
        Of the intervals, such as `95 %`.
    """
    generators = sorted(rows["generator"].unique())
    look = looks(sorted(rows["reader_id"].unique(), key=natural))

    def paint(figure: Figure) -> None:
        for axis, generator in zip(panels(figure, generators), generators, strict=False):
            _panel(axis, rows[rows["generator"] == generator], look)
        figure.axes[0].set_ylabel("d′: how well real is told from synthetic")
        figure.supxlabel("c: ← leans to “real” · leans to “synthetic” →", fontsize=9)
        drawn = {
            label: handle
            for axis in figure.axes
            for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        labels = sorted(drawn, key=natural)
        if labels:
            figure.legend([drawn[label] for label in labels], labels, loc="outside right upper")

    described = (
        "Each reader's d′, how well real is told from synthetic (0 = not at all), against the criterion c, which "
        f"answer the reader leans to (below 0: “real”), with {confidence} intervals."
    )
    return draw("detection", "Telling apart, and bias", described, rows, height=3.6, paint=paint)


def _panel(axis: Axes, rows: pd.DataFrame, look: dict[str, Look]) -> None:
    axis.axhline(0, color=GREY, linewidth=0.8)
    axis.axvline(0, color=GREY, linewidth=0.8)
    for row in marks(rows.dropna(subset=["d_prime", "criterion"])):
        shown = look[row.reader_id]
        axis.plot([row.criterion_low, row.criterion_high], [row.d_prime] * 2, color=shown.color, linewidth=0.7)
        axis.plot([row.criterion] * 2, [row.d_prime_low, row.d_prime_high], color=shown.color, linewidth=0.7)
        axis.plot(
            [row.criterion], [row.d_prime], marker=shown.marker, color=shown.color, markersize=7, linestyle="none",
            markeredgecolor="black", markeredgewidth=0.5, label=shortened(row.reader_id),
        )  # fmt: skip
    limit = max(1.0, *(abs(value) for value in axis.get_xlim()))
    axis.set_xlim(-limit, limit)
