"""What the viewer should show, worked out by other means: NumPy, SciPy and Pillow."""

import numpy as np
from PIL import Image
from scipy import ndimage

from readerstudy.domain.windowing import apply_window

NORMAL = {"axial": 0, "coronal": 1, "sagittal": 2}


def image_of(volume: np.ndarray, plane: str, index: int) -> np.ndarray:
    """One image of a display volume (slice, row, column)."""
    return np.take(volume, index, axis=NORMAL[plane])


def nearest(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The image pixel that the middle of each screen pixel lies in."""
    rows, columns = (
        (2 * np.arange(n) + 1) * size // (2 * n) for n, size in zip((height, width), image.shape, strict=True)
    )
    return image[np.ix_(rows, columns)]


def smooth(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pillow's triangle filter: linear where enlarged, as wide as two image pixels where made smaller."""
    return np.asarray(Image.fromarray(image.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR))


def linear(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """SciPy's linear interpolation at the middle of each screen pixel; the outermost half pixels repeat."""
    places = [(np.arange(n) + 0.5) * size / n - 0.5 for n, size in zip((height, width), image.shape, strict=True)]
    grid = np.meshgrid(*places, indexing="ij")
    return ndimage.map_coordinates(image.astype(np.float64), grid, order=1, mode="nearest")


def slab(volume: np.ndarray, plane: str, index: int, thickness_mm: float, spacing_mm: float, mode: str) -> np.ndarray:
    """As many images as come nearest to the thickness, the extra one of an even number behind; cut at the ends."""
    images = max(1, int(np.floor(thickness_mm / spacing_mm + 0.5)))
    first = index - (images - 1) // 2
    chosen = np.arange(max(0, first), min(volume.shape[NORMAL[plane]], first + images))
    block = np.take(volume, chosen, axis=NORMAL[plane])
    if mode == "mip":
        return block.max(axis=NORMAL[plane])
    return np.floor(block.mean(axis=NORMAL[plane]) + 0.5).astype(np.int16)


def gray(hu: np.ndarray, preset: tuple[float, float]) -> np.ndarray:
    return apply_window(hu, window_center=preset[0], window_width=preset[1])
