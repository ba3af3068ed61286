"""Where a network runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from synthesis.errors import UnusableInput

THREADS = 1  # of a processor, to draw samples with: the fastest by benchmarks.diffusion; results depend on it


class NoDevice(UnusableInput):
    """The device that was asked for is not there, or too small."""


def device_named(name: str) -> torch.device:
    """Return a device by name.

    Raises
    ------
    NoDevice
        If it is CUDA and torch can't use any.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise NoDevice(
            "torch finds no CUDA device here; leave out --device cuda to use the processor, or install a driver and "
            "the CUDA build of torch."
        )
    return torch.device(name)


@contextmanager
def few_threads() -> Iterator[None]:
    """Let torch compute with `THREADS` threads, and with as many as before when done: results depend on them."""
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def same_bits() -> Iterator[None]:
    """Let a GPU give the same bits each time: with those algorithms of cuDNN that do, and no shortened numbers."""
    with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        yield


@contextmanager
def enough_memory(otherwise: str) -> Iterator[None]:
    """Do what may take more memory than the GPU has.

    Raises
    ------
    NoDevice
        If it does, with what to do.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise NoDevice(f"The GPU's memory is too small for {otherwise}") from error
