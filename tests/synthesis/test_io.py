"""Every way in which a file from outside can be wrong, and that what is right is read exactly."""

import gzip
import struct
import tracemalloc

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis.io import InvalidVolume, MaskResampled, read_ct, read_mask, write_nifti
from synthesis.volume import Volume


def save(path, values, affine=None, **header):
    image = nib.Nifti1Image(values, np.eye(4) if affine is None else affine)
    for field, value in header.items():
        image.header[field] = value
    nib.save(image, path)
    return path


def forge_header(path, *, shape, datatype=4, bits=16):
    """Write a 1 kB .nii.gz (or .nii) whose header promises voxels of `shape`."""
    header = nib.Nifti1Header()
    header.set_data_dtype(np.int16)
    raw = bytearray(header.binaryblock)
    raw[40:56] = struct.pack("<8h", len(shape), *shape, *[1] * (7 - len(shape)))
    raw[70:74] = struct.pack("<2h", datatype, bits)
    raw[108:112] = struct.pack("<f", 352.0)
    raw[344:348] = b"n+1\0"
    content = bytes(raw) + b"\0" * 4 + np.random.default_rng(0).bytes(600)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def assert_refused(path, cause):
    with pytest.raises(InvalidVolume, match=cause) as refusal:
        read_ct(path)
    message = str(refusal.value)
    assert message.startswith(f"{path.name}: ")
    assert message.endswith(".")
    assert "\n" not in message


# --- files that are no volume -----------------------------------------------------------------------------


def test_refuses_a_missing_file(tmp_path):
    assert_refused(tmp_path / "ct.nii.gz", "no such file")


def test_refuses_an_empty_file(tmp_path):
    path = tmp_path / "ct.nii.gz"
    path.touch()
    assert_refused(path, "0 bytes")


@pytest.mark.parametrize("name", ["ct.nii.gz", "ct.nii"])
def test_refuses_text_under_a_nifti_name(tmp_path, name):
    path = tmp_path / name
    path.write_text("patient,organ\n1,liver\n" * 40)
    assert_refused(path, "not a NIfTI file")


def test_refuses_text_that_was_compressed(tmp_path):
    path = tmp_path / "ct.nii.gz"
    path.write_bytes(gzip.compress(b"patient,organ\n1,liver\n" * 400))
    assert_refused(path, "not a NIfTI file")


def test_refuses_another_file_type(tmp_path):
    path = tmp_path / "ct.nrrd"
    path.write_text("NRRD0004")
    assert_refused(path, "does not end in .nii")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_refuses_a_truncated_gzip_wherever_it_breaks_off(files, share):
    path = files / "ct.nii.gz"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert_refused(path, "truncated|not a NIfTI file")


def test_refuses_a_gzip_that_lacks_its_last_byte(files):
    path = files / "ct.nii.gz"
    path.write_bytes(path.read_bytes()[:-1])
    assert_refused(path, "truncated or damaged")


def test_refuses_a_flipped_bit(files):
    path = files / "ct.nii.gz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)
    assert_refused(path, "truncated or damaged")


def test_refuses_a_truncated_uncompressed_file(tmp_path, host):
    path = save(tmp_path / "ct.nii", host.ct.hu, host.ct.affine)
    path.write_bytes(path.read_bytes()[:-1])
    assert_refused(path, "truncated")


@pytest.mark.parametrize("name", ["ct.nii.gz", "ct.nii"])
def test_refuses_a_header_that_promises_100_gb_before_allocating(tmp_path, name):
    path = forge_header(tmp_path / name, shape=(4000, 4000, 3200))
    assert path.stat().st_size < 1500
    tracemalloc.start()

    assert_refused(path, "promises 102.4 GB")

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_refuses_more_voxels_than_the_limit_even_where_the_file_could_hold_them(files, monkeypatch):
    monkeypatch.setattr("synthesis.nifti.MAX_BYTES", 100_000)
    assert_refused(files / "ct.nii.gz", "limit is 100.0 kB")


# --- volumes that are no CT -------------------------------------------------------------------------------


def test_refuses_four_dimensions(tmp_path, host):
    assert_refused(save(tmp_path / "ct.nii.gz", np.stack([host.ct.hu] * 2, axis=-1)), "not one 3-D volume")


def test_refuses_two_dimensions(tmp_path, host):
    assert_refused(save(tmp_path / "ct.nii.gz", host.ct.hu[..., 0]), "not one 3-D volume")


