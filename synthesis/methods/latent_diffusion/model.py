"""A trained model: its three networks, loaded from a folder that `synthesis.methods.latent_diffusion.library` found."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from pydantic import ValidationError
from safetensors import SafetensorError

from synthesis.masks import Mask
from synthesis.methods.latent_diffusion.devices import device_named, enough_memory
from synthesis.methods.latent_diffusion.library import (
    CARD,
    CONFIG,
    WEIGHTS,
    ModelConfig,
    Stored,
    UnusableModel,
    config_json,
    read_stored,
    verified_weights,
)
from synthesis.methods.latent_diffusion.networks import (
    Autoencoder,
    AutoencoderSizes,
    DenoiserSizes,
    FilterSizes,
    build_denoiser,
    build_filter,
)
from synthesis.methods.latent_diffusion.region import region_shape

_MARGIN_MM = 4.0  # of a region beyond the mask: the tumour's own edge, and a little of its surroundings
_PARTS = ("autoencoder", "denoiser", "filter")


@dataclass(frozen=True, eq=False)
class Model:
    """Networks ready for use on a device.

    Attributes
    ----------
    config : ModelConfig
    sha256 : str
        Of the model; see `Stored.sha256`.
    device : torch.device
    autoencoder, denoiser, filter : module
    latent_mean, latent_sd : tensor, shape (1, latent, 1, 1, 1)
    factor, multiple : int
        Voxels along an axis to one of the latent's, and of what number every region's edge is a multiple.
    """

    config: ModelConfig
    sha256: str
    device: torch.device
    autoencoder: Autoencoder
    denoiser: torch.nn.Module
    filter: torch.nn.Module
    latent_mean: torch.Tensor
    latent_sd: torch.Tensor
    factor: int
    multiple: int

    def region_shape(self, half_mm: Sequence[float]) -> tuple[int, int, int]:
        """Return the shape of the region in which a tumour is sampled that reaches so far to either side."""
        return region_shape(
            half_mm,
            margin_mm=_MARGIN_MM,
            voxel_mm=self.config.voxel_mm,
            multiple=self.multiple,
            least=self.config.patch_voxels,
        )

    def called_tumor(self, image: torch.Tensor) -> Mask:
        """Return which voxels of an image of shape (1, 1, I, J, K) the filter calls tumour."""
        probability = torch.sigmoid(self.filter(image.clamp(-1, 1))).cpu().numpy()
        return np.asarray(probability[0, 0] >= self.config.called_from)

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        """Return normalised latents of images of shape (batch, 1, I, J, K)."""
        return (self.autoencoder.encode(image)[0] - self.latent_mean) / self.latent_sd

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Return the images of normalised latents."""
        return self.autoencoder.decode(latent * self.latent_sd + self.latent_mean)


def load(stored: Stored, device: str = "cpu") -> Model:
    """Load a model onto a device.

    Raises
    ------
    UnusableModel
        If the weights are not what the config says: a pickle, another file, other names or shapes.
    NoDevice
        If the device is not there, or has too little memory left.
    """
    with enough_memory("the networks beside what else uses it; use the processor (--device cpu)."):
        return _load(str(stored.folder), stored.sha256, device)


@lru_cache(maxsize=2)
def _load(folder: str, sha256: str, device: str) -> Model:
    """Load a model; the last two are kept, as one tumour after the other is sampled from them."""
    stored = read_stored(Path(folder))
    config, place = stored.config, device_named(device)
    weights = _read_weights(stored)
    try:
        autoencoder = AutoencoderSizes(**config.autoencoder)
        denoiser = DenoiserSizes(**config.denoiser)
        judge = FilterSizes(**config.filter)
    except ValidationError as error:
        what = error.errors()[0]["msg"]
        raise UnusableModel(f"{folder}: its networks' sizes are not this version's ({what}).") from error
    encoding = Autoencoder(autoencoder)
    denoising = build_denoiser(denoiser, latent_channels=autoencoder.latent_channels)
    judging = build_filter(judge)
    for name, network in zip(_PARTS, (encoding, denoising, judging), strict=True):
        _fill(network, part(weights, name), stored, name)
        network.to(place).eval().requires_grad_(requires_grad=False)
    if not len(config.latent_mean) == len(config.latent_sd) == autoencoder.latent_channels:
        raise UnusableModel(
            f"{folder}: latent_mean and latent_sd must have {autoencoder.latent_channels} numbers each."
        )
    mean, sd = (
        torch.tensor(values, device=place).reshape(1, -1, 1, 1, 1) for values in (config.latent_mean, config.latent_sd)
    )
    return Model(
        config,
        sha256,
        place,
        autoencoder=encoding,
        denoiser=denoising,
        filter=judging,
        latent_mean=mean,
        latent_sd=sd,
        factor=autoencoder.factor,
        multiple=autoencoder.factor * 2 ** (len(denoiser.channels) - 1),
    )


def _read_weights(stored: Stored) -> dict[str, torch.Tensor]:
    path = verified_weights(stored)
    try:
        return safetensors.torch.load_file(path)
    except (SafetensorError, OSError) as error:
        raise UnusableModel(f"{path} is damaged ({error}); import the model again.") from error


def part(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Return the tensors whose names begin with a prefix and a dot, without it."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def _fill(network: torch.nn.Module, weights: Mapping[str, torch.Tensor], stored: Stored, kind: str) -> None:
    """Put weights into a network, if their names and shapes are the network's."""
    wanted = network.state_dict()
    for name in sorted(wanted.keys() | weights.keys()):
        have, want = weights.get(name), wanted.get(name)
        if have is None or want is None or have.shape != want.shape:
            shapes = ["none" if one is None else "x".join(map(str, one.shape)) or "a number" for one in (have, want)]
            raise UnusableModel(
                f"{stored.folder / WEIGHTS}: the shape of {kind}.{name} is {shapes[0]}, and its {CONFIG} describes "
                f"{shapes[1]}; the two files do not belong together."
            )
    network.load_state_dict({name: tensor.float() for name, tensor in weights.items()})


def write_model(
    folder: Path, config: ModelConfig, networks: Mapping[str, Mapping[str, torch.Tensor]], card: str
) -> None:
    """Write a model's folder, with its weights in half precision.

    Parameters
    ----------
    config : ModelConfig
        Its `weights_sha256` is filled in.
    networks : mapping of part to weights
        Of ``autoencoder``, ``denoiser`` and ``filter``.
    card : str
        What a user should know of it, as Markdown.
    """
    tensors = {
        f"{part}.{name}": tensor.detach().cpu().half().contiguous()
        for part in _PARTS
        for name, tensor in networks[part].items()
    }
    data = safetensors.torch.save(tensors)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(data)
    (folder / CARD).write_text(card, encoding="utf-8")
    complete = config.model_copy(update={"weights_sha256": hashlib.sha256(data).hexdigest()})
    (folder / CONFIG).write_text(config_json(complete), encoding="utf-8")
