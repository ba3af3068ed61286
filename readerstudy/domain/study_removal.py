"""Deleting a study that was never opened, with all that was made for it. Its trail stays, and says so."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.locks import lock_study
from readerstudy.domain.store import forget_files
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.case_review import CaseReview
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun


def why_kept(study: Study) -> str:
    """Say in a sentence why a study can't be deleted; empty where it can."""
    if study.state not in (Study.State.DRAFT, Study.State.PREPARING):
        return f"Study {study.slug} was opened: what was read stays, and with it the study. Archive it instead."
    if CaseReview.objects.filter(case__study=study).exists():
        return (
            f"Cases of study {study.slug} were reviewed in its gallery: reviews are records, which are never deleted, "
            "and the study stays with them."
        )
    return ""


def remove_study(*, study: Study, actor: str) -> None:
    """Delete a draft, or a study in preparation: rows, slices, and tumours that no other study shows.

    Data sets stay, and so does the trail, in which the deletion is the last event.

    Raises
    ------
    DomainError
        If it was opened, or its gallery holds reviews.
    """
    with transaction.atomic():
        study = lock_study(study)
        reason = why_kept(study)
        if reason:
            raise DomainError(reason)
        audit.record(actor=actor, action="delete study", study=study, state=study.state, cases=study.cases.count())
        forget_files(_remove_cases(study))
        study.delete()


def _remove_cases(study: Study) -> list[str]:
    """Delete the cases' rows; return the keys of the files that were theirs. Workers at them find nothing to finish."""
    packs = SlicePack.objects.select_for_update().filter(case__study=study)
    keys = [pack.file_id for pack in packs if pack.file_id]
    runs = list(_runs_of_its_own(study).select_for_update())
    keys += [run.result_id for run in runs if run.result_id]
    GroundTruth.objects.filter(case__study=study).delete()
    Case.objects.filter(study=study).delete()
    SynthesisRun.objects.filter(pk__in=[run.pk for run in runs]).delete()
    return keys


def _runs_of_its_own(study: Study) -> QuerySet[SynthesisRun]:
    truths = GroundTruth.objects.filter(synthesis_run__isnull=False)
    elsewhere = truths.exclude(case__study=study).values("synthesis_run")
    return SynthesisRun.objects.filter(pk__in=truths.filter(case__study=study).values("synthesis_run")).exclude(
        pk__in=elsewhere
    )
