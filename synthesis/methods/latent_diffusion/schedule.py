"""Rectified flow: the straight path from data to noise, and the times at which it is stepped back.

Notation (Liu et al., "Flow Straight and Fast", ICLR 2023): x0 is data, e is noise, ``x_t = (1 - t) x0 + t e``, and the
network learns ``v = e - x0``, the path's velocity. Nothing is divided by a small number, as with noise prediction
at T = 4, where ``1 / sqrt(alpha-bar) = 263`` multiplies the first step's error.
"""

from __future__ import annotations

import torch

DEFAULT_STEPS = 4
TIME_SCALE = 1000.0  # the network's time embedding takes 0 to 1000


def times(steps: int) -> list[float]:
    """Return the times from 1 (noise) to 0 (data) between which steps are taken: ``(1 - k / steps)²``.

    With the midpoint rule, these keep the standard deviation of Gaussian data to within 6 % in four steps, whether
    it is 0.05 or 1 of the noise's; plain steps (Euler's, or DDIM's) lose 30 to 50 % of it.

    Examples
    --------
    >>> times(4)
    [1.0, 0.5625, 0.25, 0.0625, 0.0]
    """
    return [((steps - k) / steps) ** 2 for k in range(steps + 1)]


def noised(x0: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Return the place on the path at the times t, of shape (batch,)."""
    at = t.reshape(-1, *[1] * (x0.dim() - 1))
    return (1 - at) * x0 + at * noise


def velocity(x0: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Return the path's velocity, the same at every time."""
    return noise - x0
