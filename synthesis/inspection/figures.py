"""The report's pictures, as PNG inlined in HTML."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synthesis.inspection.cases import Case
from synthesis.inspection.features import Feature, Image, Measured, profile_distances_mm
from synthesis.preview import show_axial

SYNTHETIC, REAL = "#d1495b", "#2e6f95"
_DPI = 110
_COLUMNS = 6
_FEATURE_COLUMNS = 4


def features_figure(known: dict[str, Feature], synthetic: Sequence[Measured], real: Sequence[Measured]) -> str:
    """Draw every feature's distribution: each tumour a dot, with the quartiles."""
    groups = [("synthetic", synthetic, SYNTHETIC), ("real", real, REAL)][: 2 if real else 1]
    rows = math.ceil(len(known) / _FEATURE_COLUMNS)
    figure = Figure(figsize=(11, 1.7 * rows), dpi=_DPI, layout="constrained")
    axes = figure.subplots(rows, _FEATURE_COLUMNS, squeeze=False).ravel()
    for axis in axes[len(known) :]:
        axis.set_axis_off()
    for axis, (name, feature) in zip(axes, known.items(), strict=False):
        for height, (_, group, color) in enumerate(groups):
            _strip(axis, [one.features.get(name, math.nan) for one in group], height, color)
        axis.set_yticks(range(len(groups)), [label for label, *_ in groups], fontsize=7)
        axis.set_ylim(-0.6, len(groups) - 0.4)
        axis.tick_params(axis="x", labelsize=7)
        axis.set_title(f"{feature.name} ({feature.unit})" if feature.unit else feature.name, fontsize=7)
    return _inlined(figure, "Distributions of all figures")


def profiles_figure(synthetic: Sequence[Measured], real: Sequence[Measured]) -> str:
    """Draw the contrast along the distance from the surface, and the noise power spectra."""
    figure = Figure(figsize=(11, 3.6), dpi=_DPI, layout="constrained")
    edge, noise = figure.subplots(1, 2)
    for label, group, color in (("synthetic", synthetic, SYNTHETIC), ("real", real, REAL)):
        profiles = np.array([one.profile for one in group if np.isfinite(one.profile).any()])
        if len(profiles):
            edge.plot(profile_distances_mm(), profiles.T, color=color, alpha=0.15, linewidth=0.8)
            edge.plot(profile_distances_mm(), _median(profiles), color=color, linewidth=2, label=label)
        spectra = [one.spectra for one in group if one.spectra is not None]
        if spectra:
            per_mm = np.mean([one.per_mm for one in spectra], axis=0)
            ratio = np.median([one.inside / one.around for one in spectra], axis=0)
            noise.plot(per_mm, ratio, color=color, linewidth=2, marker="o", label=label)
    edge.axhline(0.5, color="gray", linewidth=0.5)
    edge.set(xlabel="distance from the mask's surface (mm)", ylabel="contrast", title="Edge", ylim=(-0.6, 1.6))
    noise.axhline(1.0, color="gray", linewidth=0.5)
    noise.set(
        xlabel="frequency in plane (1/mm)", ylabel="inside over around", title="Noise power spectrum", ylim=(0, 2.5)
    )
    for axis in (edge, noise):
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize=8)
    return _inlined(figure, "edge profiles and noise power spectra")


def pictures_figure(cases: Sequence[Case], title: str) -> str:
    """Draw each tumour's largest axial slice, with and without its outline."""
    rows = math.ceil(len(cases) / _COLUMNS)
    figure = Figure(figsize=(11, 3.9 * rows), dpi=_DPI, layout="constrained", facecolor="black")
    axes = figure.subplots(2 * rows, _COLUMNS, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for number, case in enumerate(cases):
        row, column = divmod(number, _COLUMNS)
        organ_name = case.recipe.organ if case.recipe is not None else None
        show_axial(axes[2 * row, column], case.ct, case.mask, organ_name, outlined=False)
        show_axial(axes[2 * row + 1, column], case.ct, case.mask, organ_name, outlined=True)
        axes[2 * row, column].set_title(case.name, color="white", fontsize=7)
    return _inlined(figure, title)


def _strip(axis: Axes, values: Sequence[float], height: int, color: str) -> None:
    finite = np.array([value for value in values if math.isfinite(value)])
    if not finite.size:
        return
    jitter = np.random.default_rng(0).uniform(-0.25, 0.25, finite.size)
    axis.scatter(finite, height + jitter, s=8, color=color, alpha=0.6, linewidths=0)
    low, middle, high = np.quantile(finite, [0.25, 0.5, 0.75])
    axis.plot([low, high], [height, height], color="black", linewidth=1.5)
    axis.plot([middle], [height], marker="|", color="black", markersize=12)


def _median(profiles: Image) -> Image:
    """Return the median of each column over the rows that have it, NaN where none has."""
    known = np.isfinite(profiles).any(axis=0)
    median = np.full(profiles.shape[1], math.nan)
    median[known] = np.nanmedian(profiles[:, known], axis=0)
    return median


def _inlined(figure: Figure, description: str) -> str:
    """Return a figure as an HTML element that needs no other file."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    encoded = base64.b64encode(stream.getvalue()).decode("ascii")
    return f'<img alt="{description}" src="data:image/png;base64,{encoded}">'
