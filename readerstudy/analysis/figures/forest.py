"""Balanced accuracies as a forest: each reader's, and the readers' mean, against chance and the margin."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import (
    BAND,
    BLUE,
    GREY,
    VERMILLION,
    Drawing,
    draw,
    marks,
    panels,
    percent_axis,
    shortened,
)
from readerstudy.analysis.reporting.order import natural

CHANCE = 0.5
READER, POOLED, HEADLINE = "reader", "mean, unsure left out", "mean, unsure half-way"
KINDS = {READER: ("s", BLUE, 5), POOLED: ("D", VERMILLION, 7), HEADLINE: ("D", "white", 7)}
ROW = 0.22  # inches


def forest(rows: pd.DataFrame, *, margin: float, confidence: str) -> Drawing:
    """Draw balanced accuracies with their intervals.

    Parameters
    ----------
    rows : DataFrame
        `generator`, `kind` (`READER`, `POOLED` or `HEADLINE`), `reader_id` (empty for means), `estimate`, `low`,
        `high`; NaN where not estimable.
    margin : float
        Of equivalence, around .5: drawn as a band.
    confidence : str
        Of the intervals, such as `95 %`.
    """
    generators = sorted(rows["generator"].unique())
    labels = list(dict.fromkeys(zip(rows["kind"], rows["reader_id"], strict=True)))
    labels.sort(key=lambda label: (list(KINDS).index(label[0]), natural(label[1])))

    def paint(figure: Figure) -> None:
        for axis, generator in zip(panels(figure, generators), generators, strict=False):
            _panel(axis, rows[rows["generator"] == generator], labels, margin)
        figure.supxlabel(f"Balanced accuracy, % ({confidence} interval)", fontsize=9)

    described = (
        f"Balanced accuracy of each reader with its {confidence} interval, and the readers' mean, for "
        f"{', '.join(generators) or 'no generator'}. The line is chance, 50 %; the band is the equivalence margin, "
        f"{100 * (CHANCE - margin):g}–{100 * (CHANCE + margin):g} %."
    )
    height = 0.9 + ROW * max(len(labels), 2)
    return draw("forest", "Balanced accuracy by reader", described, rows, height=height, paint=paint)


def _panel(axis: Axes, rows: pd.DataFrame, labels: list[tuple[str, str]], margin: float) -> None:
    axis.axvspan(CHANCE - margin, CHANCE + margin, color=BAND, linewidth=0, zorder=0)
    axis.axvline(CHANCE, color=GREY, linewidth=1, zorder=1)
    place = {label: n for n, label in enumerate(labels)}
    for row in marks(rows):
        y = place[row.kind, row.reader_id]
        if pd.isna(row.estimate):
            axis.text(CHANCE, y, "not estimable", ha="center", va="center", fontsize=7, color=GREY)
            continue
        marker, fill, size = KINDS[row.kind]
        edge = BLUE if row.kind == READER else VERMILLION
        if pd.notna(row.low):
            axis.plot([row.low, row.high], [y, y], color=edge, linewidth=1.4, zorder=2)
        axis.plot([row.estimate], [y], marker=marker, markersize=size, color=edge, markerfacecolor=fill, zorder=3)
    axis.set_ylim(len(labels) - 0.4, -0.6)
    axis.set_yticks(range(len(labels)), [shortened(reader or kind) for kind, reader in labels])
    axis.tick_params(axis="y", length=0)
    axis.set_xlim(-0.02, 1.02)
    percent_axis(axis.xaxis, "")
