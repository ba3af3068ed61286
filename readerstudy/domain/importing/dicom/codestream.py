"""The size that a compressed image gives itself.

Decoders allocate what a codestream asks for, whatever the header around it says: a few changed bytes would have them
take gigabytes, or end the process. So the size is read first, and has to be the header's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_J2K_SIZE = b"\xff\x4f\xff\x51"  # start of codestream, and the marker of image and tile size
_J2K_FIELDS = struct.Struct(">HH8IH")  # length, capabilities, sizes and offsets of image and tiles, components
_JPEG_START = b"\xff\xd8"
_FRAME_MARKERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # 0xF7: JPEG-LS
_BARE_MARKERS = {0x01, *range(0xD0, 0xD9)}  # without a length
_FRAME_FIELDS = struct.Struct(">BHHB")  # bits, rows, columns, components


def size_of(frame: bytes) -> tuple[int, int, int] | None:
    """Return rows, columns and components of a JPEG, JPEG-LS or JPEG 2000 image; None where they can't be found."""
    at = frame.find(_J2K_SIZE, 0, 4096)  # after the boxes of a JP2 file, which some archives keep
    if at >= 0:
        return _j2k_size(frame, at + len(_J2K_SIZE))
    return _jpeg_size(frame) if frame.startswith(_JPEG_START) else None


def _j2k_size(frame: bytes, at: int) -> tuple[int, int, int] | None:
    if len(frame) < at + _J2K_FIELDS.size:
        return None
    _, _, right, bottom, left, top, *_, components = _J2K_FIELDS.unpack_from(frame, at)
    return bottom - top, right - left, components


def _jpeg_size(frame: bytes) -> tuple[int, int, int] | None:
    for marker, at in _segments(frame):
        if marker in _FRAME_MARKERS and len(frame) >= at + 2 + _FRAME_FIELDS.size:
            _, rows, columns, components = _FRAME_FIELDS.unpack_from(frame, at + 2)
            return rows, columns, components
    return None


def _segments(frame: bytes) -> Iterator[tuple[int, int]]:
    """Give the markers up to the image's data, and where the length of each stands."""
    at = len(_JPEG_START)
    while at + 4 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _BARE_MARKERS:
            at += 2
        else:
            yield marker, at + 2
            at += 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
