"""Imports that workers do: whole or not at all, watched, stopped, tried again, and forgotten."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.draft import Draft
from readerstudy.domain.importing.runs import (
    REFUSALS_KEPT,
    Asked,
    ask_import,
    dismiss_import,
    reconcile,
    retry_import,
    run_import,
    stop_import,
)
from readerstudy.domain.importing.uploads import keep_upload, uploads_folder
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.dataset import Dataset
from readerstudy.models.import_run import ImportRun
from readerstudy.models.job import Job
from readerstudy.models.stored_file import ShelvedFile, StoredFile
from readerstudy.models.volume import OrganScan, Volume

from .archive_builder import pack, pack_folder

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MANIFEST = Asked(origin="healthy")


@pytest.fixture
def source(folder, row, settings):
    """Two patients in IMPORT_ROOT/source, one with a tumour."""
    settings.IMPORT_ROOT = folder.path.parent
    for n in (1, 2):
        folder.ct(f"{n}.nii.gz", seed=n)
    folder.mask("organ.nii.gz", (4, 12))
    folder.mask("tumor.nii.gz", (5, 8))
    folder.manifest(
        row(case_id="c1", patient_id="p1", ct="1.nii.gz"),
        row(case_id="c2", patient_id="p2", ct="2.nii.gz", origin="healthy", tumor_mask=""),
    )
    return folder


def ask(**changes):
    return ask_import(
        **{"name": "set", "layout": "manifest", "source": "source", "asked": MANIFEST, "actor": "ann"} | changes
    )


def done(run):
    run_import(run.pk)
    run.refresh_from_db()
    return run


def test_an_import_is_queued_and_rung(source, rung):
    run = ask()

    assert (run.state, str(run.actor), run.done, run.total) == (Job.State.QUEUED, "ann", 0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_told(source, rung):
    run = ask()

    assert rung() == [("run_import", [run.pk])]


def test_what_is_imported_is_what_the_command_imports(source, stored):
    run = done(ask())

    dataset = Dataset.objects.get()
    assert (run.state, run.dataset, run.done, run.total) == (Job.State.SUCCEEDED, dataset, 2, 2)
    assert (dataset.name, Volume.objects.count()) == ("set", 2)
    assert [scan.origin for scan in OrganScan.objects.order_by("row")] == ["real", "healthy"]
    assert {path.name for path in stored()} == set(StoredFile.objects.values_list("key", flat=True))
    assert not ShelvedFile.objects.exists()
    assert [str(event.actor) for event in AuditEvent.objects.all()] == ["ann", "ann"]  # asked, imported


def test_a_run_that_ended_well_says_nothing_of_its_source(source):
    run = done(ask())

    assert (run.source, run.options, run.refusals, run.error) == ("", {}, [], "")


def test_done_twice_it_is_done_once(source):
    run = done(ask())
    run_import(run.pk)

    assert Dataset.objects.count() == 1
    assert done(run).attempts == 1


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_stored(source, row, stored):
    source.nifti("3.nii.gz", array=np.zeros((4, 4, 4), np.int16))
    (source.path / "4.nii.gz").write_bytes(b"no volume")
    source.manifest(*(row(case_id=f"c{n}", patient_id=f"p{n}", ct=f"{n}.nii.gz") for n in (1, 3, 2, 4)))

    run = done(ask())

    assert run.error == "2 of 4 CTs can't be used, so nothing was imported."
    assert [where for where, _ in run.refusals] == ["manifest.csv line 3", "manifest.csv line 5"]
    assert run.refusals[0][1].startswith("3.nii.gz: the values (0 to 0) are not Hounsfield units")
    assert run.refusals[1][1].startswith("4.nii.gz: the file is truncated or damaged")
    assert (run.state, run.done, run.total, stored()) == (Job.State.FAILED, 4, 4, [])
    assert not Dataset.objects.exists()


def test_mended_it_is_tried_again(source, row):
    source.manifest(row(ct="5.nii.gz"))
    run = done(ask())
    assert run.state == Job.State.FAILED
    source.ct("5.nii.gz", seed=5)

    retry_import(run=run, actor="bob")

    assert done(run).state == Job.State.SUCCEEDED


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "no name"}, "is no name for a data set"),
        ({"layout": "nifti"}, "is no layout"),
        ({"source": "../source"}, "lies outside the import folder"),
        ({"source": "elsewhere"}, "There is nothing at 'elsewhere'"),
        ({"asked": Asked(origin="healthy", masks="..")}, "lies outside the import folder"),
        ({"asked": Asked(origin="ill")}, "is no origin"),
        ({"layout": "msd", "asked": Asked(origin="synthetic")}, "needs a generator"),
    ],
)
def test_what_can_not_be_is_refused_when_it_is_asked_for(source, changes, sentence):
    with pytest.raises(DomainError, match=sentence):
        ask(**changes)
    assert not ImportRun.objects.exists()


def test_one_name_is_imported_once_at_a_time(source):
    ask()
    with pytest.raises(DomainError, match="is being imported already"):
        ask()


def test_a_name_that_was_given_meanwhile_is_refused(source, stored):
    run = ask()
    Dataset.objects.create(name="set", layout="manifest")

    assert "already; choose another name" in done(run).error
    assert stored() == []


def test_a_waiting_import_is_stopped(source):
    run = ask()
    stop_import(run=run, actor="bob")

    assert done(run).error == "Stopped by hand."
    assert not Dataset.objects.exists()


def test_a_running_import_stops_with_the_next_ct_and_clears_away(source, stored, monkeypatch):
    run = ask()
    add_ct = Draft.add_ct

    def stop_first(draft, rows):
        stop_import(run=run, actor="bob")
        dismiss_import(run=run, actor="bob")
        add_ct(draft, rows)

    monkeypatch.setattr(Draft, "add_ct", stop_first)

    run_import(run.pk)

    assert (stored(), ImportRun.objects.count(), Dataset.objects.count()) == ([], 0, 0)
    assert not ShelvedFile.objects.exists()


def test_what_failed_long_ago_is_forgotten(source, row):
    source.manifest(row(ct="nosuch.nii.gz"))
    old, young = done(ask()), done(ask())
    ImportRun.objects.filter(pk=old.pk).update(finished_at=timezone.now() - REFUSALS_KEPT - timedelta(minutes=1))

    reconcile()

    assert [run.pk for run in ImportRun.objects.all()] == [young.pk]
    dismiss_import(run=young, actor="bob")
    assert not ImportRun.objects.exists()


def test_an_import_that_goes_on_is_not_dismissed(source):
    run = ask()
    dismiss_import(run=run, actor="bob")
    assert ImportRun.objects.exists()


# Uploads


def upload(source, tmp_path, **options):
    return keep_upload(pack_folder(tmp_path / "arrived", source.path, **options))


def test_an_uploaded_archive_is_imported_and_forgotten(source, tmp_path, stored):
    run = done(ask(source=upload(source, tmp_path, inside="ward 7/"), uploaded=True))

    assert (run.state, Volume.objects.count(), run.source) == (Job.State.SUCCEEDED, 2, "")
    assert list(uploads_folder().iterdir()) == []


def test_a_refused_archive_is_forgotten_too(source, tmp_path, stored):
    key = keep_upload(pack(tmp_path / "arrived", {"../evil": b"x"}))
    run = done(ask(source=key, uploaded=True))

    assert run.error.startswith("The archive's '../evil' leads out")
    assert list(uploads_folder().iterdir()) == []
    with pytest.raises(DomainError, match="send it again"):
        retry_import(run=run, actor="bob")


def test_a_stopped_upload_is_forgotten(source, tmp_path):
    run = ask(source=upload(source, tmp_path), uploaded=True)
    stop_import(run=run, actor="bob")

    assert list(uploads_folder().iterdir()) == []


def test_what_a_killed_worker_unpacked_is_unpacked_anew(source, tmp_path):
    key = upload(source, tmp_path)
    half = uploads_folder() / key
    half.mkdir()
    (half / "manifest.csv").write_text("half")

    assert done(ask(source=key, uploaded=True)).state == Job.State.SUCCEEDED
    assert list(uploads_folder().iterdir()) == []


def test_uploads_that_nobody_waits_for_go_after_an_hour(source, tmp_path, monkeypatch):
    wanted, stray = upload(source, tmp_path), upload(source, tmp_path)
    ask(source=wanted, uploaded=True)
    (uploads_folder() / "tmpabc").write_bytes(b"cut off")

    reconcile()
    assert len(list(uploads_folder().iterdir())) == 3
    monkeypatch.setattr("readerstudy.domain.importing.uploads.STRAY_AFTER", timedelta(seconds=-5))
    reconcile()

    assert [path.stem for path in uploads_folder().iterdir()] == [wanted]
    assert stray != wanted
