"""How ratings are spread over real and over synthetic cases."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import ARM_COLORS, HATCHES, Drawing, draw, panels, percent_axis

KEYS = ["generator", "truth", "rating_from", "rating_to"]


def ratings(rows: pd.DataFrame) -> Drawing:
    """Draw how often each rating was given to real and to synthetic cases, readers together.

    Parameters
    ----------
    rows : DataFrame
        Of the table `rating_distribution`: `generator`, `truth`, `rating_from`, `rating_to`, `n`, a row per reader.
    """
    data = pd.DataFrame(rows.groupby(KEYS)["n"].sum().reset_index())
    data["share"] = data["n"] / data.groupby(["generator", "truth"])["n"].transform("sum")
    generators = sorted(data["generator"].unique())
    bars = sorted(set(zip(data["rating_from"], data["rating_to"], strict=True)))
    place = {low: n for n, (low, _) in enumerate(bars)}
    labels = [_label(low, high) for low, high in bars]

    def paint(figure: Figure) -> None:
        for axis, generator in zip(panels(figure, generators), generators, strict=True):
            _panel(axis, data[data["generator"] == generator], place, labels)
        figure.axes[0].set_ylabel("% of the readings")
        figure.supxlabel("Rating (higher = more surely real)", fontsize=9)
        handles, names = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper right", ncols=2)

    described = "How often each rating was given to real and to synthetic cases; higher = more surely real."
    return draw("ratings", "Ratings", described, data, height=3.0, paint=paint)


def _panel(axis: Axes, rows: pd.DataFrame, place: dict[float, int], labels: list[str]) -> None:
    for truth, offset in (("real", -0.21), ("synthetic", 0.21)):
        given = rows[rows["truth"] == truth]
        places = np.array([place[low] for low in given["rating_from"]], dtype=np.float64)
        axis.bar(
            places + offset, given["share"], width=0.42, color=ARM_COLORS[truth], hatch=HATCHES[truth],
            edgecolor="black", linewidth=0.5, label=f"{truth} cases",
        )  # fmt: skip
    axis.set_xticks(range(len(labels)), labels, rotation=0 if len(labels) < 8 else 90)
    percent_axis(axis.yaxis, "")


def _label(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:.3g}–{high:.3g}"
