"""The whole way, as its people go it: an administrator and a reader in Chromium, a server and a worker beside."""

import csv
import functools
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from readerstudy.domain.slice_packs import decode_slice
from readerstudy.domain.windowing import apply_window
from synthesis.phantom.dataset import write_dataset

from .room_page import canvas_of, expect_open, painted_grays, type_numbers_seen
from .whole_site import PASSWORD, Site
from .whole_site import look_at as look_at_page

pytestmark = pytest.mark.e2e

ORGANS = ("liver", "pancreas", "kidney")
PHANTOM_SHAPE = (128, 128, 44)
PRESSED = {"r": "real", "s": "synthetic", "u": "unsure"}
BUILT_WITHIN_MS = 240_000

look_at = functools.partial(look_at_page, test="main-job")


def test_from_import_to_export(
    site: Site, administrator: Page, reader: Page, tmp_path: Path, shared_data: Path
) -> None:
    import_data(site, tmp_path, shared_data)
    log_in(site, administrator)
    create_study(site, administrator)
    generate_and_open(administrator)
    link = invite(administrator)

    accept(reader, link)
    pressed = read_by_keyboard(reader)

    exported = close_and_export(administrator, tmp_path)
    assert_export_says(exported, pressed)


def import_data(site: Site, tmp_path: Path, shared_data: Path) -> None:
    phantoms = write_dataset(tmp_path / "phantoms", real_per_organ=2, hosts=5, seed=7, shape=PHANTOM_SHAPE)
    site.manage("import_dataset", "phantoms", str(phantoms), "--layout", "manifest")
    sample = tmp_path / "sample"
    sample.mkdir()
    source = shared_data / "totalsegmentator"
    shutil.copy(source / "example_ct.nii.gz", sample / "one.nii.gz")
    shutil.copy(source / "example_seg_fast_force_split.nii.gz", sample / "one_seg.nii.gz")
    site.manage("import_dataset", "patients", str(sample), "--layout", "totalsegmentator")


def log_in(site: Site, page: Page) -> None:
    site.manage("create_staff", "ann", typed=PASSWORD)
    page.goto(site.url)
    look_at(page, "01-login")
    page.locator("[name=username]").fill("ann")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Studies")).to_be_visible()
    look_at(page, "02-no-studies")


