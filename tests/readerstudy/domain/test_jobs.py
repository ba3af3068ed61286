"""Work is done once, whoever dies: claims, leases, failures, and what rings for what was lost."""

import threading
import time
import uuid
from datetime import timedelta

import pytest
from celery import current_app
from django.db import InterfaceError
from django.db import OperationalError as DatabaseAway
from django.utils import timezone
from kombu.exceptions import OperationalError

from readerstudy.domain.bell import ring_pack
from readerstudy.domain.errors import DomainError
from readerstudy.domain.jobs import (
    MAX_ATTEMPTS,
    RING_AGAIN_AFTER,
    claimable,
    remove_leftovers,
    requeue,
    run,
    unheard,
)
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.job import Job
from readerstudy.models.stored_file import ShelvedFile, StoredFile
from readerstudy.models.study import Study

pytestmark = [pytest.mark.django_db, pytest.mark.database]

DONE = {"offsets": [0, 4], "shape": [1, 1, 1], "spacing_mm": [1.0, 1.0, 1.0], "cue_slice": 0}


def make_job(**fields):
    study, _ = Study.objects.get_or_create(slug="s", defaults={"design": {}, "design_sha256": ""})
    case = Case.objects.create(study=study, code=uuid.uuid4().hex, organ="liver")
    return SlicePack.objects.create(case=case, **fields)


def write(content, *, calls=None):
    """Return work that stores a file with this content."""

    def work(shelf):
        if calls is not None:
            calls.append(content)
        file = shelf.write(lambda stream: stream.write(content))
        return lambda: {"file": file, **DONE}

    return work


def refuse(error):
    def work(shelf):
        shelf.write(lambda stream: stream.write(b"half"))
        raise error

    return work


def fresh(job):
    return SlicePack.objects.get(pk=job.pk)


def expire(job):
    SlicePack.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def stored_contents(data_root):
    return sorted(path.read_bytes() for path in (data_root / "store").rglob("*") if path.is_file())


def test_a_job_that_runs_twice_works_once(data_root):
    job, calls = make_job(), []

    assert run(job, write(b"first", calls=calls))
    assert run(fresh(job), write(b"second", calls=calls))

    job = fresh(job)
    assert calls == [b"first"]
    assert stored_contents(data_root) == [b"first"]
    assert (job.state, job.attempts, job.token, job.lease_expires_at) == (Job.State.SUCCEEDED, 1, None, None)
    assert job.finished_at is not None
    assert StoredFile.objects.get() == job.file


def test_a_job_that_is_held_is_left_alone():
    job, calls = make_job(), []

    def work(shelf):
        assert not run(fresh(job), write(b"second", calls=calls))
        return write(b"first")(shelf)

    assert run(job, work)
    assert calls == []


def test_a_result_that_comes_after_the_lease_was_lost_is_thrown_away(data_root):
    job = make_job()

    def slow(shelf):
        commit = write(b"first")(shelf)
        expire(job)
        assert run(fresh(job), write(b"second"))
        return commit

    run(job, slow)

    job = fresh(job)
    assert stored_contents(data_root) == [b"second"]
    assert StoredFile.objects.get() == job.file
    assert (job.state, job.attempts) == (Job.State.SUCCEEDED, 2)


def test_a_result_that_comes_while_another_works_is_thrown_away(data_root):
    """The job is running, but under another claim: only the token tells."""
    job = make_job()

    def slow(shelf):
        expire(job)
        SlicePack.objects.filter(pk=job.pk).update(
            token=uuid.uuid4(), lease_expires_at=timezone.now() + timedelta(minutes=1)
        )
        return write(b"first")(shelf)

    assert not run(job, slow)

    assert (fresh(job).state, fresh(job).file) == (Job.State.RUNNING, None)
    assert stored_contents(data_root) == []


@pytest.mark.parametrize("error", [DatabaseAway(), InterfaceError()])
def test_a_database_that_was_away_costs_a_lease_not_the_job(error, data_root):
    job = make_job()

    assert not run(job, refuse(error))
    assert fresh(job).state == Job.State.RUNNING
    assert not run(job, write(b"too early"))

    expire(job)
    assert run(job, write(b"later"))
    assert fresh(job).state == Job.State.SUCCEEDED


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_job_is_free_at_once(interruption, data_root):
    job = make_job()

    with pytest.raises(interruption):
        run(job, refuse(interruption()))

    assert stored_contents(data_root) == []
    assert run(job, write(b"later"))


def test_a_failure_that_comes_after_the_lease_was_lost_changes_nothing(data_root):
    job = make_job()

    def slow(shelf):
        expire(job)
        run(fresh(job), write(b"second"))
        return refuse(DomainError("too late"))(shelf)

    run(job, slow)

    assert (fresh(job).state, fresh(job).error) == (Job.State.SUCCEEDED, "")
    assert stored_contents(data_root) == [b"second"]


def test_a_late_result_still_counts_while_nobody_else_claimed_the_job():
    job = make_job()

    def slow(shelf):
        expire(job)
        return write(b"late")(shelf)

    assert run(job, slow)
    assert fresh(job).state == Job.State.SUCCEEDED


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DomainError("The liver is too small."), "The liver is too small."),
        (
            ZeroDivisionError("secret path"),
            "An internal error stopped it (ZeroDivisionError); the worker's log has the details.",
        ),
        (OSError(28, "No space left"), "The store can't be written (No space left); make room or mend it, then retry."),
    ],
)
def test_a_failed_job_says_why_and_leaves_no_file(error, sentence, data_root):
    job = make_job()

    assert run(job, refuse(error))

    job = fresh(job)
    assert (job.state, job.error, job.token, job.lease_expires_at) == (Job.State.FAILED, sentence, None, None)
    assert stored_contents(data_root) == []
    assert not StoredFile.objects.exists()


