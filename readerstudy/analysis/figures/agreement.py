"""How far each two readers agree."""

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from readerstudy.analysis.figures.drawing import GREY, Drawing, draw, marks, shortened
from readerstudy.analysis.reporting.order import natural

CELL = 0.34  # inches
LEAST_HEIGHT = 2.2
DARK = 0.6  # kappa above which the ink is white


def agreement(pairs: pd.DataFrame) -> Drawing:
    """Draw Cohen's kappa of each two readers as a matrix of numbers, darker where they agree more.

    Parameters
    ----------
    pairs : DataFrame
        Of the table `agreement_pairs`: `reader_a`, `reader_b`, `value` (kappa, NaN where not estimable), `observed`.
    """
    readers = sorted({*pairs["reader_a"], *pairs["reader_b"]}, key=natural)
    kappa = _matrix(pairs, readers)

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        places = np.arange(len(readers) + 1) - 0.5
        axis.pcolormesh(places, places, np.clip(kappa, 0, 1), cmap=mpl.colormaps["Greys"], vmin=0, vmax=1.15)
        for (row, column), value in np.ndenumerate(kappa):
            if row != column:
                text = "–" if np.isnan(value) else f"{value:.2f}".replace("-", "−")
                color = "white" if value > DARK else GREY if np.isnan(value) else "black"
                axis.text(column, row, text, ha="center", va="center", fontsize=7, color=color)
        names = [shortened(reader) for reader in readers]
        axis.set_xticks(range(len(readers)), names, rotation=90 if max(map(len, names)) > 4 else 0)
        axis.set_yticks(range(len(readers)), names)
        axis.invert_yaxis()
        axis.set_aspect("equal")
        axis.tick_params(length=0)
        axis.spines[["left", "bottom"]].set_visible(False)

    described = (
        f"Cohen's kappa of each two of {len(readers)} readers over real, unsure and synthetic: 1 is full agreement, 0 "
        "what chance gives, – not estimable. Darker = more."
    )
    height = max(LEAST_HEIGHT, 0.8 + CELL * len(readers))
    return draw("agreement", "Agreement between readers", described, pairs, height=height, paint=paint)


def _matrix(pairs: pd.DataFrame, readers: list[str]) -> npt.NDArray[np.float64]:
    place = {reader: n for n, reader in enumerate(readers)}
    kappa = np.full((len(readers), len(readers)), np.nan)
    for pair in marks(pairs):
        a, b = place[pair.reader_a], place[pair.reader_b]
        kappa[a, b] = kappa[b, a] = pair.value
    return kappa