def test_takes_a_trailing_axis_of_one(tmp_path, host):
    path = save(tmp_path / "ct.nii.gz", host.ct.hu[..., None], host.ct.affine)
    assert np.array_equal(read_ct(path).hu, host.ct.hu)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_refuses_values_that_are_not_finite(tmp_path, host, value):
    hu = host.ct.hu.astype(np.float32)
    hu[3, 4, 5] = value
    assert_refused(save(tmp_path / "ct.nii.gz", hu), "NaN or infinite")


@pytest.mark.parametrize(
    "convert",
    [
        lambda hu: np.clip((hu + 160) / 400 * 255, 0, 255).astype(np.uint8),
        lambda hu: (hu.astype(np.int32) + 1024).clip(0).astype(np.uint16),
        lambda hu: np.where(hu < -500, -2000, hu + 1024).astype(np.int16),
        lambda hu: ((hu - hu.mean()) / hu.std()).astype(np.float32),
        lambda hu: np.full_like(hu, -1000),
    ],
    ids=["0..255", "offset kept", "offset kept and padded", "normalised", "air alone"],
)
def test_refuses_values_that_are_not_hounsfield_units(tmp_path, host, convert):
    assert_refused(save(tmp_path / "ct.nii.gz", convert(host.ct.hu)), "not Hounsfield units")


def test_refuses_colour(tmp_path):
    rgb = np.zeros((4, 4, 4), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    assert_refused(save(tmp_path / "ct.nii.gz", rgb), "not one number each")


def test_refuses_complex_numbers(tmp_path):
    assert_refused(save(tmp_path / "ct.nii.gz", np.zeros((4, 4, 4), np.complex64)), "not one number each")


@pytest.mark.parametrize("spacing", [0.0, 25.0])
def test_refuses_insane_spacing(tmp_path, host, spacing):
    path = save(tmp_path / "ct.nii.gz", host.ct.hu)
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[280:284] = struct.pack("<f", spacing)  # srow_x[0]
    path.write_bytes(gzip.compress(bytes(raw)))
    assert_refused(path, "voxel spacing")


def test_refuses_a_header_without_an_orientation(tmp_path, host):
    path = save(tmp_path / "ct.nii.gz", host.ct.hu)
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[252:256] = bytes(4)  # qform_code, sform_code
    path.write_bytes(gzip.compress(bytes(raw)))
    assert_refused(path, r"does not say how the patient lies \(sform_code and qform_code are 0\)")
    with pytest.raises(InvalidVolume, match=r"^ct.nii.gz: the header does not say how the patient lies"):
        read_mask(path, like=host.ct)


@pytest.mark.parametrize("offset", [-16.0, 1e30, float("nan")])
def test_refuses_voxels_that_lie_nowhere_without_looking_for_them(tmp_path, host, offset):
    path = save(tmp_path / "ct.nii.gz", host.ct.hu)
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[108:112] = struct.pack("<f", offset)
    path.write_bytes(gzip.compress(bytes(raw)))
    assert_refused(path, "puts the voxels where none can be")


def test_refuses_an_affine_that_is_not_finite(tmp_path, host):
    path = save(tmp_path / "ct.nii.gz", host.ct.hu)
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[280:284] = struct.pack("<f", float("nan"))
    path.write_bytes(gzip.compress(bytes(raw)))
    assert_refused(path, "voxel spacing")


def test_refuses_a_sheared_affine(tmp_path, host):
    affine = np.eye(4)
    affine[1, 2] = 0.2
    assert_refused(save(tmp_path / "ct.nii.gz", host.ct.hu, affine), "sheared")


# --- what is right is read exactly ------------------------------------------------------------------------


def test_applies_slope_and_intercept_exactly(tmp_path, host):
    stored = (host.ct.hu.astype(np.int32) + 1024).clip(0).astype(np.int16)
    image = nib.Nifti1Image(stored, host.ct.affine)
    image.header.set_slope_inter(1, -1024)
    nib.save(image, tmp_path / "ct.nii.gz")

    assert np.array_equal(read_ct(tmp_path / "ct.nii.gz").hu, stored - 1024)


def test_rounds_and_clips_to_int16(tmp_path, host):
    hu = host.ct.hu.astype(np.float64)
    hu[0, 0, :4] = (-40_000.0, 40_000.0, -999.6, 12.4)

    read = read_ct(save(tmp_path / "ct.nii.gz", hu, host.ct.affine)).hu

    assert read[0, 0, :4].tolist() == [-32768, 32767, -1000, 12]


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.int64, np.float32, np.float64])
def test_reads_any_type_of_number(tmp_path, host, dtype):
    hu = host.ct.hu.clip(-120, 120)
    stored = hu if dtype != np.uint16 else hu + 1024
    image = nib.Nifti1Image(stored.astype(dtype), host.ct.affine, dtype=dtype)
    image.header.set_slope_inter(1, 0 if dtype != np.uint16 else -1024)
    nib.save(image, tmp_path / "ct.nii.gz")

    assert np.array_equal(read_ct(tmp_path / "ct.nii.gz").hu, hu)


