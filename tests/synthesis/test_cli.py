import json
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from matplotlib import image
from scipy import ndimage

from synthesis import batch, cli
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


@pytest.mark.parametrize("method", ["hand-crafted", "cellular-automaton"])
def test_generates_what_the_contract_says_and_replays_it_in_another_process(files, method):
    out, again = files / "out", files / "again"

    done = run(
        *generate_arguments(files, out, "--method", method, "--organ-label", 5, "--count", 2, "--seed", 4, "--json")
    )

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
        (["--series", "3"], "does not grow its tumours"),
        (["--method", "cellular-automaton", "--series", "3", "--diameter-mm", "8", "400"], "largest that fits"),
        (["--method", "cellular-automaton", "--series", "3", "--diameter-mm", "12", "8"], "not positive and in order"),
        (["--into-fat"], "do not grow out into fat"),
        (["--method", "cellular-automaton", "--lesions", "2"], "does not know the option 'lesions'"),
        (["--jobs", "2", "--count", "2", "--diameter-mm", "300", "400"], "largest that fits"),
        (["--ct", "."], "must be both files or both folders"),
        (["--method", "latent-diffusion", "--model", "none-such"], "There is no model 'none-such'"),
        (["--method", "latent-diffusion", "--lesions", "2"], "does not know the option 'lesions'"),
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
    "change",
    [
        ["--count", "0"],
        ["--seed", "-1"],
        ["--count", "x"],
        ["--organ", "spleen"],
        ["--method", "magic"],
        ["--series", "1"],
        ["--jobs", "0"],
    ],
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

    monkeypatch.setattr(batch, "write_nifti", fail_on_the_second)
    before = set(files.iterdir())

    assert call(*generate_arguments(files, files / "out", "--count", 3)) == 2

    assert_refused(capsys, "No space left on device")
    assert set(files.iterdir()) == before


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("method", ["hand-crafted", "cellular-automaton"])
def test_the_number_of_processes_changes_nothing(files, method):
    for jobs in (1, 3):
        options = ["--method", method, "--count", 3, "--seed", 5, "--jobs", jobs]
        assert run(*generate_arguments(files, files / f"jobs{jobs}", *options)).returncode == 0

    assert contents(files / "jobs1") == contents(files / "jobs3")
    assert len(contents(files / "jobs1")) == 9


@pytest.fixture
def folders(files):
    """Two CTs in ``cts`` and their masks in ``masks``."""
    for folder, name in (("cts", "ct.nii.gz"), ("masks", "mask.nii.gz")):
        (files / folder).mkdir()
        for patient in ("anna", "bert"):
            shutil.copy(files / name, files / folder / f"{patient}.nii.gz")
    return files


def folder_arguments(folders, *more):
    arguments = generate_arguments(folders, folders / "out", *more)
    arguments[arguments.index(folders / "ct.nii.gz")] = folders / "cts"
    arguments[arguments.index(folders / "mask.nii.gz")] = folders / "masks"
    return arguments


def test_a_folder_of_cts_gives_each_its_own_tumours(folders, capsys):
    assert call(*folder_arguments(folders, "--count", 2, "--jobs", 2, "--json")) == 0

    out = folders / "out"
    lines = json.loads(capsys.readouterr().out)
    assert [line["folder"] for line in lines] == [
        str(out / name / case) for name in ("anna", "bert") for case in ("0000", "0001")
    ]
    assert len({(out / line["folder"] / "recipe.json").read_text() for line in lines}) == 4


def test_a_ct_without_a_mask_is_named(folders, capsys):
    (folders / "masks" / "bert.nii.gz").unlink()
    assert call(*folder_arguments(folders)) == 2
    assert_refused(capsys, "bert.nii.gz has no mask of its name")
    assert not (folders / "out").exists()


def test_a_folder_without_cts_is_refused(folders, capsys):
    for path in (folders / "cts").iterdir():
        path.unlink()
    assert call(*folder_arguments(folders)) == 2
    assert_refused(capsys, "holds no .nii or .nii.gz file")


