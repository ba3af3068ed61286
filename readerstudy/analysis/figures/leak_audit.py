"""What a leak audit found: how well each part tells the arms apart, and the values of what tells most."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import ARM_COLORS, BLUE, GREY, VERMILLION, Drawing, draw, marks, shortened
from readerstudy.analysis.leak_audit.comparisons import OTHERS

CHANCE = 0.5
ROW = 0.24  # inches
PANELS_IN_A_ROW = 3
ARMS = ("real", "synthetic")
ARM_MARKERS = {"real": "o", "synthetic": "^"}
LETTERS_A_LINE = 26  # of a panel's title


def audit_parts(rows: pd.DataFrame, *, of_organs: bool = False) -> Drawing:
    """Draw the AUC by which each part of the features tells the sides of each comparison apart.

    Parameters
    ----------
    rows : DataFrame
        `part`, `where`, `n_real`, `n_synthetic`, `auc`, `auc_low`, `auc_high`, `found` and `detectable_auc` (NaN
        where even a perfect tell would not be found).
    """
    parts = list(dict.fromkeys(rows["part"]))
    places = list(dict.fromkeys(rows["where"]))

    def paint(figure: Figure) -> None:
        axes = figure.subplots(1, len(parts), sharey=True, squeeze=False)[0]
        for axis, part in zip(axes, parts, strict=True):
            axis.set_title(_wrapped(part))
            _part(axis, rows[rows["part"] == part], places)
        axes[0].set_yticks(range(len(places)), [shortened(place, 28) for place in places])
        axes[0].set_ylim(len(places) - 0.5, -0.5)
        figure.supxlabel("AUC of a classifier, cross-validated (95 % interval)", fontsize=9)

    told = "one organ's cases from others'" if of_organs else "real from synthetic cases"
    described = (
        f"How well a classifier of each part's features tells {told}: 0.5 is chance, 1 perfect. "
        "Filled diamonds: a tell was found. Grey bars: the AUC from which a tell would be found four times in five."
    )
    height = 1.2 + ROW * max(len(places), 2)
    return draw(
        "audit-parts",
        f"What tells the {'organs' if of_organs else 'arms'} apart",
        described,
        rows,
        height=height,
        paint=paint,
    )


def _part(axis: Axes, rows: pd.DataFrame, places: list[str]) -> None:
    axis.axvline(CHANCE, color=GREY, linewidth=1)
    for row in marks(rows):
        y = places.index(row.where)
        color = VERMILLION if row.found else BLUE
        axis.plot([row.auc_low, row.auc_high], [y, y], color=color, linewidth=1.4)
        axis.plot(
            [row.auc], [y], marker="D", color=color, markerfacecolor=color if row.found else "white", markersize=6
        )
        if pd.notna(row.detectable_auc):
            axis.plot([row.detectable_auc] * 2, [y - 0.32, y + 0.32], color=GREY, linewidth=2.5)
    axis.set_xlim(0, 1.03)
    axis.tick_params(axis="y", length=0)


def audit_tells(rows: pd.DataFrame, *, of_organs: bool = False) -> Drawing:
    """Draw the values of the features that tell, a panel each: the real cases beside the synthetic ones.

    In organ recognition, the organ that is told beside the others.

    Parameters
    ----------
    rows : DataFrame
        `feature` (in words), `truth`, `value`.
    """
    features = list(dict.fromkeys(rows["feature"]))
    n_rows = -(-len(features) // PANELS_IN_A_ROW)

    def paint(figure: Figure) -> None:
        grid = figure.subplots(n_rows, PANELS_IN_A_ROW, squeeze=False).ravel()
        for axis in grid[len(features) :]:
            axis.set_axis_off()
        for axis, feature in zip(grid, features, strict=False):
            _strip(axis, feature, rows[rows["feature"] == feature])

    sides, marked = (
        ("organs", "circles the organ that is told, triangles others")
        if of_organs
        else ("arms", "circles real, triangles synthetic")
    )
    described = (
        f"The values of what tells the {sides} apart most, a mark for each case ({marked}), with each side's median as "
        "a line."
    )
    return draw("audit-tells", "Values of what tells", described, rows, height=0.3 + 2.3 * n_rows, paint=paint)


def _strip(axis: Axes, feature: str, rows: pd.DataFrame) -> None:
    axis.set_title(_wrapped(feature), fontsize=8)
    sides = ARMS if set(rows["truth"]) <= set(ARMS) else tuple(dict.fromkeys(sorted(rows["truth"], key=_others_last)))
    for place, (arm, truth) in enumerate(zip(ARMS, sides, strict=False)):
        values = rows.loc[rows["truth"] == truth, "value"].to_numpy(np.float64)
        aside = place + 0.28 * np.sin(np.arange(len(values)) * 2.4)  # marks of equal values lie side by side
        axis.plot(
            aside, values, linestyle="", marker=ARM_MARKERS[arm], color=ARM_COLORS[arm], markersize=4,
            markeredgecolor="black", markeredgewidth=0.4,
        )  # fmt: skip
        if len(values):
            axis.plot([place - 0.35, place + 0.35], [np.median(values)] * 2, color="black", linewidth=1.4)
    axis.set_xticks(range(len(sides)), sides)
    axis.set_xlim(-0.6, 1.6)
    axis.tick_params(axis="x", length=0)


def _others_last(side: str) -> tuple[bool, str]:
    return side == OTHERS, side


def _wrapped(title: str) -> str:
    return "\n".join(textwrap.wrap(title, LETTERS_A_LINE, max_lines=3, placeholder=" …"))
