"""The scanner's noise in a host: its spectrum, measured where tissue is even, and new noise of that spectrum.

Noise and anatomy share an image. Structure coarser than some 2 mm inside a tumour has to go with the anatomy it
belongs to, and the noise of that scale goes with it; `measure_noise` gives what fills the gap, so that the
noise power spectrum stays the host's. `anatomy` draws the line between the two.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import fft

from synthesis.masks import Box, Spacing
from synthesis.realism import noise_residual
from synthesis.volume import Volume

Field = npt.NDArray[np.float32]

TILE_SHAPE = (96, 96, 40)  # of the periodic tiles, in voxels

_ANATOMY_MM = 1.4  # standard deviation of the Gaussian that parts noise from anatomy
_ANATOMY_VOXELS = 0.9  # the same where voxels are too coarse for that: their noise is coarse, too
_STEEPNESS = 4  # n in `anatomy`
_NEGLIGIBLE_TAP = 0.01
_PATCH_MM = 22.0  # edge of the patches in which noise is looked for
_PATCH_VOXELS = (8, 32)  # and its limits
_SLICES = 12  # of the organ's that are looked through
_FEWEST_PATCHES, _MOST_PATCHES = 8, 96
_EVEN_PATCHES = 0.12  # share of the soft-tissue patches, the evenest, that are taken for noise
_TYPICAL_SD_HU = 8.0  # of the residual, where a CT shows no soft tissue to measure it in
_WEIGHT_STEP = 2.0**-12
_BLOCK = 32  # rows of a band matrix that are multiplied at once
_SOFT_TISSUE_HU = (0.0, 250.0)


@dataclass(frozen=True, eq=False)
class Noise:
    """New noise of a host's spectrum and strength, as two periodic tiles, in HU.

    Attributes
    ----------
    fine, coarse : ndarray of float32, shape `TILE_SHAPE`
        What `anatomy` would leave, and what it would take; independent of each other.
    coarse_sd : float
        Standard deviation of the coarse tile.
    residual_sd : float
        Standard deviation of `noise_residual` of the two together.
    """

    fine: Field
    coarse: Field
    coarse_sd: float
    residual_sd: float

    def window(self, tile: Field, shape: Sequence[int], offset: Sequence[int]) -> Field:
        """Cut a piece out of a tile, from an offset on and as often round as it takes."""
        piece = np.empty(shape, dtype=np.float32)
        runs = [_runs(n, start, length) for n, start, length in zip(shape, offset, TILE_SHAPE, strict=True)]
        for (to_i, from_i), (to_j, from_j), (to_k, from_k) in itertools.product(*runs):
            piece[to_i, to_j, to_k] = tile[from_i, from_j, from_k]
        return piece


def blurred(values: Field, spacing_mm: Spacing, *, sigma_mm: float) -> Field:
    """Blur by a Gaussian, cut off at 1.8 standard deviations; at the border by what of it lies within."""
    return _filtered(values, [_gaussian(sigma_mm / s) for s in spacing_mm])


def anatomy(hu: Field, spacing_mm: Spacing, *, coarser: float = 1.0) -> Field:
    """Return an image without its fine structure, which is the scanner's noise.

    A low-pass filter with a flat top: along each axis ``1 - (1 - g)^n`` with g a Gaussian, so that what is left
    out falls off with the 2 n-th power of the frequency. `coarser` widens the Gaussian, so that less is left.
    """
    return _filtered(hu, _kernels(spacing_mm, coarser))


def _filtered(values: Field, kernels: Sequence[npt.NDArray[np.float64]]) -> Field:
    """Correlate with a symmetric kernel along each of the three axes.

    As products of matrices, which take a third of the time that filters do. No sum of whole numbers is rounded
    here, as those have 12 bits and the weights 12 an axis: the result is the same on any processor.
    """
    first = values.astype(np.float64, order="C")  # as `_multiply` writes through other shapes of it
    second = np.empty_like(first)
    for axis, taps in enumerate(kernels):
        _multiply(first, _weights(values.shape[axis], taps), taps.size // 2, axis, out=second)
        first, second = second, first
    return first.astype(np.float32)


def _multiply(
    values: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
    reach: int,
    axis: int,
    *,
    out: npt.NDArray[np.float64],
) -> None:
    """Multiply along an axis by a band matrix of so many diagonals to either side, in blocks along the band."""
    length = len(weights)
    for start in range(0, length, _BLOCK):
        rows = slice(start, min(start + _BLOCK, length))
        near = slice(max(start - reach, 0), rows.stop + reach)
        if axis == 2:
            np.matmul(values[..., near], weights[rows, near].T, out=out[..., rows])
        else:
            before, after = (array.reshape(-1, length, math.prod(array.shape[axis + 1 :])) for array in (values, out))
            np.matmul(weights[rows, near], before[:, near], out=after[:, rows])


def _weights(length: int, taps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the matrix of a symmetric kernel, of which as much is taken at the ends as lies within.

    Its elements are multiples of `_WEIGHT_STEP`, and each row's sum is 1.
    """
    half = np.zeros(length)
    reach = min(taps.size // 2 + 1, length)
    half[:reach] = taps[taps.size // 2 :][:reach]
    places = np.arange(length)
    weights = half[np.abs(places[:, np.newaxis] - places)]
    weights /= weights.sum(axis=1, keepdims=True)
    weights = np.rint(weights / _WEIGHT_STEP) * _WEIGHT_STEP
    weights[places, places] += 1 - weights.sum(axis=1)
    return np.asarray(weights)


def measure_noise(ct: Volume, box: Box) -> Noise:
    """Measure the spectrum of the noise in the soft tissue of a box's slices, and make noise of it.

    In plane, the power is averaged over directions and over the evenest patches (those with the least
    variance); through plane, the correlation of neighbouring slices gives the width of a Gaussian profile.
    """
    frequencies = [fft.fftfreq(n) for n in TILE_SHAPE]
    frequencies[2] = fft.rfftfreq(TILE_SHAPE[2])
    i, j, k = np.meshgrid(*frequencies, indexing="ij", sparse=True)
    in_plane = np.hypot(i / ct.spacing_mm[0], j / ct.spacing_mm[1])
    at_per_mm, power, sigma_slices, measured_sd = _spectrum(ct, box)
    amplitude = np.sqrt(np.interp(in_plane, at_per_mm, power)) * np.exp(-2 * (np.pi * sigma_slices * k) ** 2)
    kept = 1 - math.prod(_response(f, taps) for f, taps in zip((i, j, k), _kernels(ct.spacing_mm), strict=True))
    first, second = _white_spectra()
    fine = fft.irfftn(first * (amplitude * kept).astype(np.float32), s=TILE_SHAPE)
    coarse = fft.irfftn(second * (amplitude * np.sqrt(np.clip(1 - kept**2, 0, 1))).astype(np.float32), s=TILE_SHAPE)
    scale = np.float32(measured_sd / np.hypot(noise_residual(fine).std(), noise_residual(coarse).std()))
    return Noise(fine * scale, coarse * scale, float(coarse.std() * scale), measured_sd)


def _runs(count: int, start: int, length: int) -> list[tuple[slice, slice]]:
    """Cut `count` steps along a period into runs that do not wrap: where they go, and where they come from."""
    runs, done = [], 0
    while done < count:
        first = (start + done) % length
        size = min(length - first, count - done)
        runs.append((slice(done, done + size), slice(first, first + size)))
        done += size
    return runs


@cache
def _gaussian(sigma: float) -> npt.NDArray[np.float64]:
    """Return the taps of a Gaussian whose standard deviation is given in voxels."""
    radius = int(np.ceil(1.8 * sigma)) if sigma > 0.2 else 0
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / max(sigma, 0.2)) ** 2)
    return np.asarray(taps / taps.sum())


