"""Each reader in the ROC plane: the curve of the ratings, and the operating point of the labels."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import GREY, Drawing, Look, draw, looks, panels, percent_axis, shortened
from readerstudy.analysis.reporting.order import natural


def roc(curves: pd.DataFrame, points: pd.DataFrame) -> Drawing:
    """Draw the curves and operating points of all readers, a panel a generator.

    Parameters
    ----------
    curves, points : DataFrame
        `reader_id`, `generator`, `false_positive_rate`, `true_positive_rate`; a row per corner, and per reader.
    """
    generators = sorted({*curves["generator"], *points["generator"]})
    look = looks(sorted({*curves["reader_id"], *points["reader_id"]}, key=natural))

    def paint(figure: Figure) -> None:
        for axis, generator in zip(panels(figure, generators), generators, strict=True):
            _panel(axis, curves[curves["generator"] == generator], points[points["generator"] == generator], look)
        percent_axis(figure.axes[0].yaxis, "Real called real, %")
        figure.supxlabel("Synthetic called real, %", fontsize=9)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper")

    kind = "The ROC curve of each reader's ratings, and where their labels lie" if len(curves) else "Where labels lie"
    described = (
        f"{kind}: the share of real cases called real against the share of synthetic cases called real. The diagonal "
        "is chance; above it, real is told from synthetic. Unsure is left out."
    )
    data = pd.concat([curves.assign(kind="curve"), points.assign(kind="label")], ignore_index=True)
    return draw(
        "roc",
        "ROC curves and operating points",
        described,
        data,
        height=2.7 if len(generators) > 1 else 3.8,
        paint=paint,
    )


def _panel(axis: Axes, curves: pd.DataFrame, points: pd.DataFrame, look: dict[str, Look]) -> None:
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
    for reader, shown in look.items():
        curve, point = curves[curves["reader_id"] == reader], points[points["reader_id"] == reader]
        axis.plot(
            curve["false_positive_rate"].astype(float), curve["true_positive_rate"].astype(float), color=shown.color,
            linestyle=shown.line, linewidth=1,
        )  # fmt: skip
        axis.plot(
            point["false_positive_rate"].astype(float), point["true_positive_rate"].astype(float), marker=shown.marker,
            color=shown.color, linestyle="none", markersize=6, markeredgecolor="black", markeredgewidth=0.5,
            label=shortened(reader),
        )  # fmt: skip
    axis.set_aspect("equal")
    axis.set_xlim(-0.03, 1.03)
    axis.set_ylim(-0.03, 1.03)
    percent_axis(axis.xaxis, "")
    percent_axis(axis.yaxis, "")
