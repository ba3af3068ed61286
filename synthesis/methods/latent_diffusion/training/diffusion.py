"""Stage 2: the denoiser learns the flow from noise to the latents of tumours, given the CT without them and the mask.

The autoencoder stands still, so patches are encoded once: of each case, `views` of them, varied. What lies outside
the tumour and its edge is replaced by the host's own latent after sampling, and hardly counts in the loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from synthesis.methods.latent_diffusion.conditioning import changed_cells, erased, mask_channels, to_unit
from synthesis.methods.latent_diffusion.networks import Autoencoder, build_denoiser
from synthesis.methods.latent_diffusion.region import Field
from synthesis.methods.latent_diffusion.sampler import draw_noise, sample_latents
from synthesis.methods.latent_diffusion.schedule import DEFAULT_STEPS, TIME_SCALE, noised, velocity
from synthesis.methods.latent_diffusion.training.cases import TrainingCase
from synthesis.methods.latent_diffusion.training.checkpoint import CheckpointLost, load_tensors, save_tensors
from synthesis.methods.latent_diffusion.training.config import Config
from synthesis.methods.latent_diffusion.training.patches import Patch, draw_patch
from synthesis.methods.latent_diffusion.training.pictures import middle
from synthesis.methods.latent_diffusion.training.stage import generator

_PICTURED = 6
_AT_ONCE = 8  # held-out patches, whatever the batch: the error is a mean of theirs
_TIMES = 4  # at which each held-out patch is looked at


class Latents(NamedTuple):
    """Encoded patches.

    Attributes
    ----------
    tumor, erased : tensor, shape (n, latent, …)
        Of the patch, and of it without the tumour; normalised.
    mask : tensor, shape (n, 8, …)
    changed : tensor, shape (n, 1, …)
        Where the tumour and its edge are.
    """

    tumor: torch.Tensor
    erased: torch.Tensor
    mask: torch.Tensor
    changed: torch.Tensor

    def take(self, index: torch.Tensor | slice) -> Latents:
        """Return some of them."""
        return Latents(*(tensor[index] for tensor in self))

    def to(self, device: torch.device) -> Latents:
        """Return them on a device."""
        return Latents(*(tensor.to(device) for tensor in self))

    @property
    def condition(self) -> torch.Tensor:
        """What the denoiser is told."""
        return torch.cat([self.erased, self.mask], dim=1)


class DiffusionTask:
    """The denoiser with its data; see `StageTask`."""

    unit = "(mean square of the velocity's error)"

    def __init__(
        self,
        config: Config,
        train: Sequence[TrainingCase],
        held_out: Sequence[TrainingCase],
        device: torch.device,
        *,
        autoencoder: Autoencoder,
        cache: Path,
        fingerprint: str,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._config, self._how, self._device = config, config.diffusion.training, device
        self._autoencoder = autoencoder
        self._train, self._mean, self._sd = self._encoded(train, cache, fingerprint, progress)
        seed = config.seed
        checked = self._normalised(self._encode(held_out, self._how.checks, np.random.default_rng([seed, 5])))
        self._checked = checked.to(device)
        torch.manual_seed(seed)
        self.network = build_denoiser(
            config.diffusion.network, latent_channels=config.autoencoder.network.latent_channels
        ).to(device)

    def loss(self, rng: np.random.Generator) -> torch.Tensor:
        """Return the mean square of the velocity's error, at random times, of a batch."""
        index = torch.from_numpy(rng.integers(len(self._train.tumor), size=self._how.batch))
        batch = self._train.take(index).to(self._device)
        draws = generator(rng)
        t = torch.rand(self._how.batch, generator=draws).to(self._device)
        noise = torch.randn(batch.tumor.shape, generator=draws).to(self._device)
        return self._error(self.network, batch, noise, t)

    def check(self, network: torch.nn.Module) -> float:
        """Return the same at fixed times with fixed noise."""
        errors = []
        noise = draw_noise(tuple(self._checked.tumor.shape), self._config.seed).to(self._device)
        for number in range(_TIMES):
            t = torch.full((len(noise),), (number + 0.5) / _TIMES, device=self._device)
            for start in range(0, len(noise), _AT_ONCE):
                some = slice(start, start + _AT_ONCE)
                errors.append(self._error(network, self._checked.take(some), noise[some], t[some]))
        return float(torch.stack(errors).mean())

    def picture(self, network: torch.nn.Module) -> Sequence[Sequence[Field]]:
        """Return held-out patches decoded: as they are, without their tumour, and with two samples."""
        some = self._checked.take(slice(min(_PICTURED, self._how.batch)))
        rows = [some.tumor, some.erased]
        for seed in (1, 2):
            noise = draw_noise(tuple(some.tumor.shape), seed).to(self._device)
            sampled = sample_latents(network, some.condition, noise, steps=DEFAULT_STEPS)
            rows.append(some.changed * sampled + (1 - some.changed) * some.erased)
        decoded = [self._autoencoder.decode(row * self._sd + self._mean) for row in rows]
        return [[middle(one[0]) for one in row.float().cpu().numpy()] for row in decoded]

    def facts(self) -> dict[str, object]:
        """Return the latent's mean and standard deviation in each channel."""
        return {"latent_mean": self._mean.flatten().tolist(), "latent_sd": self._sd.flatten().tolist()}

    def _error(self, network: torch.nn.Module, batch: Latents, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        x = torch.cat([noised(batch.tumor, noise, t), batch.condition], dim=1)
        difference = network(x, timesteps=t * TIME_SCALE).float() - velocity(batch.tumor, noise)
        weight = batch.changed + self._config.diffusion.healthy_weight * (1 - batch.changed)
        weighted: torch.Tensor = (weight * difference.square()).mean(dim=1).sum() / weight.sum()
        return weighted

    def _encoded(
        self,
        cases: Sequence[TrainingCase],
        cache: Path,
        fingerprint: str,
        progress: Callable[[int, int], None] | None,
    ) -> tuple[Latents, torch.Tensor, torch.Tensor]:
        """Encode the views of all cases, or take them from the cache, with the latent's mean and spread."""
        raw = self._from_cache(cache, fingerprint)
        if raw is None:
            rng = np.random.default_rng([self._config.seed, 4])
            raw = self._encode(cases, self._config.diffusion.views * len(cases), rng, progress)
            save_tensors(cache, raw._asdict(), {"fingerprint": fingerprint})
        axes = (0, 2, 3, 4)
        self._mean = raw.tumor.mean(axes, keepdim=True).to(self._device)
        self._sd = raw.tumor.std(axes, keepdim=True).clamp_min(1e-6).to(self._device)
        return self._normalised(raw), self._mean, self._sd

    def _from_cache(self, cache: Path, fingerprint: str) -> Latents | None:
        if not cache.exists():
            return None
        try:
            tensors, facts = load_tensors(cache)
        except CheckpointLost:
            return None
        return Latents(**tensors) if facts["fingerprint"] == fingerprint else None

    def _normalised(self, raw: Latents) -> Latents:
        mean, sd = self._mean.cpu(), self._sd.cpu()
        return raw._replace(tumor=(raw.tumor - mean) / sd, erased=(raw.erased - mean) / sd)

    def _patches(self, cases: Sequence[TrainingCase], numbers: range, rng: np.random.Generator) -> list[Patch]:
        how, size = self._config.augmentation, self._how.patch_voxels
        voxel_mm = self._config.data.voxel_mm
        return [draw_patch(cases[n % len(cases)], size, rng, how, voxel_mm=voxel_mm) for n in numbers]

    def _encode(
        self,
        cases: Sequence[TrainingCase],
        count: int,
        rng: np.random.Generator,
        progress: Callable[[int, int], None] | None = None,
    ) -> Latents:
        """Draw so many patches of the cases in turn and encode them, a batch at a time; the latents stay in memory."""
        data, factor = self._config.data, self._config.autoencoder.network.factor
        parts: list[list[torch.Tensor]] = []
        self._autoencoder.eval()
        for start in range(0, count, self._how.batch):
            some = self._patches(cases, range(start, min(start + self._how.batch, count)), rng)
            without = [erased(one.hu, one.tumor, one.level_hu, voxel_mm=data.voxel_mm) for one in some]
            tumor = torch.from_numpy(np.stack([one.tumor[np.newaxis] for one in some]).astype(np.float32))
            with torch.no_grad():
                latents = [
                    self._autoencoder.encode(self._stacked(images))[0].float().cpu()
                    for images in ([one.hu for one in some], without)
                ]
            cells = changed_cells(tumor, factor, voxel_mm=data.voxel_mm)
            parts.append([*latents, mask_channels(tumor, factor), cells])
            if progress:
                progress(start + len(some), count)
        return Latents(*(torch.cat(column) for column in zip(*parts, strict=True)))

    def _stacked(self, images: Sequence[Field]) -> torch.Tensor:
        unit = np.stack([to_unit(image, self._config.data.window_hu)[np.newaxis] for image in images])
        return torch.from_numpy(unit).to(self._device)
