"""A tumour's outline: a star-shaped body whose radius is a smooth function of direction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from synthesis.methods.lattice import Field

Vector = tuple[float, float, float]

LEAST_RATIO, LARGEST_RATIO = 1.2, 2.0  # of the longest to the shortest axis, as in real lesions

_LOBES = 8


@dataclass(frozen=True)
class StarShape:
    """An ellipsoid with lobes, of no particular size.

    Attributes
    ----------
    semi_axes : vector
        The ellipsoid's, relative to each other.
    rotation : (x, y, z, w)
        Unit quaternion that turns directions in the volume to the ellipsoid's axes.
    lobe_waves, lobe_phases, lobe_amplitudes
        The radius in direction u is multiplied by ``exp(sum of amplitude * cos(wave . u + phase))``.
    """

    semi_axes: Vector
    rotation: tuple[float, float, float, float]
    lobe_waves: tuple[Vector, ...]
    lobe_phases: tuple[float, ...]
    lobe_amplitudes: tuple[float, ...]

    def reach(self, offsets: Field) -> Field:
        """Return the distance from the centre over the body's radius in that direction: 1 on its surface.

        Parameters
        ----------
        offsets : ndarray, shape (3, ...)
            Places relative to the centre, in units of the radius of the ball of equal volume.
        """
        return np.asarray(self._raw_reach(offsets) * np.float32(self._scale), dtype=np.float32)

    @property
    def axis_ratio(self) -> float:
        """Longest over shortest principal axis, by the second moments of the body about its centre.

        With r the radius in direction u, the moments are the means over the sphere of ``r^3``,
        ``r^4 u`` and ``r^5 u u'``, divided by 3, 4 and 5.
        """
        directions = spread_directions().astype(np.float64)
        radius = 1 / self._spread_reach.astype(np.float64)
        volume = np.mean(radius**3) / 3
        centroid = np.mean(radius**4 * directions, axis=1) / 4 / volume
        moments = (radius**5 * directions) @ directions.T / directions.shape[1] / 5 / volume
        shortest, _, longest = np.linalg.eigvalsh(moments - np.outer(centroid, centroid))
        return math.sqrt(longest / shortest)

    @property
    def extents(self) -> Vector:
        """How far the body reaches along the volume's axes to either side, in radii of the ball of equal volume."""
        reach = self._spread_reach * np.float32(self._scale)
        i, j, k = (np.abs(spread_directions()) / reach).max(axis=1).tolist()
        return i, j, k

    @cached_property
    def _scale(self) -> float:
        """Radius of the ball of equal volume."""
        return float(np.cbrt(np.mean(self._spread_reach.astype(np.float64) ** -3)))

    @cached_property
    def _spread_reach(self) -> Field:
        """The raw reach of `spread_directions`."""
        return self._raw_reach(spread_directions())

    @cached_property
    def _turn(self) -> Field:
        """Matrix that turns directions in the volume to the ellipsoid's axes, and shrinks each by its semi-axis."""
        turn = Rotation.from_quat(self.rotation).as_matrix().astype(np.float32)
        turn /= np.array(self.semi_axes, dtype=np.float32)[:, np.newaxis]
        return np.asarray(turn)

    def _raw_reach(self, offsets: Field) -> Field:
        ellipsoid = _norm(np.einsum("ab,b...->a...", self._turn, offsets))
        directions = offsets / np.maximum(_norm(offsets), np.float32(1e-6))
        exponent = np.zeros_like(ellipsoid)
        for wave, phase, amplitude in zip(self.lobe_waves, self.lobe_phases, self.lobe_amplitudes, strict=True):
            angle = np.einsum("a,a...->...", np.array(wave, dtype=np.float32), directions)
            exponent += np.float32(amplitude) * np.cos(angle + np.float32(phase))
        return np.asarray(ellipsoid / np.exp(exponent), dtype=np.float32)


def _norm(vectors: Field) -> Field:
    """Return the lengths of vectors of shape (3, ...)."""
    return np.asarray(np.sqrt(np.einsum("a...,a...->...", vectors, vectors)))


def sample_star_shape(rng: np.random.Generator) -> StarShape:
    """Draw a shape whose longest axis is 1.2 to 2.0 times its shortest, with a median near 1.44."""
    while True:
        longest = 1.1 + rng.beta(1.5, 3.0)
        turns = rng.standard_normal(4)
        x, y, z, w = (turns / np.linalg.norm(turns)).tolist()
        waves = unit_vectors(rng, _LOBES) * rng.uniform(2, 6, (_LOBES, 1))
        ruggedness = rng.uniform(0.05, 0.14)  # standard deviation of the logarithm of the radius
        amplitudes = rng.dirichlet(np.full(_LOBES, 3.0))
        amplitudes *= ruggedness * math.sqrt(2) / np.linalg.norm(amplitudes)
        shape = StarShape(
            semi_axes=(1.0, float(rng.uniform(1.0, longest)), float(longest)),
            rotation=(x, y, z, w),
            lobe_waves=tuple((a, b, c) for a, b, c in waves.tolist()),
            lobe_phases=tuple(rng.uniform(0, 2 * math.pi, _LOBES).tolist()),
            lobe_amplitudes=tuple(amplitudes.tolist()),
        )
        if LEAST_RATIO <= shape.axis_ratio <= LARGEST_RATIO:
            return shape


def unit_vectors(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """Draw unit vectors, uniform on the sphere; shape (count, 3)."""
    vectors = rng.standard_normal((count, 3))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@cache
def spread_directions() -> Field:
    """Return 600 unit vectors spread evenly on the sphere (a Fibonacci lattice); shape (3, 600)."""
    index = np.arange(600) + 0.5
    z = 1 - 2 * index / 600
    turn = math.pi * (1 + math.sqrt(5)) * index
    radius = np.sqrt(1 - z**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), z]).astype(np.float32)
