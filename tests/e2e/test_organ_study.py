"""An organ-recognition study, the whole way: designed on the form, read by keys alone, closed, results and export."""

import csv
import functools
import io
import json
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from synthesis.phantom.dataset import write_dataset

from .room_page import canvas_of, expect_open, type_numbers_seen
from .whole_site import PASSWORD, Site
from .whole_site import look_at as look_at_page

pytestmark = pytest.mark.e2e

ORGANS = ("liver", "pancreas", "kidney")
BUILT_WITHIN_MS = 240_000

look_at = functools.partial(look_at_page, test="organ-study")
KEYS = {"r": "liver", "t": "pancreas", "y": "kidney", "u": "unsure"}
PRESSED = "rtyurrtyt"


def test_from_form_to_export(site: Site, administrator: Page, reader: Page, tmp_path: Path) -> None:
    phantoms = write_dataset(tmp_path / "phantoms", real_per_organ=2, hosts=6, seed=7, shape=(128, 128, 44))
    site.manage("import_dataset", "phantoms", str(phantoms), "--layout", "manifest")
    site.manage("create_staff", "ann", typed=PASSWORD)
    create_study(site, administrator)
    link = open_and_invite(administrator)

    said = read_by_keyboard(reader, link)

    close(site, administrator)
    with administrator.expect_download() as download:
        administrator.get_by_role("button", name="Download the export").click()
    assert_export_says(Path(download.value.path()), said)
    look_back(site, administrator, reader)


def create_study(site: Site, page: Page) -> None:
    page.goto(site.url)
    page.locator("[name=username]").fill("ann")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{site.url}/studies/new/")
    expect(page.get_by_label("Side of the cube (mm)")).to_be_hidden()
    page.get_by_label("Title").fill("In which organ is this early tumour?")
    page.get_by_label("Short name").fill("organs")
    page.get_by_label("What readers are asked").select_option("organ")
    expect(page.get_by_label("Equivalence margin")).to_be_hidden()
    page.get_by_label("Side of the cube (mm)").fill("50")
    page.get_by_label("Practice cases", exact=True).fill("1")
    page.get_by_label("Tell readers the truth of practice cases").check()
    page.get_by_label("Debrief readers").check()
    page.get_by_label("Allow stand-ins").check()
    for organ in ORGANS:
        group = page.get_by_role("group", name=organ.capitalize(), exact=True)
        group.get_by_label(f"Include the {organ}").check()
        group.get_by_label("Real cases", exact=True).fill("2")
        group.get_by_label("Synthetic cases").fill("1")
    look_at(page, "01-form")
    page.get_by_label("Answers", exact=True).select_option("rating-6")
    page.get_by_role("button", name="Create study", exact=True).click()
    expect(page.get_by_text("rates from synthetic to real").first).to_be_visible()
    look_at(page, "02-refused")
    page.get_by_label("Answers", exact=True).select_option("label")
    page.get_by_role("button", name="Create study", exact=True).click()
    expect(page.get_by_role("heading", name="Next: generate the cases")).to_be_visible()
    look_at(page, "03-draft")


def open_and_invite(page: Page) -> str:
    page.get_by_role("button", name="Generate cases").click()
    expect(page.get_by_role("link", name="Leak audit…")).to_be_visible(timeout=BUILT_WITHIN_MS)
    page.get_by_role("link", name="Leak audit…").click()
    page.get_by_role("button", name="Run the audit").click()
    expect(page.get_by_role("link", name="Open for reading")).to_be_visible(timeout=BUILT_WITHIN_MS)
    look_at(page, "04-audited")
    page.get_by_role("link", name="Open for reading").click()
    page.get_by_label("Why the study is opened all the same").fill("Too few to audit; they show how it works.")
    page.get_by_role("button", name="Acknowledge and open").click()
    page.get_by_label("Code").fill("R1")
    page.get_by_label("Years of experience").fill("7")
    page.get_by_role("button", name="Invite", exact=True).click()
    return page.locator("[data-invitation-link]").input_value()


def read_by_keyboard(page: Page, link: str) -> list[str]:
    """Read with keys alone; return the labels of the cases that count, in order."""
    page.goto(link)
    page.get_by_role("button", name="Accept and continue").click()
    look_at(page, "10-instructions")
    page.get_by_role("button", name="Start reading").click()
    type_numbers_seen(page, "dark", "bright")
    page.get_by_role("button", name="Check and go on").click()
    expect_open(page)
    look_at(page, "11-practice")
    page.keyboard.press("t")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The tumour of this practice case is in the")).to_be_visible()
    look_at(page, "12-feedback")
    page.get_by_role("button", name="Next case").click()
    said = []
    for number, key in enumerate(PRESSED):
        expect(page.locator("#question")).to_have_text("In which organ is this tumour?")
        case = page.evaluate("fetch('/reading/state').then((answer) => answer.json())")["case"]
        assert (case["organ"], case["shape"], case["cue_slice"]) == ("", [51, 51, 51], 25)
        expect(canvas_of(page)).to_have_attribute("data-painted", "25")
        expect_open(page)
        page.keyboard.press("ArrowDown")
        page.keyboard.press(key)
        expect(page.locator("button[data-label][aria-pressed=true]")).to_have_attribute("data-label", KEYS[key])
        if number == 1:
            look_at(page, "13-case")
        page.keyboard.press("Enter")
        said.append(KEYS[key])
        if number < len(PRESSED) - 1:
            page.wait_for_function(
                "token => fetch('/reading/state').then((a) => a.json()).then((s) => s.case.token !== token)",
                arg=case["token"],
            )
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    return said


def close(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/studies/organs/")
    look_at(page, "20-read")
    page.get_by_role("link", name="Close the study").click()
    page.get_by_role("button", name="Close the study").click()
    page.get_by_role("link", name="See the results").click()
    expect(page.get_by_text("One reader named the organ of").first).to_be_visible()
    look_at(page, "21-results")


def assert_export_says(archive: Path, said: list[str]) -> None:
    with zipfile.ZipFile(archive) as files:
        names = {name.partition("/")[2]: name for name in files.namelist()}
        readings = list(csv.DictReader(io.StringIO(files.read(names["readings.csv"]).decode())))
        confusion = list(csv.DictReader(io.StringIO(files.read(names["confusion.csv"]).decode())))
        analysis = json.loads(files.read(names["analysis.json"]))
    in_order = sorted(readings, key=lambda row: int(row["order"]))
    assert [row["label"] for row in in_order] == said
    counted = Counter((row["organ"], row["label"]) for row in readings)
    mine = {
        (row["organ"], row["answer"]): int(row["n"])
        for row in confusion
        if (row["reader_id"], row["origin"]) == ("R1", "all") and row["n"] != "0"
    }
    assert mine == counted
    assert analysis["chance"] == pytest.approx(1 / 3)
    assert analysis["study"]["stand_in"] is True


def look_back(site: Site, administrator: Page, reader: Page) -> None:
    """Look at the report, a case, and what the reader is told."""
    administrator.goto(f"{site.url}/studies/organs/report/")
    expect(administrator.get_by_text("Report of an organ-recognition study")).to_be_visible()
    look_at(administrator, "22-report")
    reader.goto(f"{site.url}/reading/debrief/")
    expect(reader.get_by_text("you named").first).to_be_visible()
    look_at(reader, "14-debrief")