def _kernels(spacing_mm: Spacing, coarser: float = 1.0) -> list[npt.NDArray[np.float64]]:
    """Return the kernels of `anatomy` along the three axes."""
    sigma_mm = coarser * max(_ANATOMY_MM, _ANATOMY_VOXELS * min(spacing_mm))
    return [_flat_top(_gaussian(sigma_mm / s)) for s in spacing_mm]


def _flat_top(gaussian: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return ``1 - (1 - g)^n`` of a kernel g, powers meaning repeated use; without its negligible tails."""
    rest = -gaussian
    rest[gaussian.size // 2] += 1
    left_out = functools.reduce(np.convolve, [rest] * _STEEPNESS)
    taps = -left_out
    taps[taps.size // 2] += 1
    tail = int(np.argmax(np.abs(taps) > _NEGLIGIBLE_TAP))
    taps = taps[tail : taps.size - tail]
    return np.asarray(taps / taps.sum())


def _response(frequency: npt.NDArray[np.float64], taps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what a symmetric kernel does to a frequency, in cycles a voxel."""
    places = np.arange(taps.size) - taps.size // 2
    return np.asarray((np.cos(2 * np.pi * frequency[..., np.newaxis] * places) * taps).sum(axis=-1))


@cache
def _white_spectra() -> tuple[npt.NDArray[np.complex64], npt.NDArray[np.complex64]]:
    """Return the transforms of two fixed tiles of white noise."""
    rng = np.random.default_rng(20260101)
    first, second = (fft.rfftn(rng.standard_normal(TILE_SHAPE, dtype=np.float32)) for _ in range(2))
    return first, second


def _spectrum(ct: Volume, box: Box) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], float, float]:
    """Return frequencies in 1/mm, the noise's power there, its width in slices, and its residual's SD in HU."""
    pitch_mm = float(np.mean(ct.spacing_mm[:2]))
    largest = int(np.clip(_PATCH_MM / pitch_mm, *_PATCH_VOXELS)) // 2 * 2
    for edge in sorted({largest, 12, 8}, reverse=True):
        patches, above = _even_patches(ct, box, edge)
        if edge <= largest and len(patches) >= _FEWEST_PATCHES:
            break
    else:
        return np.array([0.0]), np.array([1.0]), 0.0, _TYPICAL_SD_HU
    hann = np.hanning(edge + 1)[:-1]
    power = np.mean(np.abs(fft.rfft2(patches * np.outer(hann, hann))) ** 2, axis=0)
    radius = np.hypot(fft.fftfreq(edge)[:, None], fft.rfftfreq(edge))
    bins = np.rint(radius * edge).astype(int).ravel()
    radial = np.bincount(bins, power.ravel()) / np.bincount(bins)
    radial[0] = radial[1]  # the mean was taken off
    first, second = (noise_residual(np.moveaxis(part, 0, -1)).ravel() for part in (patches, above))
    shared = float(np.clip(float(np.mean(first * second)) / max(float(np.mean(first**2)), 1e-6), 0.001, 0.9))
    sigma_slices = float(np.sqrt(-1 / (4 * np.log(shared))))
    return np.arange(radial.size) / (edge * pitch_mm), radial, sigma_slices, float(first.std())


