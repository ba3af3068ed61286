"""Sampling a tumour from a trained model, judging it, and putting it into its host."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch

from synthesis.blending import sample_edge_sigma_mm, sample_noise_offset
from synthesis.errors import UnusableInput
from synthesis.host import Host
from synthesis.masks import Mask, bounding_box
from synthesis.methods.latent_diffusion import VERSION
from synthesis.methods.latent_diffusion.body import Body, make_body
from synthesis.methods.latent_diffusion.conditioning import (
    changed_cells,
    erased,
    mask_channels,
    tissue_level_hu,
    to_hu,
    to_unit,
)
from synthesis.methods.latent_diffusion.devices import enough_memory, few_threads, same_bits
from synthesis.methods.latent_diffusion.library import Stored, UnusableModel, find
from synthesis.methods.latent_diffusion.model import Model, load
from synthesis.methods.latent_diffusion.region import Field, Region
from synthesis.methods.latent_diffusion.sampler import draw_noise, sample_latents, steps_for
from synthesis.methods.latent_diffusion.texture import with_texture
from synthesis.methods.star_shape import StarShape, Vector, sample_star_shape
from synthesis.placement import place
from synthesis.recipe import InvalidRecipe, Recipe
from synthesis.replacement import cleared, replace_tissue
from synthesis.tumor import SyntheticTumor

MOST_TRIES = 10

_LARGEST_VOXELS = 128  # of a region's edge: about 1 GB of memory
_LEAST_SHARE = 0.3  # of the lesion in a voxel, by which a sample's difference is divided


class AllRejected(UnusableInput):
    """A model's filter takes none of its samples."""


class TooLarge(UnusableInput):
    """A tumour is larger than what is sampled at once."""


@dataclass(frozen=True)
class Tumor:
    """Every number of one tumour.

    Attributes
    ----------
    model, model_sha256 : str
        The trained model, by name and hash.
    device : str
        That the sample was drawn on, which alone gives the same bits.
    diameter_mm : float
    center_voxel, center_shift : (i, j, k)
        The host's voxel that holds the centre, and from its middle to the centre, in voxels.
    shape : StarShape
    edge_sigma_mm : float
        Width of the soft border within which the host's anatomy ends.
    steps : int
        Of the sampler.
    noise_seed : int
        Of the noise that the sample begins with.
    noise_offset : (i, j, k)
        Where in the scanner's noise tiles its noise begins; see `synthesis.replacement.replace_tissue`.
    called_share : float
        Of the mask's voxels that the filter calls tumour.
    rejected : int
        Samples that the filter did not take before this one.
    """

    model: str
    model_sha256: str
    device: str
    diameter_mm: float
    center_voxel: tuple[int, int, int]
    center_shift: Vector
    shape: StarShape
    edge_sigma_mm: float
    steps: int
    noise_seed: int
    noise_offset: tuple[int, int, int]
    called_share: float = 0.0
    rejected: int = 0

    @property
    def center(self) -> tuple[float, float, float]:
        """The centre, in voxels of the host."""
        i, j, k = (voxel + shift for voxel, shift in zip(self.center_voxel, self.center_shift, strict=True))
        return i, j, k


class Sample(NamedTuple):
    """A sample in its region, in HU as the decoder gives them.

    Attributes
    ----------
    region : Region
    tumor, healthy : ndarray of float32
        The decoded sample, its texture scaled, and the decoded host.
    level_hu : float
        Of the parenchyma in the decoded host.
    called_share : float
        Of the mask's voxels that the filter calls tumour.
    """

    region: Region
    tumor: Field
    healthy: Field
    level_hu: float
    called_share: float


