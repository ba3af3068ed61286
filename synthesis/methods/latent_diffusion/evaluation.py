"""How a model's samples compare with tumours that it was not trained on.

Each held-out tumour is erased from its CT, and samples are drawn in its place with its mask, on the networks' grid. The
real tumour and the samples are compared as the decoder shows them; what the decoder can't show of the real one is the
reconstruction error. Everything is measured within the mask.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy import linalg, stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from synthesis.errors import UnusableInput
from synthesis.masks import Box, Mask, bounding_box
from synthesis.methods.latent_diffusion.conditioning import changed_cells, erased, mask_channels, to_hu, to_unit
from synthesis.methods.latent_diffusion.devices import enough_memory, few_threads, same_bits
from synthesis.methods.latent_diffusion.model import Model
from synthesis.methods.latent_diffusion.region import Field
from synthesis.methods.latent_diffusion.sampler import draw_noise, sample_latents
from synthesis.methods.latent_diffusion.training.cases import TrainingCase
from synthesis.methods.latent_diffusion.training.patches import turned

LAGS_MM = (2.0, 4.0, 6.0)
FEATURES = (
    "contrast_hu",
    "sd_hu",
    "skew",
    "low_hu",
    "high_hu",
    *(f"autocorrelation_{lag:g}_mm" for lag in LAGS_MM),
)
FEWEST = 5  # tumours, below which no classifier is trained
_FOLDS = 5
_COPY_VOXELS = 8  # edge of the cubes in which samples and training tumours are compared
_FEWEST_PAIRS = 12


class NothingToCompare(UnusableInput):
    """A manifest has no tumour to compare a model's samples with."""


@dataclass(frozen=True, eq=False)
class Compared:
    """A held-out tumour beside a model's samples in its place.

    Attributes
    ----------
    name : str
    hu, real : ndarray of float32
        The CT's patch, and as the decoder shows it.
    samples : list of ndarray
        As the decoder shows them.
    mask : ndarray of bool
    level_hu : float
        Of the organ around.
    called_share : list of float
        Of each sample's mask, what the filter calls tumour.
    """

    name: str
    hu: Field
    real: Field
    samples: list[Field]
    mask: Mask
    level_hu: float
    called_share: list[float]


class Evaluation(NamedTuple):
    """The figures of an evaluation.

    Attributes
    ----------
    figures : dict
        One number each, by name.
    real, synthetic : ndarray, shape (n, len(FEATURES))
        The features of each tumour; NaN where it is too small.
    compared : list of Compared
        For pictures.
    """

    figures: dict[str, float]
    real: npt.NDArray[np.float64]
    synthetic: npt.NDArray[np.float64]
    compared: list[Compared]


