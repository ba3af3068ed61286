"""Power over cases and readers, for a study that is being planned."""

import pandas as pd
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import GREY, Drawing, draw, looks, panels, percent_axis

TESTS = {"superiority": "Telling from chance", "equivalence": "Equivalence, where readers guess"}
MARKED = 5  # points between two marks of a line


def power(curve: pd.DataFrame, *, wanted: float) -> Drawing:
    """Draw the power of both tests.

    Parameters
    ----------
    curve : DataFrame
        `n_readers`, `n_cases`, `superiority`, `equivalence`.
    wanted : float
        The power that is wanted, drawn as a line.
    """
    readers = [str(number) for number in sorted(curve["n_readers"].unique())]
    look = looks(readers)

    def paint(figure: Figure) -> None:
        for axis, test in zip(panels(figure, list(TESTS)), TESTS, strict=True):
            axis.set_title(TESTS[test])
            axis.axhline(wanted, color=GREY, linewidth=0.8)
            for reader in readers:
                rows = curve[curve["n_readers"] == int(reader)]
                axis.plot(
                    rows["n_cases"], rows[test], color=look[reader].color, linestyle=look[reader].line,
                    marker=look[reader].marker, markevery=MARKED, markersize=5, linewidth=1.2,
                    label=f"{reader} readers",
                )  # fmt: skip
            axis.set_ylim(0, 1.02)
            axis.set_xlim(left=0)
            percent_axis(axis.yaxis, "")
        figure.axes[0].set_ylabel("Power, %")
        figure.supxlabel("Cases, real and synthetic together", fontsize=9)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper")

    described = (
        f"Power of telling real from synthetic, and of showing equivalence to chance, over the number of cases, for "
        f"{', '.join(readers)} readers. The line is the wanted power, {100 * wanted:.0f} %."
    )
    return draw("power", "Power", described, curve, height=3.2, paint=paint)
