import re
from pathlib import Path

import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.manifest import read_manifest
from readerstudy.domain.importing.source import ImportOptions, NiftiCT, SourceMask, SourceRow
from readerstudy.models.vocabulary import OrganName, Origin

FILES = ("ct.nii.gz", "organ.nii.gz", "tumor.nii.gz")
MINIMAL = "case_id,organ,ct,organ_mask,tumor_mask,origin\n"


@pytest.fixture
def files(folder):
    for name in FILES:
        (folder.path / name).write_bytes(b"read later")
    return folder


def refusal(path: Path, options: ImportOptions | None = None) -> str:
    with pytest.raises(DomainError) as caught:
        read_manifest(path, options or ImportOptions())
    return str(caught.value)


def test_every_cell_of_a_row(files, row):
    path = files.manifest(
        row(
            organ="kidney",
            organ_label="2;3",
            tumor_label="4",
            origin="synthetic",
            generator="gan",
            stand_in="yes",
        )
        | {"lesion_type": "Clear-cell carcinoma"}
    )

    source = read_manifest(path, ImportOptions())

    assert source.folder == files.path
    assert source.warnings == []
    assert source.rows == [
        SourceRow(
            number=1,
            where="manifest.csv line 2",
            case_id="c1",
            patient_id="p1",
            organ=OrganName.KIDNEY,
            ct=NiftiCT(files.path / "ct.nii.gz"),
            organ_mask=SourceMask((files.path / "organ.nii.gz",), (2, 3)),
            tumor_mask=SourceMask((files.path / "tumor.nii.gz",), (4,)),
            origin=Origin.SYNTHETIC,
            generator="gan",
            stand_in=True,
            lesion_type="clear-cell carcinoma",
        )
    ]


def test_a_lesion_type_is_a_word_of_the_table(files, row):
    path = files.manifest(row() | {"lesion_type": "seen by Dr. Mustermann"})

    assert refusal(path) == (
        "manifest.csv line 2: 'seen by Dr. Mustermann' is no lesion_type of the liver; write metastasis or carcinoma,"
        " or nothing."
    )


def test_optional_columns_may_be_missing(files):
    path = files.text(MINIMAL + "c1,kidneys,ct.nii.gz,,,healthy\n")

    [only] = read_manifest(path, ImportOptions()).rows

    assert (only.organ, only.patient_id, only.organ_mask, only.tumor_mask) == (OrganName.KIDNEY, "", None, None)
    assert (only.generator, only.stand_in) == ("", False)


def test_the_command_line_fills_empty_cells_alone(files, row):
    path = files.manifest(
        row(case_id="c1", origin="", generator="", stand_in=""),
        row(case_id="c2", origin="synthetic", generator="theirs", stand_in="false"),
        row(case_id="c3", origin="healthy", tumor_mask=""),
    )

    rows = read_manifest(path, ImportOptions(Origin.SYNTHETIC, generator="ours", stand_in=True)).rows

    assert [(r.origin, r.generator, r.stand_in) for r in rows] == [
        ("synthetic", "ours", True),
        ("synthetic", "theirs", False),
        ("healthy", "", True),
    ]


def test_a_byte_order_mark_semicolons_and_crlf_as_spreadsheets_write(files):
    lines = [MINIMAL.strip().replace(",", ";") + ";organ_label", 'c1;liver;ct.nii.gz;organ.nii.gz;;healthy;"2;3"']
    path = files.text("\r\n".join(lines), encoding="utf-8-sig")

    [only] = read_manifest(path, ImportOptions()).rows

    assert only.case_id == "c1"
    assert only.organ_mask.labels == (2, 3)


def test_a_folder_stands_for_its_manifest(files, row):
    files.manifest(row())

    assert len(read_manifest(files.path, ImportOptions()).rows) == 1


def test_rows_keep_their_number_when_organs_are_left_out(files, row):
    path = files.manifest(row(organ="liver"), row(organ="pancreas"))

    [only] = read_manifest(path, ImportOptions(organs=(OrganName.PANCREAS,))).rows

    assert (only.number, only.organ) == (2, OrganName.PANCREAS)


def test_empty_lines_are_passed_over_and_counted(files):
    path = files.text(MINIMAL + "\n,,,,,\nc1,spleen,ct.nii.gz,,,healthy\n")

    assert refusal(path) == "manifest.csv line 4: 'spleen' is no organ; write liver or pancreas or kidney."


