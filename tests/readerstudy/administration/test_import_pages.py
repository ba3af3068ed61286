"""Importing from the pages: a folder is chosen or an archive sent, a worker imports it, the page says how far it is."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from readerstudy.administration.archive_upload import ArchiveUploadHandler
from readerstudy.domain.importing.uploads import uploads_folder
from readerstudy.models.dataset import Dataset
from readerstudy.models.import_run import ImportRun
from readerstudy.models.job import Job

from . import builders

NEW, UPLOAD = "/imports/new/", "/imports/upload/"
ANSWERS = {"name": "hospital", "layout": "manifest", "origin": "real"}


@pytest.fixture
def root(tmp_path, settings):
    root = tmp_path / "imports"
    (root / "hospital" / "masks").mkdir(parents=True)
    (root / "hospital" / "manifest.csv").write_text("case_id")
    settings.IMPORT_ROOT = root
    return root


def test_a_folder_is_chosen_step_by_step(root, staff_client: Client):
    top = staff_client.get(NEW).text
    inside = staff_client.get(NEW, {"place": "hospital"}).text

    assert 'href="?place=hospital"' in top
    assert 'href="?place=hospital%2Fmasks"' in inside
    assert 'href="?place=hospital%2Fmanifest.csv"' in inside
    assert 'name="place" value="hospital"' in inside


def test_a_folder_is_imported(root, staff_client: Client):
    answers = ANSWERS | {"place": "hospital", "masks": "hospital/masks", "organs": ["liver"], "labels": "liver=5"}

    response = staff_client.post(NEW, answers)

    run = ImportRun.objects.get()
    assert response["Location"] == reverse("import-detail", args=[run.pk])
    assert (run.name, run.source, run.uploaded, str(run.actor)) == ("hospital", "hospital", False, "ann")
    assert run.options == {
        "origin": "real",
        "generator": "",
        "stand_in": False,
        "organs": ["liver"],
        "labels": {"liver": [5]},
        "masks": "hospital/masks",
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "my hospital"}, "Use letters, digits, hyphens and underscores"),
        ({"name": "shown"}, "There is a data set named &#x27;shown&#x27; already"),
        ({"place": ".."}, "lies outside the import folder"),
        ({"masks": "../masks"}, "lies outside the import folder"),
        ({"labels": "liver"}, "names no value; write liver=5."),
        ({"layout": "dcm"}, "Select a valid choice"),
        ({"origin": "synthetic", "layout": "msd"}, "needs a generator"),
    ],
)
def test_what_can_not_be_is_refused_on_the_form(root, staff_client: Client, changes, sentence):
    Dataset.objects.create(name="shown", layout="manifest")

    response = staff_client.post(NEW, ANSWERS | {"place": "hospital"} | changes)

    assert response.status_code == 200
    assert sentence in response.text
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize("place", ["..", "/etc", "hospital/../.."])
def test_nothing_outside_the_folder_is_listed(root, staff_client: Client, place):
    response = staff_client.get(NEW, {"place": place})

    assert "lies outside the import folder" in response.text
    assert response.context["listing"] is None


def test_without_a_folder_it_says_how_to_set_one_up(staff_client: Client, settings):
    settings.IMPORT_ROOT = None
    assert "No import folder is set up." in staff_client.get(NEW).text
    staff_client.post(NEW, ANSWERS)
    assert not ImportRun.objects.exists()


# A running and a failed import


def test_a_running_import_is_watched(staff_client: Client):
    run = builders.failed_import(state=Job.State.RUNNING, error="", done=3, total=8)

    page = staff_client.get(reverse("import-detail", args=[run.pk])).text
    progress = staff_client.get(reverse("import-progress", args=[run.pk])).json()

    assert f'data-progress-url="{reverse("import-progress", args=[run.pk])}"' in page
    assert progress == {"ready": 3, "total": 8, "failed": 1, "finished": False}
    assert "3 of 8" in staff_client.get(reverse("dataset-list")).text


def test_one_that_is_done_leads_to_its_data_set(staff_client: Client):
    dataset = Dataset.objects.create(name="hospital", layout="manifest")
    run = builders.failed_import(state=Job.State.SUCCEEDED, source="", dataset=dataset)

    response = staff_client.get(reverse("import-detail", args=[run.pk]))

    assert response["Location"] == reverse("dataset-detail", args=["hospital"])
    assert "Imports" not in staff_client.get(reverse("dataset-list")).text


def test_a_failed_one_says_what_was_refused_and_why(staff_client: Client):
    run = builders.failed_import()
    page = staff_client.get(reverse("import-detail", args=[run.pk])).text

    assert "1 of 2 CTs can&#x27;t be used, so nothing was imported." in page
    assert '<th scope="row">manifest.csv line 3</th><td>ct.nii.gz: the file is truncated; export it again.</td>' in page


def test_it_is_tried_again_stopped_and_dismissed(staff_client: Client):
    run = builders.failed_import()

    staff_client.post(reverse("import-retry", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == Job.State.QUEUED
    staff_client.post(reverse("import-stop", args=[run.pk]))
    run.refresh_from_db()
    assert (run.state, run.error) == (Job.State.FAILED, "Stopped by hand.")
    staff_client.post(reverse("import-dismiss", args=[run.pk]))
    assert not ImportRun.objects.exists()


# Uploads


def archive(**files: bytes) -> SimpleUploadedFile:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return SimpleUploadedFile("MUSTERMANN_ERIKA.zip", content.getvalue(), "application/zip")


def uploads() -> list[str]:
    return [path.name for path in uploads_folder().iterdir()]


def test_an_archive_is_kept_for_its_import_under_a_name_that_says_nothing(staff_client: Client):
    response = staff_client.post(UPLOAD, ANSWERS | {"archive": archive(a=b"1")})

    run = ImportRun.objects.get()
    assert response["Location"] == reverse("import-detail", args=[run.pk])
    assert (run.uploaded, uploads()) == (True, [f"{run.source}.zip"])
    with zipfile.ZipFile(uploads_folder() / f"{run.source}.zip") as packed:
        assert packed.namelist() == ["a"]


def test_one_that_is_too_large_is_cut_off(staff_client: Client, settings, monkeypatch):
    settings.UPLOAD_MAX_MB = 1
    monkeypatch.setattr("readerstudy.administration.archive_upload.FORM_BYTES", 10**9)  # a length that was not told
    written = []
    receive = ArchiveUploadHandler.receive_data_chunk
    monkeypatch.setattr(
        ArchiveUploadHandler,
        "receive_data_chunk",
        lambda self, raw, start: (receive(self, raw, start), written.append(len(raw))),
    )

    response = staff_client.post(UPLOAD, ANSWERS | {"archive": archive(a=bytes(3 * 1024**2))})

    assert (response.status_code, "Up to 1 MB are taken" in response.text) == (413, True)
    assert sum(written) <= 1024**2
    assert (uploads(), ImportRun.objects.count()) == ([], 0)


def test_one_whose_length_is_too_large_is_not_read_at_all(staff_client: Client, settings, monkeypatch):
    settings.UPLOAD_MAX_MB = 1
    monkeypatch.setattr(ArchiveUploadHandler, "new_file", lambda *_, **__: pytest.fail("it was read"))

    response = staff_client.post(UPLOAD, ANSWERS | {"archive": archive(a=bytes(3 * 1024**2))})

    assert response.status_code == 413


@pytest.mark.parametrize("changes", [{"name": "shown"}, {"name": "no name"}, {"labels": "x"}])
def test_what_is_refused_on_the_form_keeps_no_archive(staff_client: Client, changes):
    Dataset.objects.create(name="shown", layout="manifest")

    response = staff_client.post(UPLOAD, ANSWERS | {"archive": archive(a=b"1")} | changes)

    assert (response.status_code, uploads(), ImportRun.objects.count()) == (200, [], 0)
    assert "The import was not begun" in response.text


def test_without_an_archive_there_is_nothing_to_import(staff_client: Client):
    assert "Choose the zip." in staff_client.post(UPLOAD, ANSWERS).text


def test_nobody_else_sends_anything(client: Client, monkeypatch):
    monkeypatch.setattr(ArchiveUploadHandler, "new_file", lambda *_, **__: pytest.fail("it was read"))
    response = client.post(UPLOAD, ANSWERS | {"archive": archive(a=b"1")})

    assert (response.status_code, uploads()) == (302, [])


def test_an_upload_without_its_forms_token_keeps_nothing(staff, db):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")

    response = client.post(UPLOAD, ANSWERS | {"archive": archive(a=b"1")})

    assert (response.status_code, uploads()) == (403, [])
