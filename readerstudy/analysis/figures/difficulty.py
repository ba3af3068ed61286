"""How often single cases are taken wrongly."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from readerstudy.analysis.figures.drawing import ARM_COLORS, HATCHES, Drawing, draw, percent_axis

BINS = 10


def difficulty(cases: pd.DataFrame) -> Drawing:
    """Draw how many cases were taken wrongly by which share of those who answered real or synthetic.

    Parameters
    ----------
    cases : DataFrame
        Of the table `case_difficulty`: `case_id`, `truth`, `share_wrong`, not NaN.
    """

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        edges = np.linspace(0, 1, BINS + 1)
        for truth, offset in (("real", 0.08), ("synthetic", 0.5)):
            count, _ = np.histogram(cases.loc[cases["truth"] == truth, "share_wrong"], bins=edges)
            axis.bar(
                edges[:-1] + offset / BINS, count, width=0.42 / BINS, align="edge", color=ARM_COLORS[truth],
                hatch=HATCHES[truth], edgecolor="black", linewidth=0.5, label=f"{truth} cases",
            )  # fmt: skip
        axis.set_xlim(0, 1)
        percent_axis(axis.xaxis, "% of a case's readers who took it wrongly")
        axis.set_ylabel("cases")
        axis.yaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend()

    described = "How many real and synthetic cases were taken wrongly by which share of their readers, unsure left out."
    return draw("difficulty", "Difficulty of the cases", described, cases, height=2.6, paint=paint)
