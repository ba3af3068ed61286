"""Sampling latents: a few steps from noise to data, each by the midpoint rule."""

from __future__ import annotations

import itertools

import torch

from synthesis.methods.latent_diffusion.schedule import TIME_SCALE, times

EARLY_MM = 20.0  # diameter up to which the default number of steps is taken
_MOST_STEPS = 16


def steps_for(diameter_mm: float, default: int) -> int:
    """Return how many steps a tumour takes: the default for an early one, in proportion more for a larger."""
    return min(max(default, round(default * diameter_mm / EARLY_MM)), max(_MOST_STEPS, default))


def draw_noise(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Draw standard normal noise from a seed, on the processor: the same for every device."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def sample_latents(
    denoiser: torch.nn.Module, condition: torch.Tensor, noise: torch.Tensor, *, steps: int
) -> torch.Tensor:
    """Follow the flow from noise to data.

    Each step from t to u looks at the velocity twice: at t, to reach the middle of the step, and there, for the whole
    of it (the midpoint rule); see `synthesis.methods.latent_diffusion.schedule.times`.

    Parameters
    ----------
    denoiser : module
        From (batch, latent + condition, …) and (batch,) times to (batch, latent, …).
    condition : tensor, shape (batch, condition, …)
    noise : tensor, shape (batch, latent, …)
    steps : int

    Returns
    -------
    tensor, shape of `noise`
    """

    def velocity_at(x: torch.Tensor, t: float) -> torch.Tensor:
        at = torch.full((x.shape[0],), t * TIME_SCALE, device=x.device)
        found: torch.Tensor = denoiser(torch.cat([x, condition], dim=1), timesteps=at)
        return found

    x = noise
    nodes = times(steps)
    for t, u in itertools.pairwise(nodes):
        middle = (t + u) / 2
        halfway = x + (middle - t) * velocity_at(x, t)
        x = x + (u - t) * velocity_at(halfway, middle)
    return x