def test_a_failure_while_the_result_is_committed_stores_neither_rows_nor_files(data_root):
    job = make_job()

    def work(shelf):
        shelf.write(lambda stream: stream.write(b"x"))
        return lambda: {"file": None}  # what succeeded has a file, says a constraint

    assert run(job, work)

    assert fresh(job).error.startswith("An internal error stopped it (IntegrityError)")
    assert stored_contents(data_root) == []
    assert not StoredFile.objects.exists()


def test_a_failed_job_is_done_again_only_once_it_was_requeued():
    job, calls = make_job(), []
    run(job, refuse(DomainError("no")))
    run(fresh(job), write(b"again", calls=calls))
    assert calls == []

    requeue(fresh(job))

    assert (fresh(job).state, fresh(job).attempts, fresh(job).error) == (Job.State.QUEUED, 0, "")
    assert run(fresh(job), write(b"again", calls=calls))
    assert fresh(job).state == Job.State.SUCCEEDED


def test_what_succeeded_is_never_requeued():
    job = make_job()
    run(job, write(b"done"))

    requeue(fresh(job))

    assert fresh(job).state == Job.State.SUCCEEDED


def test_a_job_whose_workers_keep_dying_is_given_up_and_says_so():
    job, calls = make_job(), []
    expired = timezone.now() - timedelta(seconds=1)
    SlicePack.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING, token=uuid.uuid4(), lease_expires_at=expired, attempts=MAX_ATTEMPTS
    )

    assert run(fresh(job), write(b"x", calls=calls))

    assert calls == []
    assert fresh(job).state == Job.State.FAILED
    assert fresh(job).error == (
        f"Its worker died {MAX_ATTEMPTS} times; look for lack of memory in the worker's log, then retry."
    )


@pytest.mark.parametrize("attempts", range(MAX_ATTEMPTS))
def test_a_dead_workers_job_is_tried_again(attempts):
    expired = timezone.now() - timedelta(seconds=1)
    job = make_job(state=Job.State.RUNNING, token=uuid.uuid4(), lease_expires_at=expired, attempts=attempts)

    assert run(job, write(b"x"))

    assert (fresh(job).state, fresh(job).attempts) == (Job.State.SUCCEEDED, attempts + 1)


def test_which_jobs_are_claimable_and_which_are_rung_for_again():
    now = timezone.now()
    past, soon = now - timedelta(seconds=1), now + timedelta(minutes=1)
    long_ago = now - RING_AGAIN_AFTER - timedelta(seconds=1)
    never_rung = make_job()
    rung_lately = make_job(rung_at=now)
    rung_long_ago = make_job(rung_at=long_ago)
    held = make_job(state=Job.State.RUNNING, token=uuid.uuid4(), lease_expires_at=soon, rung_at=long_ago)
    lost = make_job(state=Job.State.RUNNING, token=uuid.uuid4(), lease_expires_at=past, rung_at=now)
    make_job(state=Job.State.FAILED, rung_at=long_ago)
    jobs = SlicePack.objects.order_by("pk")

    assert list(claimable(jobs)) == [never_rung, rung_lately, rung_long_ago, lost]
    assert list(unheard(jobs, everything=False)) == [never_rung, rung_long_ago, lost]
    assert list(unheard(jobs, everything=True)) == [never_rung, rung_lately, rung_long_ago, lost]
    assert held not in claimable(jobs)


def test_the_bell_rings_once_the_transaction_holds(rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = make_job()
        ring_pack(job)
        assert rung() == []

    assert rung() == [("write_pack", [job.pk])]
    assert fresh(job).rung_at is not None


def test_a_broker_that_is_down_is_no_error(monkeypatch, django_capture_on_commit_callbacks):
    def refuse_connection(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(current_app, "send_task", refuse_connection)
    job = make_job()

    with django_capture_on_commit_callbacks(execute=True):
        ring_pack(job)

    assert fresh(job).rung_at is None
    assert list(unheard(SlicePack.objects.all(), everything=False)) == [job]


@pytest.mark.django_db(transaction=True)
def test_the_lease_is_kept_while_the_work_goes_on(settings):
    settings.JOB_LEASE_S = 0.6
    job = make_job()

    def slow(shelf):
        time.sleep(1.2)
        assert list(claimable(SlicePack.objects.all())) == []
        return write(b"x")(shelf)

    assert run(job, slow)
    assert (fresh(job).state, fresh(job).attempts) == (Job.State.SUCCEEDED, 1)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_that_are_rung_at_once_one_does_the_work(in_threads):
    job, calls = make_job(), []
    ready = threading.Barrier(4)

    def worker():
        ready.wait()
        run(fresh(job), write(b"x", calls=calls))

    in_threads([worker] * 4)

    assert calls == [b"x"]
    assert (fresh(job).state, fresh(job).attempts) == (Job.State.SUCCEEDED, 1)


def test_what_a_killed_worker_wrote_goes_once_its_job_is_claimed_again(data_root):
    job = make_job()

    def killed(shelf):
        shelf.write(lambda file: file.write(b"half"))
        remove_leftovers()
        assert stored_contents(data_root) == [b"half"]  # its claim is the latest: it may be at work still
        raise DatabaseAway  # as a kill: nothing is cleared away

    run(job, killed)
    expire(job)
    run(fresh(job), write(b"whole"))
    assert stored_contents(data_root) == [b"half", b"whole"]

    remove_leftovers()

    assert stored_contents(data_root) == [b"whole"]
    assert not ShelvedFile.objects.exists()
