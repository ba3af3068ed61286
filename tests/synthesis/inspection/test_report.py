import html
import html.parser
import json
import re

import nibabel as nib
import numpy as np
import pytest

from synthesis import cli
from synthesis.inspection.features import FEATURES
from tests.synthesis.inspection.conftest import SHAPE, build_case, write_cases


def call(*arguments):
    return cli.main([str(argument) for argument in arguments])


class Page(html.parser.HTMLParser):
    """What a page refers to, and its pictures."""

    def __init__(self, text):
        super().__init__()
        self.sources = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.sources += [value for name, value in attributes if name in ("src", "href")]


@pytest.fixture(scope="module")
def page(two_folders):
    """The report on the two folders."""
    out = two_folders / "page.html"
    assert call("inspect", two_folders / "synthetic", "--real", two_folders / "real", "--out", out) == 0
    return out.read_text()


def test_the_report_stands_alone(page):
    sources = Page(page).sources
    assert len(sources) == 4
    assert all(source.startswith("data:image/png;base64,") for source in sources)


def test_it_tells_how_far_real_and_synthetic_can_be_told(page):
    assert "10 synthetic tumours, 10 real ones" in page
    auc, low, high = re.search(r"AUC of <b>(.*?)</b> \(95 % interval (.*?)–(.*?)\)", page).groups()
    assert 0.7 < float(low) <= float(auc) <= float(high) <= 1
    assert float(auc) > 0.9


def test_every_figure_has_its_definition(page):
    for feature in FEATURES.values():
        assert f"<dt>{feature.name}" in page
        assert html.escape(feature.definition) in page


def test_the_table_has_the_quantiles_of_both(page):
    rows = re.findall(r"<tr><td>Contrast \(HU\)</td>(.*?)</tr>", page)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    assert [row[:2] for row in cells] == [["synthetic", "10"], ["real", "10"]]
    assert [float(row[4]) for row in cells] == pytest.approx([40, 52], abs=4)


def test_too_few_real_ones_are_said_and_the_summary_has_no_auc(tmp_path, capsys):
    for name, count in (("made", 1), ("real", 3)):
        write_cases(tmp_path / name, count)

    assert call("inspect", tmp_path / "made", "--real", tmp_path / "real", "--json") == 0

    assert json.loads(capsys.readouterr().out) == [{"report": str(tmp_path / "made" / "realism.html")}]
    assert "there are 3 real and 1 synthetic" in (tmp_path / "made" / "realism.html").read_text()


def test_without_real_ones_it_says_so_and_is_written_beside_the_cases(tmp_path, capsys):
    write_cases(tmp_path / "<b>mine", 1)

    assert call("inspect", tmp_path / "<b>mine") == 0

    page = tmp_path / "<b>mine" / "realism.html"
    assert capsys.readouterr().out == f"{page}\n"
    text = page.read_text()
    assert "No real tumours were given" in text
    assert "No host of these tumours was given" in text
    assert "<b>mine" not in text


def test_a_host_is_found_by_its_hash(files, tmp_path):
    arguments = ["generate", "--method", "cellular-automaton", "--organ", "liver", "--ct", files / "ct.nii.gz",
                 "--organ-mask", files / "mask.nii.gz", "--diameter-mm", 14, 18, "--out", tmp_path / "out"]  # fmt: skip
    assert call(*arguments) == 0
    other = build_case()
    nib.save(nib.Nifti1Image(other.ct.hu, other.ct.affine), tmp_path / "other.nii.gz")

    assert call("inspect", tmp_path / "out", "--host", tmp_path / "other.nii.gz", files / "ct.nii.gz") == 0

    text = (tmp_path / "out" / "realism.html").read_text()
    ratio = re.search(r"Noise, after over before</td><td class=text>synthetic</td><td>1</td><td>([\d.]+)", text)
    assert 0.7 < float(ratio[1]) < 1.3


def empty_mask(case):
    nib.save(nib.Nifti1Image(np.zeros(SHAPE, dtype=np.uint8), np.eye(4)), case / "tumor.nii.gz")


def damaged_recipe(case):
    (case / "recipe.json").write_text("{")


def no_mask(case):
    (case / "tumor.nii.gz").unlink()


@pytest.mark.parametrize(
    ("damage", "cause"),
    [(no_mask, "holds no case"), (empty_mask, "the mask has no voxel"), (damaged_recipe, "The recipe is not JSON")],
)
def test_unusable_cases_are_one_line_and_leave_no_page(tmp_path, capsys, damage, cause):
    write_cases(tmp_path, 1)
    damage(tmp_path / "0000")

    assert call("inspect", tmp_path) == 2

    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert cause in error
    assert not (tmp_path / "realism.html").exists()
