"""What all figures share: colours and shapes that colour-blind readers and printers keep apart, sizes, names.

Colours are those of M. Okabe and K. Ito (2008); nothing is told by colour alone: readers differ in shape and line
too, arms in hatching.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readerstudy.analysis.figures.svg import to_svg

BLUE, VERMILLION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
SKY, PURPLE, BLACK, GREY = "#56B4E9", "#CC79A7", "#000000", "#6b7480"
COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h", "d")
LINES = ("-", "--", "-.", ":")
REAL, SYNTHETIC, UNSURE = BLUE, ORANGE, "#d5d9de"
HATCHES = {"real": "", "synthetic": "////", "unsure": ".."}
ARM_COLORS = {"real": REAL, "synthetic": SYNTHETIC, "unsure": UNSURE}
BAND = "#e9ecef"
WIDTH = 7.2  # inches, of every figure
LONGEST_NAME = 22
LETTERS_IN_A_ROW = 60  # of the panels' titles together
SETTINGS: Any = {  # typed as the names of matplotlib's settings there
    "svg.fonttype": "none",
    "svg.hashsalt": "readerstudy",
    "font.family": "DejaVu Sans",  # whose widths the layout reckons with; few fonts are wider
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}
_ONE_AT_A_TIME = threading.RLock()  # matplotlib's settings are the process's


@dataclass(frozen=True)
class Drawing:
    """One figure: `svg` stands by itself, `data` is what it draws, a row per mark."""

    name: str
    title: str
    description: str
    svg: str
    data: pd.DataFrame


def draw(
    name: str,
    title: str,
    description: str,
    data: pd.DataFrame,
    *,
    height: float,
    paint: Callable[[Figure], None],
    hints: Mapping[str, Sequence[str]] | None = None,
) -> Drawing:
    """Have `paint` fill a figure of `WIDTH` x `height` inches; `hints`, which it may fill too: see `svg.to_svg`."""
    with _settings():
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        paint(figure)
        svg = to_svg(figure, name=name, title=title, description=description, hints=hints or {})
    return Drawing(name, title, description, svg, data.reset_index(drop=True))


@contextmanager
def _settings() -> Iterator[None]:
    with _ONE_AT_A_TIME, mpl.rc_context(SETTINGS):
        yield


def marks(rows: pd.DataFrame) -> Iterable[Any]:
    """Return the rows, their cells as attributes: of which type each is, the caller's docstring says."""
    return rows.itertuples(index=False)


def shortened(name: str, letters: int = LONGEST_NAME) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


@dataclass(frozen=True)
class Look:
    """How one of many readers is told from the others: shape first, colour and line beside it."""

    color: str
    marker: str
    line: str


def looks(names: list[str]) -> dict[str, Look]:
    """Return a look for each name; the first 91 differ in shape and colour together, the same names look alike."""
    return {
        name: Look(COLORS[n % len(COLORS)], MARKERS[n % len(MARKERS)], LINES[n // len(COLORS) % len(LINES)])
        for n, name in enumerate(names)
    }


def panels(figure: Figure, names: list[str], *, sharey: bool = True) -> list[Axes]:
    """Return one panel per name, side by side, titled where there are several."""
    axes = list(figure.subplots(1, max(len(names), 1), sharey=sharey, squeeze=False)[0])
    if len(names) > 1:
        for axis, name in zip(axes, names, strict=True):
            axis.set_title(shortened(name, LETTERS_IN_A_ROW // len(names)))
    return axes


def percent_axis(axis: Any, label: str) -> None:
    """Label an x or y axis of fractions in percent."""
    axis.set_label_text(label)
    axis.set_major_formatter(lambda value, _place: f"{100 * value:.0f}")
