"""The radiomics experiment in pictures: map, confusion and rates, learning curve, what the machine goes by."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import (
    BLUE,
    COLORS,
    GREY,
    MARKERS,
    ORANGE,
    VERMILLION,
    Drawing,
    draw,
    marks,
    percent_axis,
)

SHOWN_GROUPS = 10
KINDS = (("tuned", "test"), ("tuned", "training"), ("fixed", "test"), ("fixed", "training"))
KIND_WORDS = {
    ("tuned", "test"): "tuned machine, unseen tumours",
    ("tuned", "training"): "tuned machine, training tumours",
    ("fixed", "test"): "fixed large C, unseen tumours",
    ("fixed", "training"): "fixed large C, training tumours",
}
KIND_LOOKS = {
    ("tuned", "test"): ("D", VERMILLION, VERMILLION),
    ("tuned", "training"): ("D", VERMILLION, "white"),
    ("fixed", "test"): ("s", BLUE, BLUE),
    ("fixed", "training"): ("s", BLUE, "white"),
}


def tumor_map(rows: pd.DataFrame, *, by: str, perplexity: float) -> Drawing:
    """Draw t-SNE's map of the tumours; the pointer over a mark shows its tumour.

    Parameters
    ----------
    rows : DataFrame
        `case_id`, `organ`, `origin`, `generator`, `diameter_mm`, `x`, `y`.
    by : str
        What colour and shape tell: `organ`, `origin` or `size`.
    perplexity : float
    """
    hints: dict[str, list[str]] = {}

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        if by == "size":
            _by_size(figure, axis, rows, hints)
        else:
            _by_name(figure, axis, rows, by, hints)
        axis.set_xticks([])
        axis.set_yticks([])
        axis.margins(0.04)
        for side in ("top", "right", "bottom", "left"):
            axis.spines[side].set_visible(True)
            axis.spines[side].set_color(GREY)
        axis.set_aspect("equal", adjustable="datalim")

    described = (
        f"Each mark is one of {len(rows)} tumours, {'coloured' if by == 'size' else 'marked'} by {by}; tumours "
        f"with like features lie side by side (t-SNE, perplexity {perplexity:.3g}). Where marks of each kind lie "
        "among the others, the features do not tell them apart. Point at a mark to see its case."
    )
    return draw(f"map-{by}", f"Map of the tumours by {by}", described, rows, height=4.4, paint=paint, hints=hints)


def _by_name(figure: Figure, axis: Axes, rows: pd.DataFrame, by: str, hints: dict[str, list[str]]) -> None:
    for place, name in enumerate(dict.fromkeys(rows[by])):
        own = rows[rows[by] == name]
        axis.scatter(
            own["x"], own["y"], s=26, marker=MARKERS[place % len(MARKERS)], color=COLORS[place % len(COLORS)],
            alpha=0.85, linewidths=0.4, edgecolors="black", label=f"{name} ({len(own)})", gid=f"marks-{place}",
        )  # fmt: skip
        hints[f"marks-{place}"] = _hints(own)
    figure.legend(loc="outside upper left", ncols=4)


def _by_size(figure: Figure, axis: Axes, rows: pd.DataFrame, hints: dict[str, list[str]]) -> None:
    known = rows[rows["diameter_mm"].notna()]
    drawn = axis.scatter(
        known["x"], known["y"], s=26, c=known["diameter_mm"], cmap=mpl.colormaps["viridis"], linewidths=0.4,
        edgecolors="black", gid="marks-0",
    )  # fmt: skip
    hints["marks-0"] = _hints(known)
    figure.colorbar(drawn, ax=axis, label="Diameter of the ball of its volume, mm", shrink=0.8)


def _hints(rows: pd.DataFrame) -> list[str]:
    said = []
    for row in marks(rows):
        origin = f"{row.origin} ({row.generator})" if row.generator else row.origin
        size = "" if pd.isna(row.diameter_mm) else f", {row.diameter_mm:.1f} mm"
        said.append(f"{row.case_id}: {row.organ}, {origin}{size}")
    return said


def told(answer: dict[str, Any], *, name: str, what: str) -> Drawing:
    """Draw what is taken for what on unseen tumours, and precision and recall of each class against chance.

    Parameters
    ----------
    answer : dict
        Of `analysis.radiomics.experiment.run_experiment`.
    name, what : str
        Of the drawing; what is asked, in words.
    """
    names = answer["names"]
    counts = np.array(answer["machines"]["tuned"]["test"]["counts"])
    rows = pd.concat(
        [
            pd.DataFrame(answer["machines"][machine][side]["classes"]).assign(machine=machine, side=side)
            for machine, side in KINDS
        ],
        ignore_index=True,
    )

    def paint(figure: Figure) -> None:
        grid = figure.subplots(1, 3, width_ratios=[1.15, 1, 1])
        _confusion(grid[0], counts, names)
        shares = counts.sum(axis=1) / counts.sum()
        _rates(grid[1], rows, "recall", names, [answer["chance"]] * len(names))
        _rates(grid[2], rows, "precision", names, shares.tolist())
        grid[2].set_yticklabels([])
        handles, labels = grid[1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)

    described = (
        f"{what} Left: of a hundred unseen tumours of each row, those that the tuned machine takes for each column. "
        "Then recall (of the tumours of a class, those named so) and precision (of those named so, those that are) "
        "with 95 % intervals; grey lines are chance. Hollow marks: tumours that the machine was trained on."
    )
    return draw(name, "What is taken for what", described, rows, height=3.3, paint=paint)


def _confusion(axis: Axes, counts: "np.ndarray[Any, np.dtype[np.float64]]", names: Sequence[str]) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-9)
    edges = np.arange(len(names) + 1) - 0.5
    axis.pcolormesh(edges, edges, shares, cmap=mpl.colormaps["Greys"], vmin=0, vmax=1.15)
    for (row, column), share in np.ndenumerate(shares):
        color = "white" if share > 0.6 else "black"
        axis.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=9, color=color)
    axis.set_xticks(range(len(names)), names)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("taken for")
    axis.set_ylabel("in truth")
    axis.set_title("Of each hundred")
    axis.invert_yaxis()
    axis.tick_params(length=0)


def _rates(axis: Axes, rows: pd.DataFrame, column: str, names: Sequence[str], chance: Sequence[float]) -> None:
    axis.set_title(column.capitalize())
    for place, by_chance in enumerate(chance):
        axis.plot([by_chance] * 2, [place - 0.42, place + 0.42], color=GREY, linewidth=1.2)
    for order, kind in enumerate(KINDS):
        own = rows[(rows["machine"] == kind[0]) & (rows["side"] == kind[1])].set_index("name").loc[list(names)]
        marker, edge, fill = KIND_LOOKS[kind]
        y = np.arange(len(names)) + 0.2 * (order - 1.5)
        for at, low, high in zip(y, own[f"{column}_low"], own[f"{column}_high"], strict=True):
            axis.plot([low, high], [at, at], color=edge, linewidth=1.2)
        axis.plot(
            own[column].astype(float), y, linestyle="none", marker=marker, markersize=5, color=edge,
            markerfacecolor=fill, label=KIND_WORDS[kind],
        )  # fmt: skip
    axis.set_xlim(-0.02, 1.02)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(axis="y", length=0)
    percent_axis(axis.xaxis, "%")


def learning(answer: dict[str, Any], *, name: str) -> Drawing:
    """Draw balanced accuracy by the number of patients trained on."""
    rows = pd.DataFrame(answer["learning_curve"])

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        axis.axhline(answer["chance"], color=GREY, linewidth=1)
        axis.annotate("guessing", (1, answer["chance"]), xycoords=("axes fraction", "data"), fontsize=8, color=GREY,
                      ha="right", va="bottom")  # fmt: skip
        axis.plot(rows["patients"], rows["training"], marker="D", markerfacecolor="white", color=VERMILLION,
                  linestyle="--", label="training tumours")  # fmt: skip
        axis.fill_between(rows["patients"], rows["test_low"], rows["test_high"], color=ORANGE, alpha=0.25, linewidth=0)
        axis.plot(rows["patients"], rows["test"], marker="D", color=VERMILLION, label="unseen tumours")
        axis.set_xlabel("Patients trained on")
        axis.set_ylim(0, 1.03)
        axis.set_xlim(left=0)
        percent_axis(axis.yaxis, "Balanced accuracy, %")
        figure.legend(loc="outside upper left", ncols=2)

    described = (
        "How often the tuned machine is right by the number of patients trained on (band: range of the repeats). "
        "Where the line of unseen tumours still rises, more patients would help; where it is flat at guessing, "
        "there is nothing yet that more of them would have sharpened."
    )
    return draw(name, "Learning curve", described, rows, height=2.8, paint=paint)


def importance(answer: dict[str, Any], *, name: str) -> Drawing:
    """Draw what the machine loses without each group of features, the strongest first."""
    rows = pd.DataFrame(answer["importance"]).assign(members=lambda frame: frame["members"].map("; ".join))
    shown = rows.head(SHOWN_GROUPS)

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        axis.axvline(0, color=GREY, linewidth=1)
        for place, row in enumerate(marks(shown)):
            axis.plot([row.lost - row.sd, row.lost + row.sd], [place] * 2, color=BLUE, linewidth=1.2)
            axis.plot([row.lost], [place], marker="o", color=BLUE, markersize=5)
        axis.set_yticks(range(len(shown)), [_group(row.feature, row.members) for row in marks(shown)])
        axis.set_ylim(len(shown) - 0.5, -0.5)
        axis.tick_params(axis="y", length=0)
        percent_axis(axis.xaxis, "Balanced accuracy lost, percentage points (mean and SD of the repeats)")

    described = (
        "What the tuned machine loses on unseen tumours when a group of features that go together is shuffled. Each "
        "line is named by the feature most like its group. Near 0: it does not go by them."
    )
    return draw(name, "What the machine goes by", described, rows, height=0.9 + 0.24 * max(len(shown), 3), paint=paint)


def _group(feature: str, members: str) -> str:
    others = members.count(";")
    words = feature.partition("_")[2].replace("_", " ")
    kind = feature.partition("_")[0]
    said = f"{kind if kind in ('shape',) else {'firstorder': 'HU'}.get(kind, kind.upper())}: {words}"
    return f"{said} + {others}" if others else said