def test_a_damaged_ct_among_many_is_named_and_leaves_nothing(folders, capsys):
    (folders / "cts" / "bert.nii.gz").write_bytes(b"not a volume")
    assert call(*folder_arguments(folders, "--jobs", 2)) == 2
    assert_refused(capsys, "bert.nii.gz")
    assert not (folders / "out").exists()


def test_several_tumours_go_into_one_ct(files):
    assert call(*generate_arguments(files, files / "out", "--lesions", 2, "--seed", 3)) == 0
    tumor = np.asarray(nib.load(files / "out" / "0000" / "tumor.nii.gz").dataobj)
    assert ndimage.label(tumor)[1] == 2


def test_previews_show_the_tumour_in_three_planes(files):
    assert call(*generate_arguments(files, files / "out", "--preview")) == 0

    picture = image.imread(files / "out" / "0000" / "preview.png")
    tiles = [np.array_split(row, 3, axis=1) for row in np.array_split(picture[..., :3], 3, axis=0)]
    for before, after, outlined in tiles:
        assert before.std() > 0.1
        assert np.abs(before - after).mean() > 0.001
        assert coloured(outlined) > 50 > coloured(after)


def coloured(tile):
    """How many pixels are no gray: those of an outline."""
    return int((np.ptp(tile, axis=-1) > 0.3).sum())


def test_a_series_is_one_tumour_as_it_grows_with_a_sheet_of_all_ages(files, host):
    options = ["--method", "cellular-automaton", "--series", 3, "--diameter-mm", 8, 20]
    assert call(*generate_arguments(files, files / "out", *options)) == 0

    case = files / "out" / "0000"
    masks = [np.asarray(nib.load(case / f"age-{age:02d}" / "tumor.nii.gz").dataobj) == 1 for age in range(3)]
    sizes = [equivalent_diameter_mm(mask, host.ct.spacing_mm) for mask in masks]
    assert sizes == pytest.approx([8.0, 14.0, 20.0], rel=0.05)
    assert (masks[0] & masks[2]).sum() > 0.9 * masks[0].sum()
    assert image.imread(case / "series.png").std() > 0.1


def test_every_age_of_a_series_replays_from_its_own_recipe(files):
    options = ["--method", "cellular-automaton", "--series", 2, "--diameter-mm", 8, 16]
    assert call(*generate_arguments(files, files / "out", *options)) == 0
    young = files / "out" / "0000" / "age-00"

    code = call("replay", young / "recipe.json", "--ct", files / "ct.nii.gz",
                "--organ-mask", files / "mask.nii.gz", "--out", files / "again")  # fmt: skip

    assert code == 0
    assert contents(files / "again" / "0000") == contents(young)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe\x00"], ids=["empty", "no fields", "no text"])
def test_replay_refuses_what_is_no_recipe(files, capsys, content):
    (files / "recipe.json").write_bytes(content)

    code = call("replay", files / "recipe.json", "--ct", files / "ct.nii.gz",
                "--organ-mask", files / "mask.nii.gz", "--out", files / "out")  # fmt: skip

    assert code == 2
    assert_refused(capsys, "recipe")


def test_a_resampled_mask_is_said_on_stderr(files, capsys):
    mask = nib.load(files / "mask.nii.gz")
    nib.save(mask.slicer[::2, :, :], files / "mask.nii.gz")  # every other voxel: another grid

    assert call(*generate_arguments(files, files / "out")) == 0

    assert capsys.readouterr().err.startswith("warning: mask.nii.gz: ")


def test_lists_the_methods_with_their_sources(capsys):
    assert call("methods", "--json") == 0

    listed = json.loads(capsys.readouterr().out)
    assert [(line["method"], line["available"]) for line in listed] == [
        ("hand-crafted", True), ("cellular-automaton", True), ("latent-diffusion", True)
    ]  # fmt: skip
    assert "Hu et al." in listed[0]["source"]
    assert "Lai et al." in listed[1]["source"]
    assert "Chen et al." in listed[2]["source"]


@pytest.mark.parametrize("command", ["generate", "replay", "methods", "train", "models", "phantoms"])
def test_help_has_an_example(capsys, command):
    with pytest.raises(SystemExit, match="0"):
        call(command, "--help")
    assert f"python -m synthesis {command}" in capsys.readouterr().out.split("example")[1]
