"""``python -m synthesis radiomics``: a manifest in, a table and its dictionary out."""

import csv
import json

import nibabel as nib
import numpy as np
import pytest

from synthesis import cli
from synthesis.generation import apply_recipe, sample_recipe
from synthesis.radiomics.dictionary import COLUMNS
from synthesis.radiomics.table import DESCRIPTION


@pytest.fixture(scope="module")
def data(tmp_path_factory, host):
    """Two tumours, a mask of one voxel, and a host, in a manifest."""
    folder = tmp_path_factory.mktemp("cases")
    lines = ["case_id,patient_id,organ,ct,organ_mask,tumor_mask,origin,generator"]
    nib.save(nib.Nifti1Image(host.organ_mask.astype(np.uint8), host.ct.affine), folder / "organ.nii.gz")
    for seed in (1, 2):
        tumor = apply_recipe(host, sample_recipe(host, method="hand-crafted", diameter_mm=(12, 16), seed=seed))
        nib.save(nib.Nifti1Image(tumor.apply_to(host.ct).hu, host.ct.affine), folder / f"ct{seed}.nii.gz")
        mask = tumor.full_mask(host.ct.shape).astype(np.uint8)
        nib.save(nib.Nifti1Image(mask, host.ct.affine), folder / f"tumor{seed}.nii.gz")
        lines.append(f"c{seed},p{seed},liver,ct{seed}.nii.gz,organ.nii.gz,tumor{seed}.nii.gz,synthetic,hand-crafted")
    dot = np.zeros(host.ct.shape, dtype=np.uint8)
    dot[28, 28, 20] = 1
    nib.save(nib.Nifti1Image(dot, host.ct.affine), folder / "dot.nii.gz")
    lines += ["dot,p3,kidney,ct1.nii.gz,,dot.nii.gz,real,", "host,p4,liver,ct1.nii.gz,organ.nii.gz,,healthy,"]
    (folder / "cases.csv").write_text("\n".join(lines) + "\n")
    return folder


def call(*arguments):
    return cli.main([str(argument) for argument in arguments])


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_writes_a_row_for_each_tumour_and_what_each_column_means(data, tmp_path, capsys):
    assert call("radiomics", data / "cases.csv", "--out", tmp_path / "out", "--json") == 0

    (summary,) = json.loads(capsys.readouterr().out)
    assert (summary["tumors"], summary["partly_estimable"], summary["left_out"]) == (3, 1, [])
    rows = table(tmp_path / "out" / "features.csv")
    assert [row["case_id"] for row in rows] == ["c1", "c2", "dot"]
    assert [*rows[0]] == [*DESCRIPTION, *COLUMNS, "not_estimable"]
    assert {(row["delineation"], row["not_estimable"]) for row in rows[:2]} == {("half contrast", "")}
    assert 8 < float(rows[0]["diameter_mm"]) < 20
    assert rows[2]["glcm_contrast"] == ""
    assert "a texture takes 8: glcm_autocorrelation" in rows[2]["not_estimable"]
    assert [row["column"] for row in table(tmp_path / "out" / "dictionary.csv")] == [*rows[0]]


def test_table_does_not_depend_on_the_number_of_processes(data, tmp_path):
    for jobs in (1, 2):
        assert call("radiomics", data / "cases.csv", "--out", tmp_path / str(jobs), "--jobs", jobs) == 0

    one, two = ((tmp_path / jobs / "features.csv").read_bytes() for jobs in "12")
    assert one == two


def test_tumour_that_cannot_be_read_is_left_out_by_name(data, tmp_path, capsys):
    (data / "gap.csv").write_text((data / "cases.csv").read_text() + "lost,p9,liver,lost.nii.gz,,dot.nii.gz,real,\n")

    assert call("radiomics", data / "gap.csv", "--out", tmp_path / "out") == 0

    assert "warning: lost is left out: " in capsys.readouterr().err
    assert len(table(tmp_path / "out" / "features.csv")) == 3


@pytest.mark.parametrize(
    ("manifest", "arguments", "cause"),
    [
        ("case_id,organ,ct\na,liver,ct1.nii.gz\n", [], "has no column tumor_mask"),
        ("case_id,organ,ct,tumor_mask\na,liver,ct1.nii.gz,\n", [], "names no tumour"),
        ("case_id,organ,ct,tumor_mask\na,,ct1.nii.gz,dot.nii.gz\n", [], "line 2: organ is empty"),
        ("case_id,organ,ct,tumor_mask,origin\na,liver,ct1.nii.gz,dot.nii.gz,ill\n", [], "origin 'ill' is none of"),
        ("case_id,organ,ct,tumor_mask\na,liver,lost.nii.gz,dot.nii.gz\n", [], "None of the 1 tumours"),
        ("case_id,organ,ct,tumor_mask,tumor_label\na,liver,ct1.nii.gz,dot.nii.gz,x\n", [], "'x' is no whole number"),
        ("case_id,organ,ct,tumor_mask\na,liver,ct1.nii.gz,dot.nii.gz\n", ["--bin-width-hu", "0"], "bin width of 0"),
        ("case_id,organ,ct,tumor_mask\na,liver,ct1.nii.gz,dot.nii.gz\n", ["--jobs", "0"], "--jobs 0"),
    ],
)
def test_unusable_input_is_refused_in_one_sentence(data, tmp_path, capsys, manifest, arguments, cause):
    (data / "bad.csv").write_text(manifest)

    assert call("radiomics", data / "bad.csv", "--out", tmp_path / "out", *arguments) == 2

    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert cause in captured.err
    assert not (tmp_path / "out").exists()
