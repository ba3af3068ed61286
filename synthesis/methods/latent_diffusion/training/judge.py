"""Stage 3: the filter learns to call tumours, so that samples which nobody would call one are drawn again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from synthesis.methods.latent_diffusion.conditioning import to_unit
from synthesis.methods.latent_diffusion.networks import build_filter
from synthesis.methods.latent_diffusion.region import Field
from synthesis.methods.latent_diffusion.training.cases import TrainingCase
from synthesis.methods.latent_diffusion.training.config import Config
from synthesis.methods.latent_diffusion.training.patches import Patch, draw_patch
from synthesis.methods.latent_diffusion.training.pictures import middle

_PICTURED = 6
_ANYWHERE = 0.3
_PASSING = 0.8  # of the held-out tumours
_CALLED_FROM = (0.1, 0.5)


class FilterTask:
    """The filter with its data; see `StageTask`."""

    unit = "(1 - Dice)"

    def __init__(
        self, config: Config, train: Sequence[TrainingCase], held_out: Sequence[TrainingCase], device: torch.device
    ) -> None:
        torch.manual_seed(config.seed)
        self._config, self._how, self._train, self._device = config, config.filter.training, train, device
        self.network = build_filter(config.filter.network).to(device)
        rng = np.random.default_rng([config.seed, 6])
        with_tumor = [case for case in held_out if case.tumor.any()]
        self._checked = self._tensors([self._patch(case, rng) for case in with_tumor])

    def loss(self, rng: np.random.Generator) -> torch.Tensor:
        """Return the cross-entropy and one less the Dice coefficient of a batch."""
        cases = [self._train[int(index)] for index in rng.integers(len(self._train), size=self._how.batch)]
        x, tumor = self._tensors([self._patch(case, rng, anywhere=bool(rng.random() < _ANYWHERE)) for case in cases])
        logits = self.network(x).float()
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, tumor)
        return entropy + _lost_dice(torch.sigmoid(logits), tumor)

    def check(self, network: torch.nn.Module) -> float:
        """Return one less the Dice coefficient of what is called tumour."""
        called = [network(x) > 0 for x in torch.split(self._checked[0], self._how.batch)]
        return float(_lost_dice(torch.cat(called).float(), self._checked[1]))

    def picture(self, network: torch.nn.Module) -> Sequence[Sequence[Field]]:
        """Return held-out patches, their tumours and what is called tumour."""
        x, tumor = (one[: min(_PICTURED, self._how.batch)] for one in self._checked)
        called = torch.sigmoid(network(x)) * 2 - 1
        return [[middle(one[0]) for one in row.float().cpu().numpy()] for row in (x, tumor * 2 - 1, called)]

    def facts(self) -> dict[str, object]:
        """Return nothing: the weights are all there is to know."""
        return {}

    def calibrated(self, network: torch.nn.Module) -> tuple[float, float]:
        """Return the probability from which a voxel is called tumour, and how many held-out tumours then pass.

        A voxel is called tumour from 0.5 on, or from as little less as lets 80 % of the held-out tumours pass: what
        would refuse patients' tumours cannot judge samples.
        """
        probability = torch.sigmoid(torch.cat([network(x) for x in torch.split(self._checked[0], self._how.batch)]))
        share = self._config.filter.accepted_share
        reached = [
            float(torch.quantile(inside[there > 0], 1 - share))
            for inside, there in zip(probability, self._checked[1], strict=True)
            if bool((there > 0).any())
        ]
        limit = float(np.clip(np.quantile(reached, 1 - _PASSING) - 1e-6, *_CALLED_FROM))
        return round(limit, 4), float(np.mean([value >= limit for value in reached]))

    def _patch(self, case: TrainingCase, rng: np.random.Generator, *, anywhere: bool = False) -> Patch:
        how, voxel_mm = self._config.augmentation, self._config.data.voxel_mm
        return draw_patch(case, self._how.patch_voxels, rng, how, voxel_mm=voxel_mm, anywhere=anywhere)

    def _tensors(self, patches: Sequence[Patch]) -> tuple[torch.Tensor, torch.Tensor]:
        unit = np.stack([to_unit(patch.hu, self._config.data.window_hu)[np.newaxis] for patch in patches])
        tumor = np.stack([patch.tumor[np.newaxis] for patch in patches]).astype(np.float32)
        return torch.from_numpy(unit).to(self._device), torch.from_numpy(tumor).to(self._device)


def _lost_dice(share: torch.Tensor, tumor: torch.Tensor) -> torch.Tensor:
    return 1 - (2 * (share * tumor).sum() + 1) / (share.sum() + tumor.sum() + 1)
