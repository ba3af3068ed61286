"""Counts of cases and readings, which never tell how right a reader is."""

import dataclasses
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.display_checks import record_display_check
from readerstudy.domain.generation import run_synthesis, write_pack
from readerstudy.domain.queries.progress import readiness, study_progress
from readerstudy.domain.queries.readers import reader_progress
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.sittings import current_break
from readerstudy.models.case import SlicePack
from readerstudy.models.job import Job
from readerstudy.models.reader import Reader, ReaderContact
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def counts(study):
    progress = study_progress(study)
    return progress.ready, progress.running, progress.queued, progress.failed


@pytest.fixture
def preparing():
    factories.make_patients(real=2, hosts=2)
    study = factories.make_draft()
    start_generation(study=study, actor="ann")
    return study


def read(reader, n):
    for _ in range(n):
        token = current_state(reader=reader)["case"]["token"]
        record_reading(reader=reader, token=token, answer=Answer(uuid.uuid4(), Label.REAL, 5, ""))


def test_a_draft_has_no_cases_and_is_not_ready():
    factories.make_patients(real=2, hosts=2)
    study = factories.make_draft()

    assert counts(study) == (0, 0, 0, 0)
    assert study_progress(study).fraction == 0
    assert readiness(study) == ["Its cases have not been generated."]


def test_a_case_counts_once_while_its_tumour_and_then_its_pack_are_made(preparing):
    run = SynthesisRun.objects.first()
    assert counts(preparing) == (0, 0, 4, 0)

    SynthesisRun.objects.filter(pk=run.pk).update(state=Job.State.RUNNING)
    assert counts(preparing) == (0, 1, 3, 0)

    SynthesisRun.objects.filter(pk=run.pk).update(state=Job.State.QUEUED)
    run_synthesis(run.pk)
    assert counts(preparing) == (0, 0, 4, 0)

    for pack in SlicePack.objects.all():
        write_pack(pack.pk)
    assert counts(preparing) == (3, 0, 1, 0)
    assert readiness(preparing) == ["1 of 4 cases are still being built."]


def test_failures_are_counted_and_said(preparing):
    factories.build_cases(preparing)
    pack = SlicePack.objects.first()
    SlicePack.objects.filter(pk=pack.pk).update(state=Job.State.FAILED, file=None, error="No room.")

    progress = study_progress(preparing)

    assert counts(preparing) == (3, 0, 0, 1)
    assert (progress.finished, progress.fraction) == (True, 1.0)
    assert progress.failures == [("liver", "No room.")]
    assert readiness(preparing) == ["1 of 4 cases failed; retry them."]


def test_readers_are_counted_apart_from_practice():
    study = factories.make_study_of_patients(real=4, hosts=4, reading={"practice": 1})
    started, idle = factories.make_reader(study, "R1"), factories.make_reader(study, "R2")
    read(started, 3)

    first, second = reader_progress(study)

    assert (first.reader, first.done, first.total) == (started, 2, 4)
    assert (first.practice_done, first.practice_total, first.finished) == (1, 1, False)
    assert first.last_reading_at is not None
    assert (second.reader, second.done, second.practice_done, second.last_reading_at) == (idle, 0, 0, None)

    read(started, 2)
    assert reader_progress(study)[0].finished


def test_progress_knows_nothing_of_labels_or_truth():
    study = factories.make_study_of_patients(real=2, hosts=2)
    read(factories.make_reader(study), 1)

    (progress,) = reader_progress(study)

    assert {field.name for field in dataclasses.fields(progress)} == {
        "reader", "sittings", "practice_done", "practice_total", "active_ms", "last_reading_at", "next_sitting_on",
        "display_passed",
    }  # fmt: skip


def test_the_latest_check_of_a_readers_display_counts():
    study = factories.make_study_of_patients(real=2, hosts=2)
    dim, mended, _unchecked = (factories.make_reader(study, code) for code in ("R1", "R2", "R3"))
    for reader, seen in ((dim, "47"), (dim, ""), (mended, ""), (mended, "47")):
        record_display_check(reader=reader, found=factories.display_found(dark_seen=seen))

    assert [progress.display_passed for progress in reader_progress(study)] == [False, True, None]


@pytest.mark.parametrize("n_readers", [1, 20])
def test_readers_progress_costs_two_queries_however_many_read(django_assert_num_queries, n_readers):
    study = factories.make_study_of_patients(real=2, hosts=2)
    for n in range(n_readers):
        reader = factories.make_reader(study, f"R{n:02}")
        ReaderContact.objects.create(reader=reader, email="a@example.org")
        read(reader, n % 3)

    with django_assert_num_queries(2):
        progress = reader_progress(study)
        assert [(one.done, one.email) for one in progress] == [(n % 3, "a@example.org") for n in range(n_readers)]


def test_staff_see_the_day_of_the_next_sitting_that_the_reader_is_told():
    study = factories.make_study_of_patients(real=2, hosts=2, reading={"sittings": 2, "washout_days": 28})
    reader = factories.make_reader(study)
    Reader.objects.update(accepted_at=timezone.now())
    assert reader_progress(study)[0].next_sitting_on is None
    read(reader, 2)

    (progress,) = reader_progress(study)

    assert progress.next_sitting_on == current_break(reader=reader).from_day
    assert [(sitting.name, sitting.done, sitting.total) for sitting in progress.sittings] == [("1", 2, 2), ("2", 0, 2)]
    assert (progress.active_ms, progress.is_due, progress.is_stalled) == (10, False, False)


def test_a_reader_of_whom_nothing_comes_is_pointed_out(settings):
    settings.STALLED_AFTER_DAYS = 14
    study = factories.make_study_of_patients(real=2, hosts=2)
    factories.make_reader(study)
    assert not reader_progress(study)[0].is_stalled  # nothing is due of somebody who has not accepted

    for days, stalled in ((13, False), (14, True)):
        Reader.objects.update(accepted_at=timezone.now() - timedelta(days=days))
        (progress,) = reader_progress(study)
        assert (progress.idle_days, progress.is_stalled) == (days, stalled)


def test_a_studys_progress_costs_three_queries(preparing, django_assert_num_queries):
    with django_assert_num_queries(3):
        study_progress(preparing)