def test_reads_big_endian(tmp_path, host):
    path = save(tmp_path / "ct.nii.gz", host.ct.hu.astype(">i2"), host.ct.affine)
    assert np.array_equal(read_ct(path).hu, host.ct.hu)


def test_memory_stays_below_four_times_the_volume(tmp_path, host):
    hu = np.tile(host.ct.hu, (2, 2, 2))
    path = save(tmp_path / "ct.nii.gz", hu)
    tracemalloc.start()

    read_ct(path)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * hu.nbytes + 3_000_000


@settings(derandomize=True, max_examples=25)
@given(order=st.permutations([0, 1, 2]), signs=st.tuples(*[st.sampled_from([-1, 1])] * 3))
def test_any_orientation_is_read_to_the_same_place_and_written_back(tmp_path_factory, order, signs):
    folder = tmp_path_factory.mktemp("orientation")
    rng = np.random.default_rng(3)
    hu = rng.choice(np.array([-1000, -100, 50], dtype=np.int16), size=(3, 4, 5))
    linear = np.zeros((3, 3))
    for column, (row, sign) in enumerate(zip(order, signs, strict=True)):
        linear[row, column] = sign * (column + 1.5)
    affine = np.eye(4)
    affine[:3, :3] = linear
    affine[:3, 3] = (10.0, -20.0, 30.0)
    path = save(folder / "ct.nii.gz", hu, affine)

    ct = read_ct(path)
    write_nifti(folder / "again.nii.gz", ct.hu, ct.affine, on_grid_of=path)

    assert nib.aff2axcodes(ct.affine) == ("R", "A", "S")
    for voxel in [(0, 0, 0), (2, 0, 4), (1, 3, 2)]:
        place = affine @ [*voxel, 1]
        i, j, k, _ = np.rint(np.linalg.solve(ct.affine, place)).astype(int)
        assert ct.hu[i, j, k] == hu[voxel]
    again = nib.load(folder / "again.nii.gz")
    assert np.array_equal(np.asarray(again.dataobj), hu)
    assert np.array_equal(again.affine, nib.load(path).affine)


def test_writes_the_same_bytes_again(tmp_path, host):
    for name in ("a.nii.gz", "b.nii.gz"):
        write_nifti(tmp_path / name, host.ct.hu, host.ct.affine)

    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    assert nib.load(tmp_path / "a.nii.gz").get_data_dtype() == np.int16


# --- masks ------------------------------------------------------------------------------------------------


def test_reads_one_or_several_labels(tmp_path, host):
    labels = np.zeros(host.ct.shape, dtype=np.uint8)
    labels[0], labels[1], labels[2] = 2, 3, 5
    path = save(tmp_path / "mask.nii.gz", labels, host.ct.affine)

    assert np.array_equal(read_mask(path, like=host.ct, labels=[2, 3]), np.isin(labels, [2, 3]))
    assert np.array_equal(read_mask(path, like=host.ct), labels > 0)


def test_refuses_an_empty_mask(tmp_path, host):
    path = save(tmp_path / "mask.nii.gz", np.zeros(host.ct.shape, np.uint8), host.ct.affine)
    with pytest.raises(InvalidVolume, match="no voxel but zeros"):
        read_mask(path, like=host.ct)


def test_refuses_a_label_that_the_mask_lacks_and_names_those_it_has(files, host):
    with pytest.raises(InvalidVolume, match=r"no voxel with label 7 \(it holds 0, 5\)"):
        read_mask(files / "mask.nii.gz", like=host.ct, labels=[7])


