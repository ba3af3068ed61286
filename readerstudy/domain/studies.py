"""A study's life: created as a draft, opened for reading, closed for good."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.design import StudyDesign, parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.matching import Balance, balance
from readerstudy.domain.queries.progress import readiness
from readerstudy.domain.selection import plan_case_set
from readerstudy.domain.sequencing import rehearse
from readerstudy.models.study import Study


def create_study(*, design: StudyDesign, actor: str, user: User | None = None) -> Study:
    """Store a draft whose cases could be drawn from the data sets there are now.

    Raises
    ------
    DomainError
        If the slug is taken, the data sets hold too little for the design, or no order keeps its rules.
    """
    if Study.objects.filter(slug=design.slug).exists():
        raise DomainError(f"There is a study {design.slug} already; choose another slug.")
    rehearse(design, plan_case_set(design))
    try:
        with transaction.atomic():
            study = Study.objects.create(
                slug=design.slug,
                title=design.title,
                design=design.to_json(),
                design_sha256=design.sha256(),
                created_by=user,
            )
            audit.record(actor=actor, action="create study", study=study, design_sha256=study.design_sha256)
    except IntegrityError:
        raise DomainError(f"There is a study {design.slug} already; choose another slug.") from None
    return study


def expected_balance(study: Study) -> list[Balance]:
    """Compare the arms that a draft's design draws from the data sets there are now.

    Raises
    ------
    DomainError
        If the data sets hold too little for the design (any more).
    """
    design = parse_design(study.design)
    return balance(plan_case_set(design), design.matching.on)


def open_study(*, study: Study, actor: str) -> None:
    """Open the study for reading; its design and cases are fixed from here on."""
    problems = readiness(study)
    if problems:
        raise DomainError(f"Study {study.slug} can't be opened yet: {' '.join(problems)}")
    _move(study, Study.State.PREPARING, Study.State.OPEN, "open study", actor, opened_at=timezone.now())


def close_study(*, study: Study, actor: str) -> None:
    """End reading for good; results can be seen from now on."""
    if study.state != Study.State.OPEN:
        raise DomainError(f"Study {study.slug} is not open, so it can't be closed.")
    _move(study, Study.State.OPEN, Study.State.CLOSED, "close study", actor, closed_at=timezone.now())


def _move(study: Study, before: Study.State, after: Study.State, action: str, actor: str, **times: object) -> None:
    with transaction.atomic():
        if not Study.objects.filter(pk=study.pk, state=before).update(state=after, **times):
            raise DomainError(f"Study {study.slug} was changed by somebody else meanwhile; look at it again.")
        audit.record(actor=actor, action=action, study=study)
    study.refresh_from_db()
