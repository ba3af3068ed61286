"""The Celery tasks: thin, over the domain."""

from collections.abc import Callable
from typing import Any

from celery import shared_task  # noqa: TID251  the one place that may
from django.db import InterfaceError, OperationalError

from readerstudy.domain import generation, previews, retention
from readerstudy.domain.importing import runs
from readerstudy.domain.leak_audit import runs as audits
from readerstudy.domain.radiomics import runs as radiomics


def durable_task(function: Callable[..., None]) -> Any:
    """Make a task that may run twice: acknowledged late, sent again when its worker dies, retried a few times."""
    return shared_task(
        acks_late=True,
        reject_on_worker_lost=True,
        autoretry_for=(OperationalError, InterfaceError),
        max_retries=3,
        retry_backoff=True,
    )(function)


@durable_task
def run_synthesis(run_id: int) -> None:
    generation.run_synthesis(run_id)


@durable_task
def write_pack(pack_id: int) -> None:
    generation.write_pack(pack_id)


@durable_task
def run_import(run_id: int) -> None:
    runs.run_import(run_id)


@durable_task
def make_preview(preview_id: int) -> None:
    previews.make_preview(preview_id)


@durable_task
def run_audit(audit_id: int) -> None:
    audits.run_audit(audit_id)


@durable_task
def run_radiomics(run_id: int) -> None:
    radiomics.run_radiomics(run_id)


@durable_task
def erase_overdue() -> None:
    retention.erase_overdue()


@durable_task
def reconcile(everything: bool = False) -> None:  # noqa: FBT001, FBT002  a message's arguments have no names to insist on
    generation.reconcile(everything=everything)
    runs.reconcile(everything=everything)
    previews.reconcile(everything=everything)
    audits.reconcile(everything=everything)
    radiomics.reconcile(everything=everything)