def test_refuses_a_mask_of_fractions(tmp_path, host):
    path = save(tmp_path / "mask.nii.gz", host.organ_mask.astype(np.float32) * 0.5, host.ct.affine)
    with pytest.raises(InvalidVolume, match="fractions"):
        read_mask(path, like=host.ct)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("voxels", [-1.0, 0.5, 1.0, 20.0])
def test_refuses_a_mask_of_the_cts_shape_that_is_shifted_and_says_how_far(tmp_path, host, axis, voxels):
    affine = host.ct.affine.copy()
    shift_mm = voxels * host.ct.spacing_mm[axis]
    affine[axis, 3] += shift_mm
    path = save(tmp_path / "mask.nii.gz", host.organ_mask.astype(np.uint8), affine)

    with pytest.raises(InvalidVolume, match=rf"shifted by .*{shift_mm:.1f}.* mm"):
        read_mask(path, like=host.ct)


def test_takes_an_affine_that_differs_by_rounding_alone(tmp_path, host):
    path = save(tmp_path / "mask.nii.gz", host.organ_mask.astype(np.uint8), host.ct.affine + 1e-4)
    assert np.array_equal(read_mask(path, like=host.ct), host.organ_mask)


def test_takes_a_mask_of_another_orientation(tmp_path, host):
    flip = np.diag([-1.0, 1.0, 1.0, 1.0])
    flip[0, 3] = host.ct.shape[0] - 1
    path = save(tmp_path / "mask.nii.gz", host.organ_mask[::-1].astype(np.uint8), host.ct.affine @ flip)
    assert np.array_equal(read_mask(path, like=host.ct), host.organ_mask)


def test_takes_a_mask_of_part_of_the_cts_voxels_as_it_is(tmp_path, host):
    affine = host.ct.affine.copy()
    affine[:3, 3] = (host.ct.affine @ [5, 0, 3, 1])[:3]
    path = save(tmp_path / "mask.nii.gz", host.organ_mask[5:, :, 3:].astype(np.uint8), affine)

    assert np.array_equal(read_mask(path, like=host.ct), host.organ_mask)  # a warning would be an error


def test_takes_a_mask_of_more_voxels_than_the_cts_as_it_is(tmp_path, host):
    affine = host.ct.affine.copy()
    affine[:3, 3] = (host.ct.affine @ [-2, -1, 0, 1])[:3]
    wider = np.pad(host.organ_mask, ((2, 3), (1, 0), (0, 4))).astype(np.uint8)
    path = save(tmp_path / "mask.nii.gz", wider, affine)

    assert np.array_equal(read_mask(path, like=host.ct), host.organ_mask)


def test_resamples_a_finer_mask_to_nearly_the_same_volume(tmp_path, host):
    fine = np.repeat(host.organ_mask, 2, axis=0).astype(np.uint8)
    affine = host.ct.affine @ np.diag([0.5, 1.0, 1.0, 1.0])
    affine[:3, 3] -= host.ct.affine[:3, 0] / 4
    path = save(tmp_path / "mask.nii.gz", fine, affine)

    with pytest.warns(MaskResampled):
        mask = read_mask(path, like=host.ct)

    assert np.array_equal(mask, host.organ_mask)


def test_refuses_a_mask_that_lies_elsewhere(tmp_path, host):
    affine = host.ct.affine.copy()
    affine[2, 3] += 5000.0
    path = save(tmp_path / "mask.nii.gz", host.organ_mask[..., 1:].astype(np.uint8), affine)
    with pytest.raises(InvalidVolume, match="outside the CT"):
        read_mask(path, like=host.ct)


def test_reads_the_sample_ct_and_its_organs(sample_host):
    millilitres = sample_host.organ_mask.sum() * 0.027
    expected = {"liver": 1125.7, "pancreas": 18.8, "kidney": 330.0}[sample_host.organ.name]
    assert millilitres == pytest.approx(expected, abs=0.1)
    assert sample_host.ct.spacing_mm == pytest.approx((3.0, 3.0, 3.0))


def test_a_volume_survives_the_round_trip(tmp_path, host):
    write_nifti(tmp_path / "ct.nii.gz", host.ct.hu, host.ct.affine)
    read = read_ct(tmp_path / "ct.nii.gz")
    assert isinstance(read, Volume)
    assert np.array_equal(read.hu, host.ct.hu)
    assert np.array_equal(read.affine, host.ct.affine)
