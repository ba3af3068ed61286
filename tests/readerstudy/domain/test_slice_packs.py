import gzip
import io
import json
from itertools import pairwise
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from readerstudy.domain.slice_packs import (
    HU_MAX,
    HU_MIN,
    decode_slice,
    display_affine,
    display_array,
    display_spacing_mm,
    encode_slice,
    write_pack,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "slice_codec.json").read_text())
CODES = ["RAS", "LPS", "LAS", "SRA", "PIR", "ASL"]


def content_by_the_letter(slice_hu: np.ndarray) -> bytes:
    """The format as its description reads, one pixel at a time."""
    left, zigzag = 0, []
    for value in slice_hu.ravel().tolist():
        difference = (value - left) % 65536
        signed = difference - 65536 if difference >= 32768 else difference
        zigzag.append(2 * signed if signed >= 0 else -2 * signed - 1)
        left = value
    planes = bytes(z % 256 for z in zigzag) + bytes(z // 256 for z in zigzag)
    low, high = 1, 0  # the two sums of Adler-32
    for byte in planes:
        low = (low + byte) % 65521
        high = (high + low) % 65521
    return planes + low.to_bytes(2, "little") + high.to_bytes(2, "little")


def patient_volume(codes: str) -> tuple[np.ndarray, np.ndarray, tuple[float, ...]]:
    """A volume whose voxel (r, a, s), counted towards right, anterior, superior, holds 100 r + 10 a + s."""
    right, anterior, superior = np.indices((4, 3, 2))
    ras = (100 * right + 10 * anterior + superior).astype(np.int16)
    ras_affine = np.diag([0.7, 0.8, 2.5, 1.0])
    turn = nib.orientations.ornt_transform(nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(codes))
    affine = ras_affine @ nib.orientations.inv_ornt_aff(turn, ras.shape)
    return nib.orientations.apply_orientation(ras, turn), affine, nib.affines.voxel_sizes(affine)


@pytest.mark.parametrize("codes", CODES)
def test_display_starts_superior_anterior_right_whatever_the_storage_order(codes):
    volume, affine, _ = patient_volume(codes)

    shown = display_array(volume, affine)

    assert shown.shape == (2, 3, 4)
    assert shown[0, 0].tolist() == [321, 221, 121, 21]  # superior, anterior; right to left
    assert shown[1, 2].tolist() == [300, 200, 100, 0]
    assert shown.flags.c_contiguous


@pytest.mark.parametrize("codes", CODES)
def test_spacing_follows_the_display(codes):
    _, affine, spacing = patient_volume(codes)
    assert display_spacing_mm(tuple(spacing), affine) == pytest.approx((2.5, 0.8, 0.7))


@pytest.mark.parametrize("codes", CODES)
def test_a_shown_voxel_is_found_in_the_patient_whatever_the_storage_order(codes):
    volume, affine, _ = patient_volume(codes)

    shown = display_array(volume, affine)
    to_patient = display_affine(volume.shape, affine)

    for voxel in np.ndindex(shown.shape):
        right, anterior, superior = to_patient[:3] @ [*voxel, 1] / [0.7, 0.8, 2.5]
        assert shown[voxel] == pytest.approx(100 * right + 10 * anterior + superior)


def test_display_rounds_and_clips_every_case_alike():
    volume = np.array([-32768, -1024.4, -0.5, 0.5, 1.5, 3071.6, 32767]).reshape(7, 1, 1)

    shown = display_array(volume, np.eye(4))

    assert shown.dtype == np.int16
    assert shown.ravel().tolist() == [HU_MAX, HU_MAX, 2, 0, 0, HU_MIN, HU_MIN]


def test_display_refuses_a_series_in_time():
    with pytest.raises(ValueError, match="has 3 dimensions; this one has 4"):
        display_array(np.zeros((2, 2, 2, 2)), np.eye(4))


slices = hnp.arrays(np.int16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))


@given(slices)
def test_a_member_is_the_format_by_the_letter_and_decodes_to_the_same_pixels(slice_hu):
    member = encode_slice(slice_hu)

    assert gzip.decompress(member) == content_by_the_letter(slice_hu)
    assert decode_slice(member, slice_hu.shape).tolist() == slice_hu.tolist()


def test_a_member_carries_neither_name_nor_time():
    member = encode_slice(np.zeros((4, 4), dtype=np.int16))
    assert member[:4] == b"\x1f\x8b\x08\x00"  # gzip, deflate, no flags: no name, comment or extra field
    assert member[4:8] == bytes(4)


@pytest.mark.parametrize("array", [np.zeros((2, 2)), np.zeros((2, 2, 2), dtype=np.int16)])
def test_only_int16_slices_are_encoded(array):
    with pytest.raises(ValueError, match="2-D int16"):
        encode_slice(array)


@pytest.mark.parametrize("vector", VECTORS["slices"], ids=lambda v: v["name"])
def test_shared_vectors(vector):
    pixels = np.array(vector["pixels"], dtype=np.int16).reshape(vector["rows"], vector["columns"])
    assert content_by_the_letter(pixels).hex() == vector["content_hex"]
    assert gzip.decompress(encode_slice(pixels)).hex() == vector["content_hex"]


@given(st.data())
def test_a_damaged_member_is_refused(data):
    member = encode_slice(np.arange(64, dtype=np.int16).reshape(8, 8))
    at = data.draw(st.integers(0, len(member) - 1))
    with pytest.raises(ValueError, match="The slice"):
        decode_slice(member[:at], (8, 8))


@given(st.data())
def test_damage_that_keeps_the_length_is_found_by_the_checksum(data):
    """What a browser, which looks at no checksum of gzip's, would take for a whole slice."""
    content = bytearray(gzip.decompress(encode_slice(np.arange(64, dtype=np.int16).reshape(8, 8))))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="its checksum is another"):
        decode_slice(gzip.compress(bytes(content)), (8, 8))


@pytest.mark.parametrize("shape", [(4, 5), (3, 4)])
def test_a_member_of_another_size_is_refused(shape):
    with pytest.raises(ValueError, match="does not hold"):
        decode_slice(encode_slice(np.zeros((4, 4), dtype=np.int16)), shape)


def test_a_pack_is_its_members_and_the_index_finds_each():
    volume = np.random.default_rng(1).integers(HU_MIN, HU_MAX, (5, 6, 7), dtype=np.int16, endpoint=True)
    file = io.BytesIO()

    index = write_pack(volume, file)

    pack = file.getvalue()
    assert index.shape == (5, 6, 7)
    assert index.offsets[0] == 0
    assert index.offsets[-1] == len(pack)
    for slice_hu, (start, stop) in zip(volume, pairwise(index.offsets), strict=True):
        assert pack[start:stop] == encode_slice(slice_hu)
