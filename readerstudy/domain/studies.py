"""A study's life: created as a draft, opened for reading, closed for good."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from readerstudy.domain import audit as trail
from readerstudy.domain.design import StudyDesign, parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.leak_audit.runs import latest_audit, standing_audit
from readerstudy.domain.matching import Balance, balance
from readerstudy.domain.practice_truths import copy_practice_truths
from readerstudy.domain.protocol import MAX_LETTERS, freeze, note_changes
from readerstudy.domain.queries.progress import readiness
from readerstudy.domain.queries.readers import unfinished_readers
from readerstudy.domain.readings_hash import readings_in_brief
from readerstudy.domain.selection import plan_case_set
from readerstudy.domain.sequencing import rehearse
from readerstudy.domain.texts import check_text
from readerstudy.models.blinding_audit import BlindingAudit
from readerstudy.models.membership import Membership, Role
from readerstudy.models.study import Study


def create_study(*, design: StudyDesign, actor: str, owner: User | None = None) -> Study:
    """Store a draft whose cases could be drawn from the data sets there are now.

    Administrators own every study; `owner` does too.

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
                created_by=owner,
            )
            if owner is not None:
                Membership.objects.create(study=study, user=owner, role=Role.OWNER)
            trail.record(actor=actor, action="create study", study=study, design_sha256=study.design_sha256)
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


def open_study(*, study: Study, actor: str, acknowledgement: str = "") -> None:
    """Open the study for reading: its protocol is frozen here.

    `acknowledgement` is the reason for opening all the same where the leak audit found tells, or was not possible.

    Raises
    ------
    DomainError
        If the cases are not built, were not audited as they are now, or what the audit found is not acknowledged.
    """
    problems = readiness(study)
    if problems:
        raise DomainError(f"Study {study.slug} can't be opened yet: {' '.join(problems)}")
    acknowledgement = check_text(acknowledgement, what="The reason", longest=MAX_LETTERS)
    audit = _cleared_audit(study, acknowledgement)
    with transaction.atomic():
        _move(study, Study.State.PREPARING, Study.State.OPEN, opened_at=timezone.now())
        copy_practice_truths(study)
        protocol = freeze(study=study, audit=audit, acknowledgement=acknowledgement)
        if acknowledgement:
            told = audit.result["conclusion"]
            trail.record(actor=actor, action="acknowledge audit", study=study, reason=acknowledgement, conclusion=told)
        trail.record(actor=actor, action="open study", study=study, protocol_sha256=protocol.sha256)
    study.refresh_from_db()


def close_study(*, study: Study, actor: str, reason: str = "") -> None:
    """End reading for good; results can be seen from now on.

    Raises
    ------
    DomainError
        If the study is not open, or some reader has not finished and no reason is given.
    """
    from readerstudy.domain.debrief_writing import write_debriefs

    if study.state != Study.State.OPEN:
        raise DomainError(f"Study {study.slug} is not open, so it can't be closed.")
    reason = check_text(reason, what="The reason", longest=MAX_LETTERS)
    unfinished = [f"{one.reader.code} has read {one.done} of {one.total}" for one in unfinished_readers(study)]
    if not study.readers.exists():
        unfinished = ["nobody was invited"]
    if unfinished and not reason:
        raise DomainError(
            f"Not every reader of study {study.slug} has finished ({'; '.join(unfinished)}). "
            "Give a reason for closing early; it is recorded and exported."
        )
    early = {"reason": reason, "unfinished": unfinished} if unfinished else {}
    with transaction.atomic():
        _move(
            study,
            Study.State.OPEN,
            Study.State.CLOSED,
            closed_at=timezone.now(),
            closed_early=reason if unfinished else "",
        )
        note_changes(study=study, actor=actor, when="when the study was closed")
        trail.record(actor=actor, action="close study", study=study, **early, **readings_in_brief(study))
        study.refresh_from_db()
        write_debriefs(study=study)


def needs_acknowledgement(audit: BlindingAudit) -> bool:
    return audit.outcome != BlindingAudit.Outcome.NO_TELL


def _cleared_audit(study: Study, acknowledgement: str) -> BlindingAudit:
    """Return the audit that opening goes by, or say what stands in the way."""
    audit = standing_audit(study)
    if audit is None:
        lacking = "has changed since its leak audit" if latest_audit(study) else "has not been audited for leaks"
        raise DomainError(
            f"Study {study.slug} can't be opened yet: its case set {lacking}. Run audit_blinding {study.slug} first, "
            "or the audit on its page."
        )
    if needs_acknowledgement(audit) and not acknowledgement:
        said = " ".join([audit.result["conclusion"], *audit.result["findings"]])
        raise DomainError(
            f"Study {study.slug} can't be opened yet. {said} Mend the case set, or acknowledge this with a reason."
        )
    return audit


def _move(study: Study, before: Study.State, after: Study.State, **fields: object) -> None:
    if not Study.objects.filter(pk=study.pk, state=before).update(state=after, **fields):
        raise DomainError(f"Study {study.slug} was changed by somebody else meanwhile; look at it again.")
