"""Trained models as folders: found, verified, imported and exported without loading a network.

A model's folder holds ``config.json`` (sizes, window, where it comes from, the weights' SHA-256),
``weights.safetensors`` and ``card.md``. Nothing in it can run code: pickles are refused, whatever their name.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthesis.errors import UnusableInput

FORMAT = 3
STARTER = "starter"
CONFIG, WEIGHTS, CARD = "config.json", "weights.safetensors", "card.md"
_OWN = Path(__file__).parent / "models"
_LARGEST_HEADER = 100 << 20
_CHUNK = 1 << 20


class UnusableModel(UnusableInput):
    """A model can't be found, or its folder is not what it should be."""


class ModelConfig(BaseModel):
    """What ``config.json`` says of a model.

    Attributes
    ----------
    format : int
        Of the folder.
    name : str
    voxel_mm, window_hu
        The networks' grid, and what they see of the HU.
    autoencoder, denoiser, filter : dict
        The networks' sizes; see `synthesis.methods.latent_diffusion.networks`.
    patch_voxels : int
        Edge of the cubes that the denoiser was trained on: it errs on smaller ones, and on much larger ones.
    latent_mean, latent_sd : list of float
        Of each channel, by which latents are normalised.
    steps : int
        That sampling an early tumour takes.
    texture_gain : float
        By which a sample's texture is scaled; see `synthesis.methods.latent_diffusion.texture`.
    called_from : float
        Probability from which the filter calls a voxel tumour.
    accepted_share : float
        Of a sample's mask that the filter has to call tumour.
    organs : list of str
        That its training's cases had tumours in.
    training : dict
        Config, data's SHA-256, number of cases and patients.
    metrics : dict
        On held-out cases.
    licence : str
    weights_sha256 : str
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)
    voxel_mm: float = Field(gt=0)
    window_hu: tuple[float, float]
    autoencoder: dict[str, Any]
    denoiser: dict[str, Any]
    filter: dict[str, Any]
    patch_voxels: int = Field(ge=1)
    latent_mean: list[float]
    latent_sd: list[float]
    steps: int = Field(ge=1)
    texture_gain: float = Field(gt=0)
    called_from: float = Field(gt=0, lt=1)
    accepted_share: float = Field(ge=0, le=1)
    organs: list[str]
    training: dict[str, Any]
    metrics: dict[str, float]
    licence: str
    weights_sha256: str


class Stored(NamedTuple):
    """A model's folder, and what it says of itself."""

    folder: Path
    config: ModelConfig

    @property
    def sha256(self) -> str:
        """The model's hash: of its whole config, which holds the weights'."""
        return hashlib.sha256((self.folder / CONFIG).read_bytes()).hexdigest()


def folders() -> list[Path]:
    """Return where models are looked for: the user's own folder, then those that come with the library."""
    return [own_folder(), _OWN]


def own_folder() -> Path:
    """Return the folder of imported models: ``SYNTHESIS_MODELS``, or ``~/.synthesis/models``."""
    return Path(os.environ.get("SYNTHESIS_MODELS") or Path.home() / ".synthesis" / "models")


def stored_models() -> list[Stored]:
    """Return every model by name; a user's own hides one of the same name that comes with the library."""
    found: dict[str, Stored] = {}
    for place in reversed(folders()):
        for config in sorted(place.glob(f"*/{CONFIG}")):
            found[config.parent.name] = read_stored(config.parent)
    return [found[name] for name in sorted(found)]


def find(name: str) -> Stored:
    """Return a model by its name.

    Raises
    ------
    UnusableModel
        If there is none of that name, or its folder is damaged.
    """
    for place in folders():
        if "/" not in name and (place / name / CONFIG).is_file():
            return read_stored(place / name)
    known = ", ".join(sorted({config.parent.name for place in folders() for config in place.glob(f"*/{CONFIG}")}))
    raise UnusableModel(
        f"There is no model '{name}' (there are: {known or 'none'}); "
        "`python -m synthesis models import FOLDER` adds one."
    )


def read_stored(folder: Path) -> Stored:
    """Read a model's config, without its weights.

    Raises
    ------
    UnusableModel
        If it is missing or wrong; the message says how.
    """
    path = folder / CONFIG
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        other = isinstance(fields, dict) and fields.get("format", FORMAT) != FORMAT
        config = None if other else ModelConfig.model_validate(fields)
    except OSError as error:
        raise UnusableModel(f"{folder} is no model: its {CONFIG} can't be read ({error.strerror}).") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UnusableModel(f"{path}: {where}: {first['msg']}; import the model again.") from error
    except ValueError as error:
        raise UnusableModel(f"{path} is not JSON ({error}); import the model again.") from error
    if config is None:
        raise UnusableModel(
            f"{path}: format {fields['format']} is not this version's, {FORMAT}; train or fetch it anew."
        )
    return Stored(folder, config)


def verified_weights(stored: Stored) -> Path:
    """Return the file of a model's weights, after a look at its kind and its hash.

    Raises
    ------
    UnusableModel
        If it is missing, a pickle, no safetensors, or not the file that the config names.
    """
    path = stored.folder / WEIGHTS
    try:
        with path.open("rb") as file:
            head = file.read(9)
            file.seek(0)
            digest = hashlib.sha256()
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise UnusableModel(f"{path} can't be read ({error.strerror}); import the model again.") from error
    if head[8:] != b"{" or int.from_bytes(head[:8], "little") > _LARGEST_HEADER:
        if head[:1] == b"\x80" or head[:4] == b"PK\x03\x04":
            raise UnusableModel(f"{path} is a pickle, which can run any code: it is refused; save it as safetensors.")
        raise UnusableModel(f"{path} is no safetensors file; import the model again.")
    if digest.hexdigest() != stored.config.weights_sha256:
        raise UnusableModel(
            f"{path} is not the file that its {CONFIG} names (SHA-256 {digest.hexdigest()[:12]}…, not "
            f"{stored.config.weights_sha256[:12]}…); import the model again."
        )
    return path


def copy_model(stored: Stored, target: Path, *, name: str | None = None) -> Stored:
    """Copy a model's three files to a new folder, whole or not at all, under another name if one is given.

    Raises
    ------
    UnusableModel
        If the model is damaged, or the folder is there already.
    """
    verified_weights(stored)
    if target.exists():
        raise UnusableModel(f"{target} exists already; give another name, or remove it first.")
    partial = target.parent / f".{target.name}.{uuid.uuid4().hex}.partial"
    try:
        partial.mkdir(parents=True)
        shutil.copyfile(stored.folder / WEIGHTS, partial / WEIGHTS)
        if (stored.folder / CARD).is_file():
            shutil.copyfile(stored.folder / CARD, partial / CARD)
        config = stored.config.model_copy(update={"name": name or stored.config.name})
        text = (stored.folder / CONFIG).read_text(encoding="utf-8") if config == stored.config else config_json(config)
        (partial / CONFIG).write_text(text, encoding="utf-8")
        read_stored(partial)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return read_stored(target)


def config_json(config: ModelConfig) -> str:
    """Return a config as it is stored."""
    return json.dumps(config.model_dump(mode="json"), indent=2) + "\n"
