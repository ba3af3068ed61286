"""Staff import a data set in the browser, see how far it is, and look at a scan with its masks."""

import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from readerstudy.domain.importing.runs import run_import
from readerstudy.domain.previews import make_preview
from readerstudy.models.import_run import ImportRun
from readerstudy.models.volume_preview import VolumePreview

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

# Playwright keeps an event loop in this thread; Django would take that for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

SHAPE = (48, 40, 24)
PASSWORD = "a long pass phrase"
SECONDS = 1000


@pytest.fixture
def source(tmp_path: Path, settings) -> Path:
    """A folder with one patient's liver tumour, and a CT that is none."""
    settings.IMPORT_ROOT = tmp_path / "imports"
    folder = settings.IMPORT_ROOT / "hospital"
    folder.mkdir(parents=True)
    hu = np.full(SHAPE, -1000, np.int16)
    hu[4:-4, 4:-4] = np.random.default_rng(0).normal(50, 12, (40, 32, 24)).round()
    organ, tumor = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    organ[10:34, 10:30, 4:20] = 1
    tumor[16:24, 16:24, 8:14] = 1
    for name, array in (("ct", hu), ("organ", organ), ("tumor", tumor)):
        nib.save(nib.Nifti1Image(array, np.diag([1.5, 1.5, 3, 1])), folder / f"{name}.nii.gz")
    (folder / "bad.nii.gz").write_bytes(b"no volume")
    header = "case_id,organ,ct,organ_mask,tumor_mask,origin"
    row = "c{n},liver,{ct}.nii.gz,organ.nii.gz,tumor.nii.gz,real"
    (folder / "broken.csv").write_text("\n".join([header, row.format(n=1, ct="ct"), row.format(n=2, ct="bad")]))
    (folder / "manifest.csv").write_text("\n".join([header, row.format(n=1, ct="ct")]))
    return folder


@pytest.fixture
def staff_page(page: Page, live_server, source, settings, monkeypatch) -> Page:
    """A page on which staff are logged in; what a worker would be told of, the test does itself."""
    monkeypatch.setattr("readerstudy.domain.jobs._ring_now", lambda *_: None)
    User.objects.create_user("ann", password=PASSWORD, is_staff=True, is_superuser=True)
    page.goto(f"{live_server.url}/login/")
    page.fill("[name=username]", "ann")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{live_server.url}/datasets/")
    return page


def choose(page: Page, manifest: str) -> None:
    page.get_by_role("link", name="Import a data set").first.click()
    page.get_by_role("link", name="hospital/").click()
    page.get_by_role("link", name=manifest).click()
    page.fill("[name=name]", "hospital")
    page.get_by_role("button", name="Import").click()


def work() -> None:
    for run in ImportRun.objects.filter(state="queued"):
        run_import(run.pk)


def test_a_folder_is_imported_while_the_page_watches_and_a_scan_is_shown(staff_page: Page):
    page = staff_page
    choose(page, "manifest.csv")
    expect(page.get_by_role("heading", name="Waiting for a worker")).to_be_visible()

    work()

    expect(page.get_by_role("heading", name="hospital", exact=True)).to_be_visible(timeout=10 * SECONDS)
    expect(page.locator(".scans img")).to_have_js_property("naturalWidth", 128)
    with page.expect_response("**/preview"):
        page.get_by_role("link", name="Row 1, look at it").click()
    expect(page.get_by_text("Preparing the images")).to_be_visible()
    make_preview(VolumePreview.objects.get().pk)
    canvas = page.locator(".preview canvas").first
    expect(canvas).to_have_attribute("data-painted", "12", timeout=10 * SECONDS)
    expect(page.get_by_text("Preparing the images")).to_be_hidden()


def test_what_is_wrong_is_said_row_by_row(staff_page: Page):
    page = staff_page
    choose(page, "broken.csv")
    work()

    expect(page.get_by_role("heading", name="Nothing was imported")).to_be_visible(timeout=10 * SECONDS)
    expect(page.get_by_role("row", name="broken.csv line 3")).to_contain_text("bad.nii.gz: ")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("Nothing is imported yet.")).to_be_visible()
