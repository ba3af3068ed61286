import json
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from synthesis import cli
from synthesis.masks import equivalent_diameter_mm

ROOT = Path(__file__).parents[2]


def run(*arguments):
    """Run the command line as a user does: in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "synthesis", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def generate_arguments(files, out, *more):
    return [
        "generate", "--method", "hand-crafted", "--organ", "liver", "--ct", files / "ct.nii.gz",
        "--organ-mask", files / "mask.nii.gz", "--diameter-mm", 8, 12, "--out", out, *more,
    ]  # fmt: skip


def call(*arguments):
    """Run the command line within this process, which is quicker."""
    return cli.main([str(argument) for argument in arguments])


def assert_refused(capsys, cause):
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert cause in captured.err


def test_generates_what_the_contract_says_and_replays_it_in_another_process(files):
    out, again = files / "out", files / "again"

    done = run(*generate_arguments(files, out, "--organ-label", 5, "--count", 2, "--seed", 4, "--json"))

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    summary = json.loads(done.stdout)
    assert [line["folder"] for line in summary] == [str(out / "0000"), str(out / "0001")]
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == [
        f"{case}/{name}" for case in ("0000", "0001") for name in ("ct.nii.gz", "recipe.json", "tumor.nii.gz")
    ]
    replayed = run(
        "replay", out / "0001" / "recipe.json", "--ct", files / "ct.nii.gz",
        "--organ-mask", files / "mask.nii.gz", "--out", again,
    )  # fmt: skip
    assert replayed.returncode == 0, replayed.stderr
    for name in ("ct.nii.gz", "tumor.nii.gz", "recipe.json"):
        assert (again / "0000" / name).read_bytes() == (out / "0001" / name).read_bytes()


def test_count_gives_different_tumours_and_the_seed_the_same_ones(files):
    for name in ("a", "b"):
        assert call(*generate_arguments(files, files / name, "--count", 3, "--seed", 9)) == 0

    recipes = [(files / "a" / case / "recipe.json").read_text() for case in ("0000", "0001", "0002")]
    assert len(set(recipes)) == 3
    assert recipes == [(files / "b" / case / "recipe.json").read_text() for case in ("0000", "0001", "0002")]


def test_writes_on_the_inputs_own_grid(files, host):
    """A CT stored feet first and left to right comes back so, and overlays voxel by voxel."""
    turn = nib.orientations.axcodes2ornt(("L", "S", "A"))
    for name in ("ct.nii.gz", "mask.nii.gz"):
        nib.save(nib.load(files / name).as_reoriented(turn), files / f"turned_{name}")
    arguments = generate_arguments(files, files / "out")
    arguments[arguments.index(files / "ct.nii.gz")] = files / "turned_ct.nii.gz"

    assert call(*arguments) == 0

    before = nib.load(files / "turned_ct.nii.gz")
    after, tumor = (nib.load(files / "out" / "0000" / name) for name in ("ct.nii.gz", "tumor.nii.gz"))
    assert np.array_equal(after.affine, before.affine)
    assert np.array_equal(tumor.affine, before.affine)
    assert after.get_data_dtype() == np.int16
    assert tumor.get_data_dtype() == np.uint8
    lesion = np.asarray(tumor.dataobj) == 1
    difference = np.asarray(after.dataobj) - np.asarray(before.dataobj).astype(int)
    assert difference[lesion].mean() < -10
    assert not difference[np.asarray(nib.load(files / "turned_mask.nii.gz").dataobj) == 0].any()
    assert 7.0 < equivalent_diameter_mm(lesion, nib.affines.voxel_sizes(before.affine)) < 13.0


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (["--method", "cellular-automaton"], "not available in this version"),
        (["--method", "latent-diffusion", "--device", "cuda"], "not available in this version"),
        (["--device", "cuda"], "uses no network"),
        (["--model", "x"], "uses no network"),
        (["--organ-label", "7"], "no voxel with label 7"),
        (["--diameter-mm", "300", "400"], "largest that fits"),
        (["--diameter-mm", "12", "8"], "not positive and in order"),
        (["--ct", "nowhere.nii.gz"], "no such file"),
    ],
)
def test_unusable_input_is_one_line_and_exit_2_and_leaves_nothing(files, capsys, change, cause):
    before = set(files.iterdir())

    assert call(*generate_arguments(files, files / "out", *change)) == 2

    assert_refused(capsys, cause)
    assert set(files.iterdir()) == before


@pytest.mark.parametrize(
    "change", [["--count", "0"], ["--seed", "-1"], ["--count", "x"], ["--organ", "spleen"], ["--method", "magic"]]
)
def test_a_wrong_option_is_one_line_and_exit_2(files, capsys, change):
    with pytest.raises(SystemExit, match="2"):
        call(*generate_arguments(files, files / "out", *change))
    assert_refused(capsys, f"argument {change[0]}")


def test_a_folder_that_holds_something_is_left_alone(files, capsys):
    out = files / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("precious")

    assert call(*generate_arguments(files, out)) == 2

    assert_refused(capsys, "not an empty folder")
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_used(files):
    (files / "out").mkdir()
    assert call(*generate_arguments(files, files / "out")) == 0
    assert (files / "out" / "0000" / "ct.nii.gz").is_file()


def test_a_failure_half_way_leaves_nothing(files, monkeypatch, capsys):
    written = []

    def fail_on_the_second(path, *_arguments, **_options):
        written.append(path)
        if len(written) > 4:
            raise OSError("No space left on device")

    monkeypatch.setattr(cli, "write_nifti", fail_on_the_second)
    before = set(files.iterdir())

    assert call(*generate_arguments(files, files / "out", "--count", 3)) == 2

    assert_refused(capsys, "No space left on device")
    assert set(files.iterdir()) == before


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe\x00"], ids=["empty", "no fields", "no text"])
def test_replay_refuses_what_is_no_recipe(files, capsys, content):
    (files / "recipe.json").write_bytes(content)

    code = call("replay", files / "recipe.json", "--ct", files / "ct.nii.gz",
                "--organ-mask", files / "mask.nii.gz", "--out", files / "out")  # fmt: skip

    assert code == 2
    assert_refused(capsys, "recipe")


def test_a_resampled_mask_is_said_on_stderr(files, capsys):
    mask = nib.load(files / "mask.nii.gz")
    nib.save(mask.slicer[2:, :, :], files / "mask.nii.gz")

    assert call(*generate_arguments(files, files / "out")) == 0

    assert capsys.readouterr().err.startswith("warning: mask.nii.gz: ")


def test_lists_the_methods_with_their_sources(capsys):
    assert call("methods", "--json") == 0

    listed = json.loads(capsys.readouterr().out)
    assert [(line["method"], line["available"]) for line in listed] == [
        ("hand-crafted", True), ("cellular-automaton", False), ("latent-diffusion", False)
    ]  # fmt: skip
    assert "Hu et al." in listed[0]["source"]


@pytest.mark.parametrize("command", ["generate", "replay", "methods"])
def test_help_has_an_example(capsys, command):
    with pytest.raises(SystemExit, match="0"):
        call(command, "--help")
    assert f"python -m synthesis {command}" in capsys.readouterr().out.split("example")[1]
