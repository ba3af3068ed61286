"""Pictures of a tumour: before, after, and its mask's outline, in three planes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synthesis.masks import Box, Mask, bounding_box, longest_diameter_mm
from synthesis.organs import organ
from synthesis.tumor import SyntheticTumor
from synthesis.volume import Volume

_PLANES = (("axial", 2), ("coronal", 1), ("sagittal", 0))  # with the axis of the array across them
_SURROUNDINGS_MM = 30.0
_SOFT_TISSUE_WINDOW = (60.0, 350.0)
_OUTLINE = "#ffb000"
_DPI = 100


def save_preview(path: Path, before: Volume, tumor: SyntheticTumor) -> None:
    """Draw the three planes through a tumour's middle as PNG: without it, with it, and with its outline."""
    mask = tumor.full_mask(before.shape)
    after = tumor.apply_to(before)
    box = _around(mask, before)
    figure = Figure(figsize=(9.0, 9.4), dpi=_DPI, layout="constrained", facecolor="black")
    axes = figure.subplots(3, 3)
    for row, (plane, across) in zip(axes, _PLANES, strict=True):
        for axis, (volume, name) in zip(row, ((before, "before"), (after, "after"), (after, "outline")), strict=True):
            outlined = mask if name == "outline" else None
            _show(axis, volume, _middle(mask, across), across, box, tumor.recipe.organ, outlined)
            axis.set_title(f"{plane}, {name}", color="white", fontsize=9)
    figure.savefig(path)


def save_contact_sheet(path: Path, host: Volume, ages: Sequence[SyntheticTumor], captions: Sequence[str]) -> None:
    """Draw one tumour at its ages side by side as PNG: outlined on top, then in three planes.

    All pictures lie in the planes through the oldest's middle.
    """
    oldest = ages[-1].full_mask(host.shape)
    box = _around(oldest, host)
    rows = (_PLANES[0], *_PLANES)
    figure = Figure(figsize=(2.6 * len(ages), 2.6 * len(rows)), dpi=_DPI, layout="constrained", facecolor="black")
    axes = figure.subplots(len(rows), len(ages), squeeze=False)
    for column, tumor, caption in zip(axes.T, ages, captions, strict=True):
        after, mask = tumor.apply_to(host), tumor.full_mask(host.shape)
        column[0].set_title(caption, color="white", fontsize=9)
        for axis, (_, across) in zip(column, rows, strict=True):
            outlined = mask if axis is column[0] else None
            _show(axis, after, _middle(oldest, across), across, box, tumor.recipe.organ, outlined)
    figure.savefig(path)


def show_axial(axis: Axes, volume: Volume, mask: Mask, organ_name: str | None, *, outlined: bool) -> None:
    """Draw the axial slice in which a tumour is largest, in the organ's window where the organ is known."""
    _show(axis, volume, _middle(mask, 2), 2, _around(mask, volume), organ_name, mask if outlined else None)


def _around(mask: Mask, volume: Volume) -> Box:
    """Return a box of one size in mm along every axis, as far as the volume goes."""
    tight = bounding_box(mask)
    half_mm = longest_diameter_mm(mask, volume.spacing_mm) / 2 + _SURROUNDINGS_MM
    i, j, k = (
        slice(
            max(round((axis.start + axis.stop) / 2 - half_mm / s), 0),
            min(round((axis.start + axis.stop) / 2 + half_mm / s) + 1, length),
        )
        for axis, s, length in zip(tight, volume.spacing_mm, volume.shape, strict=True)
    )
    return i, j, k


def _middle(mask: Mask, across: int) -> int:
    """Return the slice across an axis in which a mask is largest."""
    return int(np.argmax(mask.sum(axis=tuple(axis for axis in range(3) if axis != across))))


def _show(
    axis: Axes, volume: Volume, middle: int, across: int, box: Box, organ_name: str | None, outlined: Mask | None
) -> None:
    """Draw one plane as radiologists look at it: the patient's right on the left, the front or head on top."""
    center, width = organ(organ_name).window if organ_name is not None else _SOFT_TISSUE_WINDOW
    place = tuple(middle if other == across else box[other] for other in range(3))
    first, second = (volume.spacing_mm[other] for other in range(3) if other != across)
    # Arrays are RAS+: in the plane the first axis runs to the patient's right, or to the front, and belongs on
    # the picture's left; the second runs up.
    mirrored = (slice(None), slice(None, None, -1))
    axis.imshow(
        volume.hu[place].T[mirrored],
        cmap="gray",
        vmin=center - width / 2,
        vmax=center + width / 2,
        origin="lower",
        aspect=second / first,
        interpolation="bilinear",
    )
    if outlined is not None:
        axis.contour(outlined[place].T[mirrored].astype(float), levels=[0.5], colors=_OUTLINE, linewidths=0.8)
    axis.set_axis_off()