def _even_patches(ct: Volume, box: Box, edge: int) -> tuple[Field, Field]:
    """Return the evenest soft-tissue patches in a box's slices, less their mean, and those one slice above."""
    last = max(min(box[2].stop, ct.shape[2] - 1) - 1, 0)
    levels = np.unique(np.linspace(min(box[2].start, last), last, _SLICES).round().astype(int))
    both = np.stack([ct.hu[:, :, levels], ct.hu[:, :, np.minimum(levels + 1, ct.shape[2] - 1)]])
    columns, rows = (n // edge for n in both.shape[1:3])
    cut = both[:, : columns * edge, : rows * edge].astype(np.float32)
    patches = (
        cut.reshape(2, columns, edge, rows, edge, levels.size)
        .transpose(0, 1, 3, 5, 2, 4)
        .reshape(2, columns * rows * levels.size, edge, edge)
    )
    mean, variance = patches.mean(axis=(2, 3)), patches.var(axis=(2, 3))
    low, high = _SOFT_TISSUE_HU
    soft = np.flatnonzero((mean > low).all(axis=0) & (mean < high).all(axis=0) & (variance[0] > 0))
    count = min(max(int(_EVEN_PATCHES * soft.size), _FEWEST_PATCHES), _MOST_PATCHES)
    chosen = soft[np.argsort(variance[0, soft], kind="stable")[:count]]
    first, above = patches[:, chosen] - mean[:, chosen, np.newaxis, np.newaxis]
    return first, above
