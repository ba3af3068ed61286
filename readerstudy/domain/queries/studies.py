"""The list of studies."""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db.models import Count, Q

from readerstudy.domain.roles import visible_studies
from readerstudy.models.study import Study


def list_studies(user: User) -> Iterable[Study]:
    """Return those the user may know of, the newest first, with `n_cases` (practice left out) and `n_readers`."""
    return (
        visible_studies(user)
        .annotate(
            n_cases=Count("cases", filter=Q(cases__practice=False), distinct=True),
            n_readers=Count("readers", distinct=True),
        )
        .order_by("-created_at")
    )
