"""Where a sampled tumour lies: its mask and its share of each voxel, from a star-shaped body."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthesis.blending import one_piece, soft_edge
from synthesis.host import Host
from synthesis.masks import Box, Mask, sphere_volume_mm3
from synthesis.methods.lattice import Field, Lattice
from synthesis.methods.star_shape import StarShape

_MARGIN_MM = 5.0  # beyond the surface: as far as its soft border reaches
_STEP_MM = 1.5  # of the lattice on which the body is worked out
_DEEPEST = 8.0


class Body(NamedTuple):
    """A tumour's place in a box of the host.

    Attributes
    ----------
    box : Box
    mask : ndarray of bool
        Its voxels.
    share : ndarray of float32
        Its soft share of each voxel.
    habitat : ndarray of bool
        Where it may change the host.
    """

    box: Box
    mask: Mask
    share: Field
    habitat: Mask


def make_body(
    host: Host, shape: StarShape, *, center: Sequence[float], diameter_mm: float, edge_sigma_mm: float
) -> Body:
    """Work out a body in the organ; it has as many voxels as the diameter's ball, before the organ's border cuts it.

    A voxel's own extent, ``spacing² / 12`` an axis, adds to the edge's variance.
    """
    spacing_mm = host.ct.spacing_mm
    box = _box(host, shape, center, diameter_mm)
    lattice = Lattice.over(box, spacing_mm, step_mm=_STEP_MM)
    reach = shape.reach(lattice.offsets_mm(center) / np.float32(diameter_mm / 2))
    gradient = np.array(np.gradient(reach, *lattice.step_mm))
    steepness = np.sqrt(np.square(gradient).sum(axis=0)) + np.float32(1e-6)
    sigma = np.sqrt(
        edge_sigma_mm**2 + np.einsum("a,a...->...", np.square(spacing_mm) / 12, (gradient / steepness) ** 2)
    )
    depth = lattice.spread(np.clip((1 - reach) / (steepness * sigma), -_DEEPEST, _DEEPEST).astype(np.float32))
    depth -= np.float32(_surface(depth, sphere_volume_mm3(diameter_mm) / math.prod(spacing_mm)))
    mask, habitat = one_piece(depth, host.organ_mask[box])
    return Body(box, mask, soft_edge(depth), habitat)


def _box(host: Host, shape: StarShape, center: Sequence[float], diameter_mm: float) -> Box:
    slices = []
    for middle, extent, s, length in zip(center, shape.extents, host.ct.spacing_mm, host.ct.shape, strict=True):
        margin = (extent * diameter_mm / 2 + _MARGIN_MM) / s + 1
        slices.append(slice(max(math.floor(middle - margin), 0), min(math.ceil(middle + margin) + 1, length)))
    return slices[0], slices[1], slices[2]


def _surface(depth: Field, n_voxels: float) -> float:
    """Return the depth above which a body has the asked number of voxels, one at the least."""
    last = max(depth.size - max(round(n_voxels), 1), 1)
    return float(np.partition(depth, (last - 1, last), axis=None)[[last - 1, last]].mean())
