"""Claiming and finishing work: at most one claim at a time holds a job, and a dead one's lease runs out.

`run(job, work)` claims, computes outside any transaction while a thread keeps the lease, and commits in a
short transaction that checks the claim. Running a job twice is normal and does nothing the second time.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from readerstudy.domain.errors import DomainError
from readerstudy.domain.store import Shelf, StoreError, remove_shelved, storing
from readerstudy.models.job import Job

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
RING_AGAIN_AFTER = timedelta(minutes=2)
RINGS_AT_ONCE = 20

Commit = Callable[[], dict[str, Any]]
"""Writes what belongs to the result, and returns the job's own fields."""


class ClaimLostError(Exception):
    """Another worker holds the job by now; what this one computed is thrown away."""


def claimable(jobs: QuerySet[Any]) -> QuerySet[Any]:
    """Narrow down to jobs that wait, or whose worker fell silent."""
    return jobs.filter(Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_expires_at__lt=timezone.now()))


def run(job: Job, work: Callable[[Shelf], Commit]) -> bool:
    """Do the job unless it is done or held; return whether it has come to an end by now."""
    token = _claim(job)
    if token is not None:
        _work(job, token, work)
    try:
        job.refresh_from_db()
    except ObjectDoesNotExist:  # nobody wants it any more
        return True
    return job.state in (Job.State.SUCCEEDED, Job.State.FAILED)


def ring(task: str, job: Job, *, queue: str | None = None) -> None:
    """Tell the workers of a job once the transaction holds. A deaf broker is no error: `reconcile` rings again."""
    transaction.on_commit(lambda: _ring_now(task, job, queue))


def requeue(job: Job) -> None:
    """Give a failed job another chance."""
    _table(job).filter(pk=job.pk, state=Job.State.FAILED).update(
        state=Job.State.QUEUED, attempts=0, error="", finished_at=None, rung_at=None
    )


def unheard(jobs: QuerySet[Any], *, everything: bool) -> QuerySet[Any]:
    """Narrow down to claimable jobs that the broker was not told of lately; `everything` after a restart."""
    if everything:
        return claimable(jobs)
    lately = timezone.now() - RING_AGAIN_AFTER
    silent = claimable(jobs).filter(Q(rung_at=None) | Q(rung_at__lt=lately) | Q(state=Job.State.RUNNING))
    return silent.order_by("pk")[:RINGS_AT_ONCE]  # a long queue is not doubled in the broker every two minutes


def remove_leftovers() -> None:
    """Delete the files of claims that were lost: their jobs are done by somebody else, or by nobody."""
    tables = [model for model in apps.get_models() if issubclass(model, Job)]
    held = {token for table in tables for token in table._default_manager.values_list("token", flat=True) if token}
    remove_shelved(live_claims=held)


def _claim(job: Job) -> uuid.UUID | None:
    token = uuid.uuid4()
    claimed = (
        claimable(_table(job).filter(pk=job.pk))
        .filter(attempts__lt=MAX_ATTEMPTS)
        .update(state=Job.State.RUNNING, token=token, lease_expires_at=_lease_end(), attempts=F("attempts") + 1)
    )
    if claimed == 1:
        return token
    claimable(_table(job).filter(pk=job.pk, attempts__gte=MAX_ATTEMPTS)).update(
        state=Job.State.FAILED,
        token=None,
        error=f"Its worker died {MAX_ATTEMPTS} times; look for lack of memory in the worker's log, then retry.",
        finished_at=timezone.now(),
    )
    return None


def _work(job: Job, token: uuid.UUID, work: Callable[[Shelf], Commit]) -> None:
    try:
        with _lease_kept(job, token), storing(token) as shelf:
            commit = work(shelf)
            with transaction.atomic():
                shelf.save_rows()
                _finish(job, token, state=Job.State.SUCCEEDED, error="", **commit())
    except ClaimLostError:
        logger.warning("Job %s %s was taken over; what was computed here is thrown away", type(job).__name__, job.pk)
    except (OperationalError, InterfaceError) as error:
        # The database was away for a moment: nothing is lost, and when the lease has run out the job is claimed again.
        logger.warning("Job %s %s waits for the database: %s", type(job).__name__, job.pk, error)
    except (DomainError, StoreError) as error:
        _fail(job, token, str(error))
    except OSError as error:
        _fail(job, token, f"The store can't be written ({error.strerror}); make room or mend it, then retry.")
    except (KeyboardInterrupt, SystemExit):
        _table(job).filter(pk=job.pk, token=token).update(state=Job.State.QUEUED, token=None, lease_expires_at=None)
        raise
    except Exception as error:
        logger.exception("Job %s %s failed", type(job).__name__, job.pk)
        _fail(
            job,
            token,
            f"An internal error stopped it ({type(error).__name__}); the worker's log has the details.",
        )


def _finish(job: Job, token: uuid.UUID, **fields: Any) -> None:
    finished = (
        _table(job)
        .filter(pk=job.pk, token=token, state=Job.State.RUNNING)
        .update(token=None, lease_expires_at=None, finished_at=timezone.now(), **fields)
    )
    if finished != 1:
        raise ClaimLostError


def _fail(job: Job, token: uuid.UUID, error: str) -> None:
    try:
        _finish(job, token, state=Job.State.FAILED, error=error)
    except ClaimLostError:
        logger.warning("Job %s %s failed after its lease ran out: %s", type(job).__name__, job.pk, error)


def _ring_now(task: str, job: Job, queue: str | None) -> None:
    try:
        current_app.send_task(task, args=[job.pk], retry=False, queue=queue or current_app.conf.task_default_queue)
    except (BrokerError, OSError):
        logger.warning("The broker cannot be reached; %s %s waits for the reconciler", type(job).__name__, job.pk)
        return
    _table(job).filter(pk=job.pk).update(rung_at=timezone.now())


@contextmanager
def _lease_kept(job: Job, token: uuid.UUID) -> Iterator[None]:
    """Renew the lease from a thread while the work goes on; a killed process stops renewing."""
    done = threading.Event()

    def keep() -> None:
        try:
            while not done.wait(settings.JOB_LEASE_S / 3):
                _renew_lease(job, token)
        finally:
            connection.close()

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _renew_lease(job: Job, token: uuid.UUID) -> None:
    try:
        _table(job).filter(pk=job.pk, token=token).update(lease_expires_at=_lease_end())
    except (DatabaseError, InterfaceError) as error:  # busy or away for a moment: the next may still come in time
        logger.warning("The lease of %s %s could not be renewed: %s", type(job).__name__, job.pk, error)
        connection.close()  # a broken connection would fail for good


def _lease_end() -> Any:
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_S)


def _table(job: Job) -> QuerySet[Any]:
    return type(job)._default_manager.all()
