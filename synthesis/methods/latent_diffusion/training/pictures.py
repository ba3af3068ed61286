"""Pictures of patches, to see how a training goes."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from synthesis.methods.latent_diffusion.region import Field

_SCALE = 4
_GAP = 2


def slices_png(rows: Sequence[Sequence[Field]]) -> bytes:
    """Draw slices (values from -1 to 1, indexed [i, j] with j upwards) side by side, row under row."""
    tiles = [[np.clip((np.flipud(one.T) + 1) * 127.5, 0, 255).astype(np.uint8) for one in row] for row in rows]
    height = max((tile.shape[0] for row in tiles for tile in row), default=1) + _GAP
    width = max((tile.shape[1] for row in tiles for tile in row), default=1) + _GAP
    sheet = np.zeros((height * max(len(tiles), 1), width * max(map(len, tiles), default=1)), dtype=np.uint8)
    for down, row in enumerate(tiles):
        for across, tile in enumerate(row):
            top, left = down * height, across * width
            sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    stream = io.BytesIO()
    Image.fromarray(sheet).resize((sheet.shape[1] * _SCALE, sheet.shape[0] * _SCALE), Image.Resampling.NEAREST).save(
        stream, format="png"
    )
    return stream.getvalue()


def middle(values: Field) -> Field:
    """Return the middle slice of a cube."""
    return np.asarray(values[:, :, values.shape[2] // 2])
