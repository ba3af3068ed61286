"""What a CT scanner makes of an anatomy: point spread, noise, and the limits of its field of view."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from synthesis.phantom.geometry import Field, stream
from synthesis.phantom.parameters import PatientParameters

AIR_HU = -1000
LOWEST_HU, HIGHEST_HU = -1024, 3071


def scan(hu: Field, patient: PatientParameters) -> npt.NDArray[np.int16]:
    """Image an anatomy.

    Parameters
    ----------
    hu : float32 array [i, j, k]
        The anatomy before imaging; overwritten.

    Returns
    -------
    int16 array [i, j, k]
        HU after point spread and noise, clipped to the range that scanners store.
    """
    in_plane = patient.blur_mm / patient.pixel_mm
    # A box of the slice's width has the variance of a Gaussian with sigma = width / √12.
    through_plane = patient.overlap / np.sqrt(12)
    for axis, sigma in enumerate((in_plane, in_plane, through_plane)):
        ndimage.gaussian_filter1d(hu, sigma, axis=axis, output=hu, mode="nearest", truncate=3)
    hu += _noise(patient)
    np.clip(hu, LOWEST_HU, HIGHEST_HU, out=hu)
    if patient.fov_circle:
        across, down = (np.linspace(-1, 1, n) for n in patient.shape[:2])
        hu[np.hypot(across[:, None], down[None, :]) > 1] = AIR_HU
    return np.rint(hu).astype(np.int16)


def _noise(patient: PatientParameters) -> Field:
    """Quantum noise in HU.

    In plane the power is ``f exp(−f² / 2 p²)``, the reconstruction filter's ramp with a roll-off, greatest at
    ``f = p``, `noise_peak_per_mm`. Neighbouring slices share what their profiles overlap. Noise is strongest
    where rays cross the most tissue, in the middle, and grows towards shoulders and hips.
    """
    rng = stream(patient.seed, "noise")
    columns, rows, slices = patient.shape
    frequency = np.hypot(
        np.fft.fftfreq(columns, patient.pixel_mm)[:, None], np.fft.rfftfreq(rows, patient.pixel_mm)[None, :]
    )
    power = frequency * np.exp(-(frequency**2) / (2 * patient.noise_peak_per_mm**2))
    amplitude = np.sqrt(power).astype(np.float32)
    noise = np.empty((columns, rows, slices), dtype=np.float32)
    for k in range(slices):
        white = rng.standard_normal((columns, rows), dtype=np.float32)
        noise[:, :, k] = fft.irfft2(fft.rfft2(white) * amplitude, s=(columns, rows))
    overlap = np.clip((patient.overlap - 1) / 2, 0, 0.5)
    ndimage.convolve1d(noise, (overlap, 1.0, overlap), axis=2, output=noise, mode="reflect")
    noise *= patient.noise_hu / noise.std()
    radius = np.hypot(np.linspace(-1, 1, columns)[:, None], np.linspace(-1, 1, rows)[None, :])
    noise *= (1.25 - 0.5 * np.clip(radius, 0, 1) ** 2).astype(np.float32)[:, :, None]
    noise *= np.linspace(1.08, 0.94, slices, dtype=np.float32)
    return noise