def create_study(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/datasets/")
    look_at(page, "03-datasets")
    page.goto(f"{site.url}/studies/new/")
    look_at(page, "04-new-study")
    page.get_by_label("Title").fill("Early tumours: real or synthetic?")
    page.get_by_label("Short name").fill("early")
    page.get_by_label("Practice cases", exact=True).fill("1")
    for organ in ORGANS:
        group = page.get_by_role("group", name=organ.capitalize(), exact=True)
        group.get_by_label(f"Include the {organ}").check()
        group.get_by_label("Real cases", exact=True).fill("2")
        group.get_by_label("Synthetic cases").fill("1")
    # The liver's synthetic case goes into the patient's CT.
    page.get_by_role("group", name="Liver", exact=True).get_by_label("patients").check()

    page.get_by_role("button", name="Create study", exact=True).click()
    expect(page.get_by_text("Too few patients")).to_be_visible()  # the real ones are stand-ins: not without saying so
    look_at(page, "05-refused")
    page.get_by_label("Allow stand-ins").check()
    page.get_by_role("button", name="Create study", exact=True).click()
    expect(page.get_by_role("heading", name="Next: generate the cases")).to_be_visible()
    look_at(page, "06-draft")


def generate_and_open(page: Page) -> None:
    page.get_by_role("button", name="Generate cases").click()
    look_at(page, "07-generating")
    expect(page.get_by_role("link", name="Leak audit…")).to_be_visible(timeout=BUILT_WITHIN_MS)
    look_at(page, "08-ready")
    page.get_by_role("link", name="Leak audit…").click()
    page.get_by_role("button", name="Run the audit").click()
    expect(page.get_by_role("link", name="Open for reading")).to_be_visible(timeout=BUILT_WITHIN_MS)
    look_at(page, "08-audited")
    page.get_by_role("link", name="Open for reading").click()
    page.get_by_label("Why the study is opened all the same").fill("Too few to audit; they show how it works.")
    look_at(page, "09-open")
    page.get_by_role("button", name="Acknowledge and open").click()


def invite(page: Page) -> str:
    look_at(page, "10-no-readers")
    page.get_by_label("Code").fill("R1")
    page.get_by_label("Years of experience").fill("7")
    page.get_by_role("button", name="Invite", exact=True).click()
    look_at(page, "11-invited")
    return page.locator("[data-invitation-link]").input_value()


def accept(page: Page, link: str) -> None:
    page.goto(link)
    look_at(page, "20-invitation")
    page.get_by_role("button", name="Accept and continue").click()
    look_at(page, "21-instructions")
    page.get_by_role("button", name="Start reading").click()
    check_display(page)


def check_display(page: Page) -> None:
    """Miss the dark number, be told so, and see both the second time."""
    for missed in ("dark", None):
        expect(page.get_by_role("heading", name="Display check")).to_be_visible()
        type_numbers_seen(page, *({"dark", "bright"} - {missed}))
        look_at(page, f"21-display-{'missed' if missed else 'seen'}")
        page.get_by_role("button", name="Check and go on").click()
        if missed:
            expect(page.get_by_text("dark grays run together")).to_be_visible()
            look_at(page, "21-display-explained")


def read_by_keyboard(page: Page) -> list[str]:
    """Read every case with keys alone and return the labels of those that count, in order."""
    expect_open(page)
    look_at(page, "22-practice")
    assert_gray_values_are_exact(page)
    page.keyboard.press("?")
    look_at(page, "23-keys")
    page.keyboard.press("Escape")
    pressed = []
    keys = ["u", "r", "s", "r", "r", "s", "u", "s", "r", "s"]  # the first is practice
    for number, key in enumerate(keys):
        case = page.evaluate("fetch('/reading/state').then((answer) => answer.json())")
        assert case["progress"]["practice"] is (number == 0)
        expect(canvas_of(page)).to_have_attribute("data-painted", str(case["case"]["cue_slice"]))
        expect_open(page)
        page.keyboard.press("ArrowDown")
        page.keyboard.press(key)
        if number == 1:
            look_at(page, "24-case")
            page.reload()  # leaving and coming back goes on at the same case, with nothing stored yet
            expect(canvas_of(page)).to_have_attribute("data-painted", str(case["case"]["cue_slice"]))
            expect_open(page)
            page.keyboard.press(key)
        page.keyboard.press("Enter")
        if number < len(keys) - 1:
            page.wait_for_function(
                "token => fetch('/reading/state').then((a) => a.json()).then((s) => s.case.token !== token)",
                arg=case["case"]["token"],
            )
        if number:
            pressed.append(PRESSED[key])
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    look_at(page, "25-finished")
    return pressed


def assert_gray_values_are_exact(page: Page) -> None:
    """Compare the canvas, pixel for pixel, with the window formula in Python on the slice as it was sent."""
    page.keyboard.press("n")
    page.keyboard.press("4")
    canvas = canvas_of(page)
    expect(canvas).to_have_attribute("data-window-width", "250")
    case = page.evaluate("fetch('/reading/state').then((answer) => answer.json())")["case"]
    number = int(canvas.get_attribute("data-painted") or "")
    _, rows, columns = case["shape"]
    member = page.context.request.get(page.url.split("/reading/")[0] + case["slice_url"].replace("{n}", str(number)))
    assert member.headers["cache-control"] == "no-store"
    hu = decode_plain(member.body(), (rows, columns))
    painted = painted_grays(page, rows, columns)[:, :, 0]
    assert np.array_equal(painted, apply_window(hu, window_center=80, window_width=250))
    page.keyboard.press("n")


def decode_plain(planes: bytes, shape: tuple[int, int]) -> np.ndarray:
    """Decode a slice whose gzip the browser's network stack has taken off already."""
    import gzip

    return decode_slice(gzip.compress(planes), shape)


def close_and_export(page: Page, tmp_path: Path) -> Path:
    page.goto(page.url.split("/studies/")[0] + "/studies/early/")
    look_at(page, "12-read")
    page.get_by_role("link", name="Close the study").click()
    look_at(page, "13-close")
    page.get_by_role("button", name="Close the study").click()
    look_at(page, "14-closed")
    page.get_by_role("link", name="See the results").click()
    expect(page.get_by_text("Positive = real tumour").first).to_be_visible()
    look_at(page, "15-results")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the export").click()
    assert download.value.suggested_filename == "early-export.zip"
    path = tmp_path / "export.zip"
    download.value.save_as(path)
    return path


def assert_export_says(archive: Path, pressed: list[str]) -> None:
    with zipfile.ZipFile(archive) as files:
        names = {Path(name).name: name for name in files.namelist()}
        readings = list(csv.DictReader(io.StringIO(files.read(names["readings.csv"]).decode())))
        metrics = list(csv.DictReader(io.StringIO(files.read(names["metrics.csv"]).decode())))
        analysis = json.loads(files.read(names["analysis.json"]))
    in_order = sorted(readings, key=lambda row: int(row["order"]))
    assert [row["label"] for row in in_order] == pressed
    assert {row["reader_id"] for row in readings} == {"R1"}
    assert sorted(row["organ"] for row in readings) == sorted(ORGANS * 3)
    assert [row["truth"] for row in readings].count("real") == 6

    pooled = next(row for row in metrics if (row["reader_id"], row["organ"], row["generator"]) == ("R1", "all", "all"))
    tp, fn, tn, fp = counts(readings)
    assert [int(pooled[name]) for name in ("tp", "fn", "tn", "fp")] == [tp, fn, tn, fp]
    assert float(pooled["accuracy"]) == pytest.approx((tp + tn) / (tp + fn + tn + fp))
    assert analysis["study"]["stand_in"] is True


def counts(readings: list[dict[str, str]]) -> tuple[int, int, int, int]:
    def count(truth: str, label: str) -> int:
        return sum(row["truth"] == truth and row["label"] == label for row in readings)

    return (
        count("real", "real"),
        count("real", "synthetic"),
        count("synthetic", "synthetic"),
        count("synthetic", "real"),
    )
