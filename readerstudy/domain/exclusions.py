"""Cases that turn out broken while readers read: left out for every reader from then on, with a reason, for good."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from readerstudy.domain.errors import DomainError
from readerstudy.domain.locks import lock_study
from readerstudy.domain.protocol import amend
from readerstudy.models.case import Case
from readerstudy.models.case_exclusion import CaseExclusion
from readerstudy.models.study import Study


def exclude_case(*, study: Study, code: str, actor: str, reason: str) -> CaseExclusion:
    """Leave a case out for all readers alike: it is shown no more, and its readings stay, but are not counted.

    It becomes an amendment of the protocol. Once the study is closed it is too late: whoever knows the results must
    not choose the cases.

    Raises
    ------
    DomainError
        If the study is not open, has no such case, has left it out already, or no reason is given.
    """
    case = Case.objects.filter(study=study, code=code).first()
    if case is None:
        raise DomainError(f"Study {study.slug} has no case {code}.")
    try:
        with transaction.atomic():
            study = lock_study(study)
            if study.state != Study.State.OPEN:
                raise DomainError(
                    f"Study {study.slug} is {study.get_state_display().lower()}: a case can be left out while readers "
                    "read; before opening it is rejected in the gallery."
                )
            exclusion = CaseExclusion.objects.create(case=case, reason=reason.strip())
            amend(study=study, actor=actor, change=f"Case {code} is left out for every reader.", reason=reason)
            return exclusion
    except IntegrityError:
        raise DomainError(f"Case {code} is left out already.") from None