def test_unknown_columns_are_noted(files):
    path = files.text(MINIMAL.strip() + ",age,sex\nc1,liver,ct.nii.gz,,,healthy,61,f\n")

    assert read_manifest(path, ImportOptions()).warnings == [
        "Columns that a manifest does not have were left out, counted from the left: 7, 8."
    ]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"case_id": ""}, "case_id is empty; name the case."),
        ({"ct": ""}, "ct is empty; name the CT's file."),
        ({"organ": ""}, "'' is no organ; write liver or pancreas or kidney."),
        ({"origin": "genuine"}, "'genuine' is no origin; write real or healthy or synthetic."),
        ({"stand_in": "perhaps"}, "stand_in is 'perhaps'; write true or false."),
        ({"organ_label": "2,3"}, "organ_label: '2,3' is no list of mask values; write 2 or 2;3."),
        ({"tumor_label": "0"}, "tumor_label: mask values are 1 or more (0 is the background), not '0'."),
        ({"tumor_mask": ""}, "origin real needs a tumor_mask; name the mask of the tumour."),
        (
            {"organ_mask": "", "organ_label": "5"},
            "organ_label is set and organ_mask is empty; name the mask's file.",
        ),
        (
            {"origin": "healthy"},
            "a healthy host has no tumor_mask; empty it, or correct the origin.",
        ),
        ({"origin": "synthetic"}, "origin synthetic needs a generator; name what made the tumour."),
        ({"generator": "gan"}, "only origin synthetic has a generator; empty it, or correct the origin."),
        (
            {"origin": "synthetic", "generator": "hand-crafted"},
            "'hand-crafted' is a method of this project; name your generator otherwise.",
        ),
        (
            {"origin": "synthetic", "generator": "all"},
            "'all' stands for every generator in results; name it otherwise.",
        ),
        (
            {"origin": "synthetic", "generator": "g" * 81},
            "the generator's name is longer than 80 letters; shorten it.",
        ),
        ({"ct": "gone.nii.gz"}, "there is no file 'gone.nii.gz' in the data set's folder."),
        ({"ct": "."}, "there is no file '.' in the data set's folder."),
        ({"ct": "../secret.nii.gz"}, "'../secret.nii.gz' lies outside the data set's folder; move it inside."),
        ({"organ_mask": "/etc/passwd"}, "'/etc/passwd' lies outside the data set's folder; move it inside."),
        ({"ct": "link.nii.gz"}, "'link.nii.gz' lies outside the data set's folder; move it inside."),
        ({"ct": "a\0b"}, "'a\\x00b' is no usable file name; correct it."),
        ({"ct": "x" * 5000}, f"'{'x' * 5000}' is no usable file name; correct it."),
    ],
)
def test_a_bad_cell_is_refused_by_line(files, row, cells, message):
    secret = files.path.parent / "secret.nii.gz"
    secret.write_bytes(b"of another patient")
    (files.path / "link.nii.gz").symlink_to(secret)
    path = files.manifest(row(organ="pancreas"), row(**cells))

    said = refusal(path)

    assert re.sub(r"^manifest\.csv line 3(: |, )", "", said) == message


def test_an_absolute_path_inside_the_folder_is_as_good(files, row):
    path = files.manifest(row(ct=str(files.path / "ct.nii.gz")))

    assert read_manifest(path, ImportOptions()).rows[0].ct.path == files.path / "ct.nii.gz"


def test_one_organ_of_one_case_stands_once(files, row):
    path = files.manifest(row(), row(organ="kidney"), row(ct="organ.nii.gz"))

    assert refusal(path) == "manifest.csv line 4: case 'c1' has its liver on line 2 already."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "manifest.csv is empty; a manifest begins with a header."),
        (MINIMAL, "manifest.csv has a header and no rows; add one row per CT and organ."),
        ("case_id,organ,ct\nc1,liver,a\n", "manifest.csv line 1: the header lacks organ_mask, tumor_mask, origin."),
        ("case_id," + MINIMAL, "manifest.csv line 1: the header names a column twice."),
        (
            MINIMAL + "c1,liver,ct.nii.gz,,,healthy,\n",
            "manifest.csv line 2: the row needs 6 cells, as the header; quote a cell that holds the delimiter.",
        ),
        (
            MINIMAL + "c1,liver\n",
            "manifest.csv line 2: the row needs 6 cells, as the header; quote a cell that holds the delimiter.",
        ),
        (MINIMAL + '"c1,liver\n', "manifest.csv line 2: this is no CSV (unexpected end of data)."),
    ],
)
def test_a_file_that_is_no_manifest(files, text, message):
    assert refusal(files.text(text)) == message


def test_a_file_that_is_no_text(files):
    path = files.text(MINIMAL, encoding="utf-16")

    assert refusal(path) == "manifest.csv is not UTF-8 text; save the manifest as CSV UTF-8."


def test_a_file_too_large_for_a_manifest(files):
    path = files.path / "ct.nii"
    with path.open("wb") as file:
        file.truncate(65 * 1024**2)

    assert refusal(path) == "ct.nii is too large for a manifest (68157440 bytes); name the CSV file."


def test_a_folder_without_a_manifest(folder):
    assert refusal(folder.path) == ("manifest.csv can't be read (No such file or directory); name the manifest's file.")


def test_masks_and_labels_are_the_manifests_own(files, row):
    path = files.manifest(row())
    message = "A manifest names its masks and labels itself; leave out --masks and --label-map."

    assert refusal(path, ImportOptions(masks=files.path)) == message
    assert refusal(path, ImportOptions(label_map={OrganName.LIVER: (1,)})) == message
