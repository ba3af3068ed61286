"""How much of its samples' texture a finished model keeps; the end of the last stage.

In the middle of a tumour, a CT shows its texture and the scanner's noise; a sample shows both, in part, and what the
decoder errs by. Where a sample is put, the host's noise stays, with the organ's fine grain; so what the tumours vary by
beyond the organ around them is what samples shall vary by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthesis.methods.latent_diffusion.evaluation import compare
from synthesis.methods.latent_diffusion.model import Model
from synthesis.methods.latent_diffusion.texture import texture_variance, tissue_variance
from synthesis.methods.latent_diffusion.training.cases import TrainingCase

LIMITS = (0.2, 2.0)  # of the gain: a sample keeps some texture, however even tumours are
_FEWEST_SAMPLES = 32


class Calibration(NamedTuple):
    """By what samples' texture is to be scaled, and what that follows from.

    Attributes
    ----------
    gain : float
    tumors_hu, samples_hu : float
        Standard deviation within tumours beyond that of the organ around, and within samples: roots of the median
        variances, as a few tumours with a dark middle would sway the mean.
    """

    gain: float
    tumors_hu: float
    samples_hu: float


def calibrate(model: Model, cases: Sequence[TrainingCase], *, seed: int) -> Calibration | None:
    """Compare samples in the place of the training's own tumours with these; None where all are too small."""
    voxel_mm = model.config.voxel_mm
    beyond: list[float] = []
    sampled: list[float] = []
    count = math.ceil(_FEWEST_SAMPLES / len(cases))
    for number, case in enumerate(cases):
        found = compare(model, case, samples=count, seed=seed + 1000 * number)
        own, *made = (texture_variance(hu, found.mask, voxel_mm=voxel_mm) for hu in (found.hu, *found.samples))
        tissue = tissue_variance(case.hu, case.tumor, case.organ_mask, voxel_mm=voxel_mm)
        if own is not None and tissue is not None:
            beyond.append(own - tissue)
            sampled += [variance for variance in made if variance is not None]
    if not sampled:
        return None
    tumors_hu, samples_hu = math.sqrt(max(float(np.median(beyond)), 0.0)), math.sqrt(float(np.median(sampled)))
    gain = float(np.clip(tumors_hu / max(samples_hu, 1e-6), *LIMITS))
    return Calibration(round(gain, 3), tumors_hu, samples_hu)