def sample_parameters(
    host: Host, *, diameter_mm: float, rng: np.random.Generator, model: str, device: str
) -> Mapping[str, Any]:
    """Draw tumours until the model's filter takes one; see `synthesis.methods.latent_diffusion`."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    stored = find(model)
    networks = load(stored, device)
    for rejected in range(MOST_TRIES):
        tumor = _draw(host, diameter_mm, rng, stored, networks, device)
        called_share = _sampled(host, tumor).called_share
        if called_share >= networks.config.accepted_share:
            return dataclasses.asdict(dataclasses.replace(tumor, called_share=called_share, rejected=rejected))
    otherwise = "try another seed, a larger diameter or another model."
    if host.phase == "none":
        otherwise = (
            f"this CT seems to be unenhanced, where few tumours can be seen: use an enhanced one, or {otherwise}"
        )
    raise AllRejected(
        f"None of {MOST_TRIES} samples of {diameter_mm:.1f} mm by the model '{model}' is taken for a tumour by its "
        f"filter; {otherwise}"
    )


def apply_recipe(host: Host, recipe: Recipe) -> SyntheticTumor:
    """Put a recipe's tumour into its host; see `synthesis.methods.latent_diffusion`."""
    tumor = _tumor(recipe)
    body = _body(host, tumor)
    hu = replace_tissue(
        host,
        body.box,
        body.share,
        contrast_hu(host, body, _sampled(host, tumor)),
        mask=body.mask,
        noise_offset=tumor.noise_offset,
        habitat=body.habitat,
    )
    i, j, k = (axis.start for axis in body.box)
    return SyntheticTumor(origin=(i, j, k), hu=hu, mask=body.mask, recipe=recipe)


def contrast_hu(host: Host, body: Body, sample: Sample) -> Field:
    """Return how far a sample's tissue lies below the host's, in each voxel of the body's box.

    With the decoded sample s, the decoded host h and its level l, the host becomes ``host + (s - h)``; within the
    lesion, where the host's anatomy is cleared to its level by `synthesis.replacement`, h is that level, too. The
    grid blurs a tumour's edge, and so does interpolation from it: ``h - s`` counts over the share of the body that is
    seen through both, and the edge in the host is the body's own.
    """
    whole = np.zeros(host.ct.shape, dtype=np.float32)
    whole[body.box] = body.share
    shares = sample.region.gathered(whole)
    seen, decoded, healthy = (
        sample.region.at_voxels(field, body.box) for field in (shares, sample.tumor, sample.healthy)
    )
    gone = cleared(body.share)
    difference = gone * np.float32(sample.level_hu) + (1 - gone) * healthy - decoded
    return np.asarray(difference / np.maximum(seen, np.float32(_LEAST_SHARE)), dtype=np.float32)


def _draw(
    host: Host, diameter_mm: float, rng: np.random.Generator, stored: Stored, networks: Model, device: str
) -> Tumor:
    x, y, z = rng.uniform(-0.5, 0.5, 3).tolist()
    return Tumor(
        model=stored.folder.name,
        model_sha256=networks.sha256,
        device=device,
        diameter_mm=diameter_mm,
        center_voxel=place(host, diameter_mm=diameter_mm, rng=rng),
        center_shift=(x, y, z),
        shape=sample_star_shape(rng),
        edge_sigma_mm=float(np.mean(sample_edge_sigma_mm(host, diameter_mm, rng))),
        steps=steps_for(diameter_mm, networks.config.steps),
        noise_seed=int(rng.integers(2**53)),
        noise_offset=sample_noise_offset(rng),
    )


def _tumor(recipe: Recipe) -> Tumor:
    try:
        fields = dict(recipe.parameters)
        return Tumor(**{**fields, "shape": StarShape(**fields["shape"])})
    except (KeyError, TypeError) as error:
        raise InvalidRecipe(
            f"The recipe's parameters are not those of latent-diffusion, version {VERSION}; "
            "use a recipe.json as it was written."
        ) from error


def _body(host: Host, tumor: Tumor) -> Body:
    return make_body(
        host, tumor.shape, center=tumor.center, diameter_mm=tumor.diameter_mm, edge_sigma_mm=tumor.edge_sigma_mm
    )


def _sampled(host: Host, tumor: Tumor) -> Sample:
    """Sample a tumour, or return the last sample where it is the same: judging a recipe and applying it take one."""
    drawn = dataclasses.replace(tumor, called_share=0.0, rejected=0)
    return _sampled_once(host, json.dumps(dataclasses.asdict(drawn)))


