import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.source import ImportOptions, SourceMask
from readerstudy.domain.importing.totalsegmentator import read_totalsegmentator
from readerstudy.models.vocabulary import OrganName, Origin

LIVER, PANCREAS, KIDNEY = OrganName


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"read later")


def refusal(path, options=None):
    with pytest.raises(DomainError) as caught:
        read_totalsegmentator(path, options or ImportOptions())
    return str(caught.value)


def test_one_file_of_many_labels(tmp_path):
    touch(tmp_path, "b.nii.gz", "b_seg.nii.gz", "a.nii.gz", "a_seg.nii.gz", "README.md", "._a.nii.gz")

    rows = read_totalsegmentator(tmp_path, ImportOptions()).rows

    mask_of_a = (tmp_path / "a_seg.nii.gz",)
    assert [(r.number, r.case_id, r.organ, r.organ_mask) for r in rows[:3]] == [
        (1, "a", LIVER, SourceMask(mask_of_a, (5,), may_be_empty=True)),
        (2, "a", PANCREAS, SourceMask(mask_of_a, (7,), may_be_empty=True)),
        (3, "a", KIDNEY, SourceMask(mask_of_a, (2, 3), may_be_empty=True)),
    ]
    assert [(r.case_id, r.ct.path.name, r.where) for r in rows[3:]] == [
        ("b", "b.nii.gz", "row 4 (liver)"),
        ("b", "b.nii.gz", "row 5 (pancreas)"),
        ("b", "b.nii.gz", "row 6 (kidney)"),
    ]
    assert {r.origin for r in rows} == {Origin.HEALTHY}


def test_one_file_per_organ(tmp_path):
    organs = ("liver", "kidney_left", "kidney_right", "spleen")
    touch(tmp_path, "s1/ct.nii.gz", *(f"s1/segmentations/{organ}.nii.gz" for organ in organs), "other/notes.txt")
    folder = tmp_path / "s1" / "segmentations"

    rows = read_totalsegmentator(tmp_path, ImportOptions()).rows

    assert [(r.case_id, r.organ, r.organ_mask) for r in rows] == [
        ("s1", LIVER, SourceMask((folder / "liver.nii.gz",), may_be_empty=True)),
        ("s1", PANCREAS, None),
        (
            "s1",
            KIDNEY,
            SourceMask((folder / "kidney_right.nii.gz", folder / "kidney_left.nii.gz"), may_be_empty=True),
        ),
    ]


def test_other_labels_and_chosen_organs(tmp_path):
    touch(tmp_path, "a.nii.gz", "a_seg.nii.gz")
    options = ImportOptions(label_map={KIDNEY: (1, 2, 9)}, organs=(KIDNEY, LIVER))

    rows = read_totalsegmentator(tmp_path, options).rows

    assert [(r.number, r.organ, r.organ_mask.labels) for r in rows] == [(1, KIDNEY, (1, 2, 9)), (2, LIVER, (5,))]


@pytest.mark.parametrize("name", ["a_seg.nii.gz", "a.nii.gz", "a/liver.nii.gz", "a/segmentations/liver.nii.gz"])
def test_masks_in_a_folder_of_their_own(tmp_path, name):
    cts, masks = tmp_path / "cts", tmp_path / "masks"
    touch(cts, "a.nii.gz")
    touch(masks, name)

    [liver] = read_totalsegmentator(cts, ImportOptions(masks=masks, organs=(LIVER,))).rows

    assert liver.organ_mask.paths == (masks / name,)


def test_a_scan_without_masks_waits_for_them(tmp_path):
    touch(tmp_path, "a.nii.gz")

    assert [r.organ_mask for r in read_totalsegmentator(tmp_path, ImportOptions()).rows] == [None, None, None]


def test_a_mask_without_its_ct(tmp_path):
    touch(tmp_path, "a.nii.gz", "b_seg.nii.gz")

    assert refusal(tmp_path) == "b_seg.nii.gz has no CT b.nii.gz beside it; add the CT, or move the mask."


def test_a_folder_of_masks_for_other_cts(tmp_path):
    touch(tmp_path / "cts", "a.nii.gz")
    touch(tmp_path / "masks", "b_seg.nii.gz")

    assert refusal(tmp_path / "cts", ImportOptions(masks=tmp_path / "masks")) == (
        "masks holds no mask of any CT; name them NAME_seg.nii.gz as the CTs."
    )


def test_a_folder_without_cts(tmp_path):
    touch(tmp_path / "cts", "a.nrrd")

    assert refusal(tmp_path / "cts") == (
        "cts holds neither NAME.nii.gz nor NAME/ct.nii.gz; name the folder of the CTs."
    )


def test_a_file_is_no_folder(tmp_path):
    touch(tmp_path, "a.nii.gz")
    message = "'a.nii.gz' is no folder; name the one that holds the CTs, or their masks."

    assert refusal(tmp_path / "a.nii.gz") == message
    assert refusal(tmp_path, ImportOptions(masks=tmp_path / "a.nii.gz")) == message


@pytest.mark.parametrize("name", ["a.nii.gz", "b_seg.nii.gz", "s1/ct.nii.gz", "s2/segmentations/liver.nii.gz"])
def test_a_link_that_leads_outside(tmp_path, name):
    touch(tmp_path, "secret.nii.gz")
    folder = tmp_path / "cts"
    touch(folder, "b.nii.gz", "s2/ct.nii.gz", name)
    (folder / name).unlink()
    (folder / name).symlink_to(tmp_path / "secret.nii.gz")

    assert refusal(folder) == f"cts: '{name}' lies outside the data set's folder; move it inside."


def test_tumours_as_a_label_lie_in_the_organ_that_they_touch(tmp_path):
    touch(tmp_path, "a.nii.gz", "a_seg.nii.gz")
    options = ImportOptions(Origin.SYNTHETIC, generator="gan", tumor_labels=(200,), organs=(LIVER, KIDNEY))

    liver, kidney = read_totalsegmentator(tmp_path, options).rows

    assert (liver.origin, liver.generator) == (Origin.SYNTHETIC, "gan")
    assert liver.tumor_mask == kidney.tumor_mask
    assert liver.tumor_mask == SourceMask(
        (tmp_path / "a_seg.nii.gz",), (200,), may_be_empty=True, of_several_organs=True
    )
    assert kidney.organ_mask.labels == (2, 3)


def test_tumours_in_files_of_their_own(tmp_path):
    folder = tmp_path / "s1" / "segmentations"
    touch(
        tmp_path, "s1/ct.nii.gz", *(f"s1/segmentations/{name}.nii.gz" for name in ("liver", "pancreas", "liver_tumor"))
    )

    liver, pancreas, _ = read_totalsegmentator(tmp_path, ImportOptions(Origin.REAL)).rows

    assert liver.tumor_mask == SourceMask((folder / "liver_tumor.nii.gz",), may_be_empty=True)
    assert pancreas.tumor_mask is None


def test_an_origin_with_tumours_needs_their_masks(tmp_path):
    touch(tmp_path / "cts", "a.nii.gz", "a_seg.nii.gz")

    assert refusal(tmp_path / "cts", ImportOptions(Origin.REAL)) == (
        "cts: origin real needs masks of the tumours; name their label with --label-map, as tumor=200, or their files"
        " liver_tumor.nii.gz."
    )
    assert refusal(tmp_path / "cts", ImportOptions(generator="gan")) == (
        "cts: only origin synthetic has a generator; empty it, or correct the origin."
    )
