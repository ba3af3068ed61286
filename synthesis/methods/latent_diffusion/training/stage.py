"""What a stage of training provides to the loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from synthesis.methods.latent_diffusion.region import Field


class StageTask(Protocol):
    """A network with its data and its loss."""

    unit: str  # of `check`

    @property
    def network(self) -> torch.nn.Module:
        """The network."""

    def loss(self, rng: np.random.Generator) -> torch.Tensor:
        """Return the loss of a batch that is drawn with a generator."""

    def check(self, network: torch.nn.Module) -> float:
        """Return a network's error on the held-out patches, the same ones each time: less is better."""

    def picture(self, network: torch.nn.Module) -> Sequence[Sequence[Field]]:
        """Return rows of slices to look at, in units of -1 to 1."""

    def facts(self) -> dict[str, object]:
        """Return what has to be known to use the network, JSON alone."""


def generator(rng: np.random.Generator) -> torch.Generator:
    """Return a generator of torch's, on the processor, seeded from one of numpy's."""
    return torch.Generator().manual_seed(int(rng.integers(2**63)))