@lru_cache(maxsize=1)
def _sampled_once(host: Host, drawn: str) -> Sample:
    fields = json.loads(drawn)
    tumor = Tumor(**{**fields, "shape": StarShape(**fields["shape"])})
    stored = find(tumor.model)
    if stored.sha256 != tumor.model_sha256:
        raise UnusableModel(
            f"The recipe was made by another model '{tumor.model}' (SHA-256 {tumor.model_sha256[:12]}…) than "
            f"the one here ({stored.sha256[:12]}…); import that one."
        )
    networks = load(stored, tumor.device)
    body = _body(host, tumor)
    region, mask = _region(host, tumor, body, networks)
    otherwise = (
        f"a region of {max(region.shape)}³ voxels; make it on the processor (--device cpu), or ask for a smaller "
        "diameter."
    )
    with few_threads(), same_bits(), enough_memory(otherwise), torch.inference_mode():
        return _run(host, tumor, networks, region, mask)


def _region(host: Host, tumor: Tumor, body: Body, networks: Model) -> tuple[Region, Mask]:
    """Lay the region round a tumour, and return it with the tumour's mask on it."""
    whole = np.zeros(host.ct.shape, dtype=bool)
    whole[body.box] = body.mask
    tight = bounding_box(body.mask)
    spacing_mm, voxel_mm = host.ct.spacing_mm, networks.config.voxel_mm
    half_mm = [(axis.stop - axis.start) * s / 2 for axis, s in zip(tight, spacing_mm, strict=True)]
    shape = networks.region_shape(half_mm)
    if max(shape) > _LARGEST_VOXELS:
        raise TooLarge(
            f"A tumour of {tumor.diameter_mm:.0f} mm takes a region of {max(shape) * voxel_mm:.0f} mm, and at most "
            f"{_LARGEST_VOXELS * voxel_mm:.0f} mm are sampled at once; ask for a smaller diameter."
        )
    i, j, k = (outer.start + (inner.start + inner.stop - 1) / 2 for outer, inner in zip(body.box, tight, strict=True))
    region = Region((i, j, k), shape, voxel_mm, spacing_mm)
    return region, region.gathered(whole) >= 0.5


def _run(host: Host, tumor: Tumor, networks: Model, region: Region, mask: Mask) -> Sample:
    config = networks.config
    hu = region.gathered(host.ct.hu)
    organ = region.gathered(host.organ_mask) >= 0.5
    level_hu = tissue_level_hu(hu, mask, organ, voxel_mm=config.voxel_mm)
    without = erased(hu, mask, level_hu, voxel_mm=config.voxel_mm)
    both = np.stack([to_unit(image, config.window_hu)[np.newaxis] for image in (hu, without)])
    images = torch.from_numpy(both).to(networks.device)
    tumor_there = torch.from_numpy(mask[np.newaxis, np.newaxis].astype(np.float32)).to(networks.device)
    latents = networks.encode(images)
    condition = torch.cat([latents[1:], mask_channels(tumor_there, networks.factor)], dim=1)
    noise = draw_noise(tuple(latents[1:].shape), tumor.noise_seed).to(networks.device)
    sampled = sample_latents(networks.denoiser, condition, noise, steps=tumor.steps)
    cells = changed_cells(tumor_there, networks.factor, voxel_mm=config.voxel_mm)
    decoded = networks.decode(torch.cat([latents[:1], cells * sampled + (1 - cells) * latents[:1]]))
    change = (decoded[1:] - decoded[:1]) * _at_voxels(cells, networks.factor)
    called = networks.called_tumor(images[:1] + change)
    healthy, with_tumor = (to_hu(one[0], config.window_hu) for one in decoded.cpu().numpy())
    healthy, textured = (
        _rounded(image)
        for image in (healthy, with_texture(with_tumor, mask, config.texture_gain, voxel_mm=config.voxel_mm))
    )
    level = round(tissue_level_hu(healthy, mask, organ, voxel_mm=config.voxel_mm))
    return Sample(
        region=region,
        tumor=textured,
        healthy=healthy,
        level_hu=level,
        called_share=round(float(called[mask].mean()) if mask.any() else 0.0, 4),
    )


def _at_voxels(cells: torch.Tensor, factor: int) -> torch.Tensor:
    """Return latent voxels' values at the voxels of the image."""
    return torch.nn.functional.interpolate(cells, scale_factor=float(factor), mode="nearest")


def _rounded(hu: Field) -> Field:
    """Round to sixteenths of an HU, so that the last bits of a network's sums seldom matter."""
    return np.asarray(np.rint(16 * hu) / 16, dtype=np.float32)
