"""What the browser tests look at in the reading room, and the small cases they read there."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page

from readerstudy.domain.slice_packs import HU_MAX, HU_MIN

from .reading_server import ShownCase

SLICES, ROWS, COLUMNS = 24, 40, 56
CUE = 9


def make_case(number: int, organ: str = "liver") -> ShownCase:
    volume = np.random.default_rng(number).integers(
        HU_MIN, HU_MAX, (SLICES, ROWS, COLUMNS), dtype=np.int16, endpoint=True
    )
    return ShownCase(token=f"{number:032x}", organ=organ, volume=volume, spacing_mm=(5.0, 1.5, 0.75), cue_slice=CUE)


def canvas_of(page: Page) -> Locator:
    return page.locator("canvas")


def label_of(page: Page, label: str) -> Locator:
    return page.locator(f"button[data-label={label}]")


def wait_until(page: Page, happened: Callable[[], bool]) -> None:
    """Wait for something on the server's side."""
    for _ in range(400):
        if happened():
            return
        page.wait_for_timeout(20)
    pytest.fail("It did not happen within 8 s.")
