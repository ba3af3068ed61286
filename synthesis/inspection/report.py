"""The realism report as one HTML page that needs no other file."""

from __future__ import annotations

import html
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from synthesis.inspection import figures
from synthesis.inspection.cases import Case, case_folders, cropped, read_cases, read_hosts
from synthesis.inspection.comparison import FEWEST, Separability, separability
from synthesis.inspection.features import FEATURES, HOST_FEATURES, Feature, Measured, measure
from synthesis.volume import Volume

_MOST_PICTURES = 18
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

_PICTURES = "The largest axial slice of the first tumours, without and with the mask's outline."
_NO_HOSTS = (
    "No host of these tumours was given (--host CT.nii.gz …), so nothing is said of noise and anatomy after against "
    "before."
)
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; color: #1d2b36 }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2.2rem }
img { width: 100%; height: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #d7dde2; text-align: right; vertical-align: top }
th:first-child, td:first-child, .text { text-align: left }
thead th { border-bottom: 2px solid #8a98a5 }
dt { font-weight: 600; margin-top: .6rem } dd { margin: 0 0 0 1.2rem }
.answer { background: #eef3f6; border-left: 4px solid #2e6f95; padding: .7rem 1rem }
"""


def inspect(folder: Path, *, real: Path | None, hosts: Sequence[Path]) -> tuple[str, Separability | None]:
    """Measure the tumours of a folder, and real ones where given.

    Parameters
    ----------
    folder : Path
        Cases as `generate` writes them, at any depth.
    real : Path, optional
        Folders with ``ct.nii.gz`` and ``tumor.nii.gz``, at any depth.
    hosts : sequence of Path
        CTs that the synthetic tumours were put into: for the figures of after against before.

    Returns
    -------
    page : str
        HTML, self-contained.
    separability : Separability or None
        How well the two are told apart; None without enough real ones.

    Raises
    ------
    NoCases, InvalidVolume, InvalidRecipe, NothingAround
        If a folder holds no case, or one that cannot be used.
    """
    synthetic, pictures = _measure_all(folder, read_hosts(hosts), "Synthetic")
    reals: list[Measured] = []
    if real is not None:
        reals, more = _measure_all(real, {}, "Real")
        pictures += more
    found = separability(reals, synthetic)
    return _page(folder.resolve().name, synthetic, reals, found, pictures), found


def _measure_all(folder: Path, hosts: dict[str, Volume], title: str) -> tuple[list[Measured], str]:
    """Return the figures of a folder's tumours, and the first of them as pictures; one CT is held at a time."""
    measured: list[Measured] = []
    shown: list[Case] = []
    cases = read_cases(folder, hosts)
    for case in tqdm(cases, desc=title, total=len(case_folders(folder)), unit="tumour", disable=None, file=sys.stderr):
        measured.append(measure(case))
        if len(shown) < _MOST_PICTURES:
            shown.append(cropped(case))
    return measured, f"<h3>{title}</h3>{figures.pictures_figure(shown, title)}"


def _page(name: str, synthetic: list[Measured], real: list[Measured], found: Separability | None, pictures: str) -> str:
    known = {key: feature for key, feature in {**FEATURES, **HOST_FEATURES}.items() if _values(synthetic, key).size}
    missing_hosts = "" if any(key in known for key in HOST_FEATURES) else f"<p>{_NO_HOSTS}</p>"
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f"<title>Realism of {html.escape(name)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>Realism of {html.escape(name)}</h1>",
            f"<p>{len(synthetic)} synthetic tumours, {len(real)} real ones.</p>",
            f'<p class="answer">{_answer(found, synthetic, real)}</p>',
            "<h2>Figures</h2>",
            _table(known, synthetic, real),
            missing_hosts,
            f"<h2>Distributions</h2>{figures.features_figure(known, synthetic, real)}",
            f"<h2>Edge and noise</h2>{figures.profiles_figure(synthetic, real)}",
            f"<h2>Pictures</h2><p>{_PICTURES}</p>{pictures}",
            f"<h2>Definitions</h2><dl>{''.join(_definition(feature) for feature in known.values())}</dl>",
            "</body></html>\n",
        ]
    )


def _answer(found: Separability | None, synthetic: list[Measured], real: list[Measured]) -> str:
    if found is not None:
        return (
            f"A classifier trained on these figures tells real from synthetic with an AUC of <b>{found.auc:.2f}</b> "
            f"(95 % interval {found.low:.2f}–{found.high:.2f}): 0.5 is chance, 1 is always. It is a logistic "
            "regression on standardised figures, sizes left out, cross-validated five-fold; the interval is a "
            "bootstrap over the tumours."
        )
    if not real:
        return "No real tumours were given (--real DIR), so no classifier was trained to tell the two apart."
    return (
        f"Too few tumours to train a classifier: it takes {FEWEST} of each, and there are {len(real)} real and "
        f"{len(synthetic)} synthetic ones."
    )


def _table(known: dict[str, Feature], synthetic: list[Measured], real: list[Measured]) -> str:
    quantiles = "".join(f"<th>{round(100 * q)} %</th>" for q in _QUANTILES)
    rows = []
    for key, feature in known.items():
        for label, group in (("synthetic", synthetic), ("real", real)):
            values = _values(group, key)
            if not values.size:
                continue
            cells = "".join(f"<td>{value:.2f}</td>" for value in np.quantile(values, _QUANTILES))
            rows.append(
                f"<tr><td>{html.escape(_title(feature))}</td><td class=text>{label}</td><td>{values.size}</td>{cells}"
                f"<td class=text>{html.escape(feature.real)}</td></tr>"
            )
    aim = "<th class=text>Real lesions, or the aim</th>"
    head = f"<tr><th>Figure</th><th class=text>Group</th><th>n</th>{quantiles}{aim}</tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _definition(feature: Feature) -> str:
    return f"<dt>{html.escape(_title(feature))}</dt><dd>{html.escape(feature.definition)}.</dd>"


def _title(feature: Feature) -> str:
    return f"{feature.name} ({feature.unit})" if feature.unit else feature.name


def _values(group: list[Measured], key: str) -> npt.NDArray[np.float64]:
    """Return the figure of those tumours of which it was measured."""
    values = np.array([one.features.get(key, math.nan) for one in group])
    return np.asarray(values[np.isfinite(values)])
