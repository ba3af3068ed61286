"""The list of studies."""

from collections.abc import Iterable

from django.db.models import Count, Q

from readerstudy.models.study import Study


def list_studies() -> Iterable[Study]:
    """Return every study, the newest first, with `n_cases` (practice left out) and `n_readers`."""
    return Study.objects.annotate(
        n_cases=Count("cases", filter=Q(cases__practice=False), distinct=True),
        n_readers=Count("readers", distinct=True),
    ).order_by("-created_at")
