"""A training's numbers, all of them, from one TOML file."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthesis.errors import UnusableInput
from synthesis.methods.latent_diffusion.networks import AutoencoderSizes, DenoiserSizes, FilterSizes


class InvalidConfig(UnusableInput):
    """A training's config can't be read, or does not hold together."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(_Section):
    """How cases become regions.

    Attributes
    ----------
    voxel_mm : float
        Of the networks' grid.
    window_hu : (low, high)
        What the networks see of the HU.
    region_voxels : int
        Edge of the cube that is kept of each case.
    regions_per_host : int
        How many are cut out of a CT without a tumour.
    held_out : float
        Share of the patients that are not trained on.
    """

    voxel_mm: float = Field(gt=0)
    window_hu: tuple[float, float]
    region_voxels: int = Field(ge=16)
    regions_per_host: int = Field(ge=1)
    held_out: float = Field(ge=0, lt=1)


class Augmentation(_Section):
    """How patches are varied.

    Attributes
    ----------
    shift_voxels : int
        How far a patch may lie from the tumour's middle.
    mirror : bool
        Whether patches are mirrored, and turned by right angles in plane.
    level_hu, noise_hu : float
        Standard deviation of an offset for all voxels; most standard deviation of added white noise.
    contrast : float
        By what share a tumour's contrast is varied, either way: for training on very few tumours.
    """

    shift_voxels: int = Field(ge=0)
    mirror: bool
    level_hu: float = Field(ge=0)
    noise_hu: float = Field(ge=0)
    contrast: float = Field(ge=0, lt=1)


class Steps(_Section):
    """How a network is trained.

    Attributes
    ----------
    patch_voxels : int
        Edge of the cubes that it is trained on.
    batch, accumulate : int
        Patches at a time, and how many times before a step is taken.
    steps : int
        After which training ends.
    warm_up, decay : int
        Steps over which the learning rate rises, and after which, falling as a cosine, it is a hundredth.
    ema : float
        Share of the average of the weights that stays at each step; the average is what is used.
    check_every : int
        Steps between looks at the held-out patches, each with a checkpoint, a line in ``losses.csv`` and a picture.
    checks : int
        Held-out patches.
    patience : int
        Looks without a new best after which training stops; 0 for never.
    """

    patch_voxels: int = Field(ge=8)
    batch: int = Field(ge=1)
    accumulate: int = Field(ge=1)
    steps: int = Field(ge=1)
    warm_up: int = Field(ge=0)
    decay: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    ema: float = Field(ge=0, lt=1)
    check_every: int = Field(ge=1)
    checks: int = Field(ge=1)
    patience: int = Field(ge=0)


class Autoencoder(_Section):
    """`kl_weight` is that of the latent's divergence from normal, per latent voxel, in the loss."""

    network: AutoencoderSizes
    training: Steps
    kl_weight: float = Field(ge=0)


class Diffusion(_Section):
    """`views` is how many augmented patches of each case are encoded, once; `healthy_weight` what counts outside."""

    network: DenoiserSizes
    training: Steps
    views: int = Field(ge=1)
    healthy_weight: float = Field(ge=0)


class Filter(_Section):
    """Of the judge of samples: the share of a mask's voxels that it has to call tumour."""

    network: FilterSizes
    training: Steps
    accepted_share: float = Field(ge=0, le=1)


class Config(_Section):
    """Everything that a training does, but the data.

    Attributes
    ----------
    name : str
        Of the model.
    about : str
        What its data are, and what it is good for: the model's card says it.
    licence : str
    seed : int
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)
    about: str = ""
    licence: str = Field(min_length=1)
    seed: int = Field(ge=0)
    data: Data
    augmentation: Augmentation
    autoencoder: Autoencoder
    diffusion: Diffusion
    filter: Filter

    def of(self, stage: Stage) -> Autoencoder | Diffusion | Filter:
        """Return the section of a stage."""
        sections: dict[str, Autoencoder | Diffusion | Filter] = {
            "autoencoder": self.autoencoder,
            "diffusion": self.diffusion,
            "filter": self.filter,
        }
        return sections[stage]

    def fingerprint(self, stage: Stage) -> str:
        """Return the hash of what the checkpoints of a stage belong to.

        What may change on the way is no part of it: a batch that the memory does not hold, a learning rate at which
        the loss is no number, and how long it is trained.
        """
        kept = self.model_dump(mode="json", include={"seed", "data", "augmentation", stage})
        for changeable in ("batch", "accumulate", "learning_rate", "steps", "check_every", "checks", "patience"):
            del kept[stage]["training"][changeable]
        return hashlib.sha256(repr(sorted(_flat(kept))).encode()).hexdigest()


Stage = Literal["autoencoder", "diffusion", "filter"]
STAGES: tuple[Stage, ...] = ("autoencoder", "diffusion", "filter")


def read_config(path: Path) -> Config:
    """Read a config.

    Raises
    ------
    InvalidConfig
        With the file, the field and what is wrong with it.
    """
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidConfig(f"{path.name} is no TOML ({error}); mend it.") from error
    try:
        config = Config.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidConfig(f"{path.name}: {where}: {first['msg']}.") from error
    _check(config, path)
    return config


def _check(config: Config, path: Path) -> None:
    multiple = config.autoencoder.network.factor * 2 ** (len(config.diffusion.network.channels) - 1)
    for stage in STAGES:
        patch = config.of(stage).training.patch_voxels
        if patch % multiple or patch > config.data.region_voxels:
            raise InvalidConfig(
                f"{path.name}: {stage}.training.patch_voxels: {patch} must be a multiple of {multiple} and no more "
                f"than data.region_voxels, {config.data.region_voxels}."
            )
    if config.autoencoder.network.factor % 2:
        raise InvalidConfig(f"{path.name}: autoencoder.network.channels: give two or more.")


def _flat(fields: dict[str, object], prefix: str = "") -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = []
    for name, value in fields.items():
        pairs += _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(f"{prefix}{name}", value)]
    return pairs
