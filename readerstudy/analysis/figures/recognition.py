"""Organ recognition: the confusion matrix, and each reader's recall and precision."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import (
    BLUE,
    GREY,
    ORANGE,
    Drawing,
    draw,
    marks,
    panels,
    percent_axis,
    shortened,
)
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.recognition import ORIGINS, UNSURE, Recognition
from readerstudy.analysis.reporting.order import natural
from readerstudy.analysis.reporting.recognition import ORIGIN_WORDS

DARK = 0.6  # of a cell above which the ink is white
ROW = 0.3  # inches
ALL_READERS = "All readers"


def confusion(found: Recognition) -> Drawing | None:
    """Draw the confusion matrix of all readers: truth in rows, answers in columns; all, real and synthetic cases."""
    rows = found.confusion[found.confusion["reader_id"] == POOLED]
    present = [origin for origin in ORIGINS if (rows["origin"] == origin).any()]
    if not present:
        return None
    shown = [POOLED] if len(present) == 2 else present
    rows = rows[rows["origin"].isin(shown)].assign(
        share=lambda table: table["n"] / table.groupby(["origin", "organ"])["n"].transform("sum")
    )

    def paint(figure: Figure) -> None:
        for axis, origin in zip(panels(figure, [ORIGIN_WORDS[origin] for origin in shown]), shown, strict=True):
            _cells(axis, rows[rows["origin"] == origin], found.organs)
        figure.axes[0].set_ylabel("the tumour is in")
        figure.supxlabel("answer", fontsize=9)

    described = (
        "Answers of all readers: rows say in which organ a tumour is, columns what was answered, with the number and, "
        "below it, the share of the row in percent. The diagonal is right; unsure stands apart."
    )
    return draw("confusion", "Confusion matrix", described, rows, height=1.1 + 0.5 * len(found.organs), paint=paint)


def _cells(axis: Axes, rows: pd.DataFrame, organs: tuple[str, ...]) -> None:
    answers = [*organs, UNSURE]
    share = rows.pivot_table(index="organ", columns="answer", values="share", dropna=False)
    number = rows.pivot_table(index="organ", columns="answer", values="n")
    shares = share.reindex(index=list(organs), columns=answers).to_numpy(np.float64)
    numbers = number.reindex(index=list(organs), columns=answers).to_numpy(np.float64)
    edges = [np.arange(n + 1) - 0.5 for n in (len(answers), len(organs))]
    axis.pcolormesh(*edges, np.nan_to_num(shares), cmap=colormaps["Greys"], vmin=0, vmax=1.15, edgecolor="white")
    axis.axvline(len(organs) - 0.5, color="white", linewidth=4)
    for (row, column), n in np.ndenumerate(numbers):
        part = shares[row, column]
        text = f"{n:.0f}" if np.isnan(part) else f"{n:.0f}\n{100 * part:.0f} %"
        color = "white" if part > DARK else "black"
        axis.text(column, row, text, ha="center", va="center", fontsize=7, color=color)
    axis.set_xticks(range(len(answers)), answers)
    axis.set_yticks(range(len(organs)), organs)
    axis.set_ylim(len(organs) - 0.5, -0.5)
    axis.tick_params(length=0)
    axis.spines[["left", "bottom"]].set_visible(False)


def recognised(found: Recognition) -> Drawing | None:
    """Draw each reader's recall and precision of each organ with intervals, all readers last."""
    rows = found.by_organ[found.by_organ["origin"] == POOLED]
    if rows.empty:
        return None
    names = sorted({str(name) for name in rows["reader_id"]} - {POOLED}, key=natural)
    readers = [*names, POOLED]
    columns = ["reader_id", "organ", "recall", "recall_low", "recall_high"]
    columns += ["precision", "precision_low", "precision_high"]

    def paint(figure: Figure) -> None:
        for axis, organ in zip(panels(figure, list(found.organs)), found.organs, strict=True):
            _shares(axis, rows[rows["organ"] == organ], readers, chance=1 / len(found.organs))
        labels = [ALL_READERS if name == POOLED else shortened(name) for name in readers]
        figure.axes[0].set_yticks(range(len(readers)), labels)
        handles, legend = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, legend, loc="outside lower center", ncols=2)

    described = (
        "Recall (filled circles: the share of an organ's tumours that were called so) and precision (open squares: the "
        "share of answers naming the organ that were right), with intervals; unsure left out. The line is guessing."
    )
    height = 1.2 + ROW * max(len(readers), 2)
    return draw("recognised", "Recall and precision by reader", described, rows[columns], height=height, paint=paint)


def _shares(axis: Axes, rows: pd.DataFrame, readers: list[str], *, chance: float) -> None:
    axis.axvline(chance, color=GREY, linewidth=1)
    looks = {"recall": (-0.14, BLUE, "o", BLUE), "precision": (0.14, ORANGE, "s", "white")}
    for name, (aside, color, marker, face) in looks.items():
        label: str | None = name
        for row in marks(rows):
            y = readers.index(str(row.reader_id)) + aside
            low, value, high = (getattr(row, f"{name}{end}") for end in ("_low", "", "_high"))
            if pd.isna(value):
                continue
            if not pd.isna(low):
                axis.plot([low, high], [y, y], color=color, linewidth=1.2)
            axis.plot(
                [value], [y], linestyle="", marker=marker, color=color, markerfacecolor=face, markersize=5,
                label=label,
            )  # fmt: skip
            label = None
    axis.set_xlim(-0.03, 1.03)
    axis.set_ylim(len(readers) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    percent_axis(axis.xaxis, "%")
