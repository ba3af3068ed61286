"""Stage 1: the autoencoder learns to describe patches of CT in a latent a 64th of their size.

The loss is the absolute error, with a little of the latent's divergence from a normal distribution. What a mean
absolute error does not pay for, the scanner's noise, is not learned, and need not be: a sample's noise is the host's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from synthesis.methods.latent_diffusion.conditioning import to_unit
from synthesis.methods.latent_diffusion.networks import Autoencoder
from synthesis.methods.latent_diffusion.region import Field
from synthesis.methods.latent_diffusion.training.cases import TrainingCase
from synthesis.methods.latent_diffusion.training.config import Config
from synthesis.methods.latent_diffusion.training.patches import draw_patch
from synthesis.methods.latent_diffusion.training.pictures import middle
from synthesis.methods.latent_diffusion.training.stage import generator

_PICTURED = 6
_AT_ONCE = 4  # held-out patches, whatever the batch: the error is a mean of theirs
_ANYWHERE = 0.4  # share of the patches that need not hold the tumour


class AutoencoderTask:
    """The autoencoder with its data; see `StageTask`."""

    unit = "HU"

    def __init__(
        self, config: Config, train: Sequence[TrainingCase], held_out: Sequence[TrainingCase], device: torch.device
    ) -> None:
        torch.manual_seed(config.seed)
        self._config, self._how, self._train, self._device = config, config.autoencoder.training, train, device
        self.network = Autoencoder(config.autoencoder.network).to(device)
        rng = np.random.default_rng([config.seed, 3])
        self._checked = self._draw(held_out, self._how.checks, rng)

    def loss(self, rng: np.random.Generator) -> torch.Tensor:
        """Return the mean absolute error and the weighted divergence of a batch."""
        x = self._draw(self._train, self._how.batch, rng)
        mean, sd = self.network.encode(x)
        noise = torch.randn(mean.shape, generator=generator(rng)).to(self._device)
        again = self.network.decode(mean + sd * noise)
        divergence = 0.5 * (mean.square() + sd.square() - 2 * torch.log(sd) - 1).mean()
        return (again - x).abs().mean() + self._config.autoencoder.kl_weight * divergence

    def check(self, network: torch.nn.Module) -> float:
        """Return the mean absolute error in HU."""
        low, high = self._config.data.window_hu
        errors = [(network(x) - x).abs().mean() for x in torch.split(self._checked, _AT_ONCE)]
        return float(torch.stack(errors).mean()) * (high - low) / 2

    def picture(self, network: torch.nn.Module) -> Sequence[Sequence[Field]]:
        """Return held-out patches and, below, what the autoencoder makes of them."""
        x = self._checked[: min(_PICTURED, self._how.batch)]
        return [[middle(one[0]) for one in rows.float().cpu().numpy()] for rows in (x, network(x))]

    def facts(self) -> dict[str, object]:
        """Return nothing: the weights are all there is to know."""
        return {}

    def _draw(self, cases: Sequence[TrainingCase], count: int, rng: np.random.Generator) -> torch.Tensor:
        data, size = self._config.data, self._how.patch_voxels
        patches = [
            draw_patch(
                cases[int(rng.integers(len(cases)))],
                size,
                rng,
                self._config.augmentation,
                voxel_mm=data.voxel_mm,
                anywhere=bool(rng.random() < _ANYWHERE),
            )
            for _ in range(count)
        ]
        stacked = np.stack([to_unit(patch.hu, data.window_hu)[np.newaxis] for patch in patches])
        return torch.from_numpy(stacked).to(self._device)