def evaluate(
    model: Model,
    held_out: Sequence[TrainingCase],
    training: Sequence[TrainingCase],
    *,
    samples: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Compare a model's samples with held-out tumours, and, for copies, with those of its training.

    Parameters
    ----------
    samples : int
        In the place of each held-out tumour.

    Raises
    ------
    NothingToCompare
        If no case has a tumour.
    """
    with_tumor = [case for case in held_out if case.tumor.any()]
    if not with_tumor:
        raise NothingToCompare("The manifest names no tumour to compare samples with; add cases with a tumour mask.")
    compared = []
    for number, case in enumerate(with_tumor):
        compared.append(compare(model, case, samples=samples, seed=seed + 1000 * number))
        if progress:
            progress(number + 1, len(with_tumor))
    voxel_mm = model.config.voxel_mm
    real = np.array([features(one.real, one.mask, one.level_hu, voxel_mm) for one in compared])
    drawn = [(one, image) for one in compared for image in one.samples]
    synthetic = np.array([features(image, one.mask, one.level_hu, voxel_mm) for one, image in drawn])
    figures = {
        "reconstruction_error_hu": float(np.mean([np.abs(one.hu - one.real)[one.mask].mean() for one in compared])),
        "accepted_share": float(
            np.mean([s >= model.config.accepted_share for one in compared for s in one.called_share])
        ),
        **_statistics(real, synthetic),
        "feature_distance": frechet_distance(real, synthetic),
        "auc": two_sample_auc(real, synthetic, samples),
        "diversity": diversity(compared),
    }
    if trained := [case for case in training if case.tumor.any()]:
        figures |= copies(compared, trained, model.config.window_hu)
    return Evaluation(figures, real, synthetic, compared)


def compare(model: Model, case: TrainingCase, *, samples: int, seed: int) -> Compared:
    """Sample tumours in the place of a case's own."""
    config = model.config
    part = _region(model, case)
    hu, mask = case.hu[part].astype(np.float32), case.tumor[part]
    without = erased(hu, mask, case.level_hu, voxel_mm=config.voxel_mm)
    both = np.stack([to_unit(image, config.window_hu)[np.newaxis] for image in (hu, without)])
    otherwise = f"a region of {max(mask.shape)}³ voxels; use the processor (--device cpu)."
    with few_threads(), same_bits(), enough_memory(otherwise), torch.inference_mode():
        images = torch.from_numpy(both).to(model.device)
        there = torch.from_numpy(mask[np.newaxis, np.newaxis].astype(np.float32)).to(model.device)
        latents = model.encode(images)
        condition = torch.cat([latents[1:], mask_channels(there, model.factor)], dim=1)
        cells = changed_cells(there, model.factor, voxel_mm=config.voxel_mm)
        decoded, shares = [model.decode(latents[:1])], []
        for number in range(samples):
            noise = draw_noise(tuple(latents[1:].shape), seed + number).to(model.device)
            sampled = sample_latents(model.denoiser, condition, noise, steps=config.steps)
            decoded.append(model.decode(cells * sampled + (1 - cells) * latents[:1]))
            called = model.called_tumor(images[:1] + decoded[-1] - decoded[0])
            shares.append(float(called[mask].mean()))
    real, *made = (to_hu(one.cpu().numpy()[0, 0], config.window_hu) for one in decoded)
    return Compared(case.name, hu, real, made, mask, case.level_hu, shares)


def _region(model: Model, case: TrainingCase) -> Box:
    """Return the part of a case's cube in which a tumour like its own would be sampled, as far as the cube reaches."""
    tight, voxel_mm = bounding_box(case.tumor), model.config.voxel_mm
    whole = case.hu.shape[0] // model.multiple * model.multiple
    parts = []
    for axis, length in zip(tight, model.region_shape([(a.stop - a.start) * voxel_mm / 2 for a in tight]), strict=True):
        size = min(length, whole)
        start = min(max((axis.start + axis.stop - size) // 2, 0), case.hu.shape[0] - size)
        parts.append(slice(start, start + size))
    return parts[0], parts[1], parts[2]


def features(hu: Field, mask: Mask, level_hu: float, voxel_mm: float) -> list[float]:
    """Return a tumour's `FEATURES`: contrast, spread, skew, 10th and 90th percentile, and autocorrelation."""
    values = hu[mask] - level_hu
    low, high = np.quantile(values, [0.1, 0.9])
    skew = float(stats.skew(values)) if values.std() > 0 else 0.0
    correlations = [autocorrelation(hu, mask, max(1, round(lag / voxel_mm))) for lag in LAGS_MM]
    return [-float(values.mean()), float(values.std()), skew, float(low), float(high), *correlations]


def autocorrelation(hu: Field, mask: Mask, lag: int) -> float:
    """Return the correlation of voxels within a mask that lie so many apart, along the three axes together.

    NaN with fewer than 12 pairs, or where nothing varies.
    """
    values = hu - hu[mask].mean()
    products, squares, count = 0.0, 0.0, 0
    for axis in range(3):
        first = tuple(slice(None, -lag) if n == axis else slice(None) for n in range(3))
        second = tuple(slice(lag, None) if n == axis else slice(None) for n in range(3))
        both = mask[first] & mask[second]
        a, b = values[first][both], values[second][both]
        products += float((a * b).sum())
        squares += float(((a * a).sum() + (b * b).sum()) / 2)
        count += int(both.sum())
    return products / squares if count >= _FEWEST_PAIRS and squares > 0 else math.nan


def frechet_distance(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    """Return the Fréchet distance of two sets of features, as normal distributions, in units of the first's spread.

    ``|m1 - m2|² + trace(C1 + C2 - 2 (C1 C2)^(1/2))``, its root; 0 for the same distributions. NaN where either set has
    fewer than two tumours whose features are all known.
    """
    whole = [values[np.isfinite(values).all(axis=1)] for values in (first, second)]
    if min(map(len, whole)) < 2:
        return math.nan
    scale = whole[0].std(axis=0) + 1e-9
    one, two = (values / scale for values in whole)
    c1, c2 = (np.cov(values.T) + 1e-9 * np.eye(values.shape[1]) for values in (one, two))
    root = np.real(linalg.sqrtm(c1 @ c2))
    squared = np.square(one.mean(axis=0) - two.mean(axis=0)).sum() + np.trace(c1 + c2 - 2 * root)
    return float(np.sqrt(max(squared, 0.0)))


def two_sample_auc(real: npt.NDArray[np.float64], synthetic: npt.NDArray[np.float64], samples: int) -> float:
    """Return how well a classifier tells samples from real tumours by their features: 0.5 is not at all.

    Logistic regression on standardised features, cross-validated so that a tumour and the samples in its place are
    never on both sides. NaN with fewer than five tumours.
    """
    if len(real) < FEWEST:
        return math.nan
    figures = np.concatenate([real, synthetic])
    medians = np.nan_to_num(np.nanmedian(np.where(np.isfinite(figures), figures, np.nan), axis=0))
    figures = np.where(np.isfinite(figures), figures, medians)
    groups = np.concatenate([np.arange(len(real)), np.repeat(np.arange(len(real)), samples)])
    is_real = np.arange(len(figures)) < len(real)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    scores = cross_val_predict(
        classifier, figures, is_real, groups=groups, cv=GroupKFold(min(_FOLDS, len(real))), method="decision_function"
    )
    return float(roc_auc_score(is_real, scores))


def diversity(compared: Sequence[Compared]) -> float:
    """Return how much samples in the same place differ from each other, over how much they vary inside.

    The mean over pairs of the root mean square difference, less what their means differ by, over ``sqrt(2)`` times the
    samples' own standard deviation: 1 for independent samples, 0 for the same one. NaN with one sample a place.
    """
    ratios = []
    for one in compared:
        inside = np.array([image[one.mask] for image in one.samples], dtype=np.float64)
        if len(inside) < 2 or inside.shape[1] < _FEWEST_PAIRS:
            continue
        inside -= inside.mean(axis=1, keepdims=True)
        pairs = [np.square(a - b).mean() for number, a in enumerate(inside) for b in inside[:number]]
        ratios.append(math.sqrt(np.mean(pairs) / max(2 * inside.var(axis=1).mean(), 1e-9)))
    return float(np.mean(ratios)) if ratios else math.nan


def copies(
    compared: Sequence[Compared], training: Sequence[TrainingCase], window_hu: tuple[float, float]
) -> dict[str, float]:
    """Look whether samples lie nearer to a training tumour than real held-out ones do.

    Tumours are compared in a cube round their middle, by the correlation of what is left without the mean; those of the
    training turned and mirrored in every way that its patches are.

    Returns
    -------
    dict
        ``copy_nearest_real`` and ``copy_nearest_synthetic``, mean correlation with the most similar training tumour;
        and ``copy_share``, how many samples lie nearer than 95 % of the real ones: 0.05 where nothing is copied.
    """
    known = [
        cube
        for case in training
        for turns, *flips in itertools.product(range(4), (False, True), (False, True))
        if (cube := _cube(turned(case.hu, turns, flips), turned(case.tumor, turns, flips), window_hu)) is not None
    ]
    real = [cube for one in compared if (cube := _cube(one.real, one.mask, window_hu)) is not None]
    made = [c for one in compared for image in one.samples if (c := _cube(image, one.mask, window_hu)) is not None]
    if not (known and real and made):
        return {}
    nearest_real, nearest_made = ((np.array(cubes) @ np.array(known).T).max(axis=1) for cubes in (real, made))
    return {
        "copy_nearest_real": float(nearest_real.mean()),
        "copy_nearest_synthetic": float(nearest_made.mean()),
        "copy_share": float((nearest_made > np.quantile(nearest_real, 0.95)).mean()),
    }


def _cube(hu: npt.NDArray[Any], mask: Mask, window_hu: tuple[float, float]) -> npt.NDArray[np.float64] | None:
    """Return the cube round a mask's middle, of mean 0 and length 1; None where it leaves the patch or is even."""
    half = _COPY_VOXELS // 2
    middle = [(axis.start + axis.stop) // 2 for axis in bounding_box(mask)]
    if min(middle) < half or max(m - n for m, n in zip(middle, hu.shape, strict=True)) > -half:
        return None
    part = tuple(slice(m - half, m + half) for m in middle)
    values = to_unit(hu[part].astype(np.float32), window_hu).astype(np.float64).ravel()
    values -= values.mean()
    length = float(np.linalg.norm(values))
    return values / length if length > 0 else None


def _statistics(real: npt.NDArray[np.float64], synthetic: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return the mean over tumours of each feature, real and synthetic, and how far their contrasts spread."""
    means = {
        f"{name}_{label}": float(np.nanmean(values[:, column])) if np.isfinite(values[:, column]).any() else math.nan
        for column, name in enumerate(FEATURES)
        for label, values in (("real", real), ("synthetic", synthetic))
    }
    spreads = {
        f"contrast_spread_hu_{label}": float(v[:, 0].std()) for label, v in (("real", real), ("synthetic", synthetic))
    }
    return means | spreads
