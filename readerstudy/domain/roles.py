"""What each role may do in a study: the one table that says so."""

from enum import StrEnum

from django.contrib.auth.models import User
from django.db.models import QuerySet

from readerstudy.models.membership import Membership, Role
from readerstudy.models.study import Study

MANAGE_DATA = "readerstudy.manage_data"  # import and delete data sets, which are the installation's


class Permission(StrEnum):
    VIEW = "view"  # design, cases' and readers' progress, leak audit, protocol, trail, people
    CONDUCT = "conduct"  # generate, audit, replace; invite and look after readers
    GOVERN = "govern"  # open, amend, close, archive, delete; say who has which role
    RESULTS = "results"  # once closed: figures, report, cases with their truth
    EXPORT = "export"  # once closed: the readings themselves


WORDS = {
    Permission.VIEW: "See the design, the cases’ and the readers’ progress, the leak audit, the protocol and the trail",
    Permission.CONDUCT: "Generate and audit the cases; invite readers and look after them",
    Permission.GOVERN: "Open, amend and close the study; say who has which role",
    Permission.RESULTS: "Once it is closed: see the results, the report, and each case with its truth",
    Permission.EXPORT: "Once it is closed: download the readings",
}

GRANTS = {
    Role.OWNER: frozenset(Permission),
    Role.COORDINATOR: frozenset({Permission.VIEW, Permission.CONDUCT, Permission.RESULTS}),
    Role.ANALYST: frozenset({Permission.VIEW, Permission.RESULTS, Permission.EXPORT}),
    Role.OBSERVER: frozenset({Permission.VIEW}),
}


def permissions_in(study: Study, user: User) -> frozenset[Permission]:
    """Return what the user may do in the study; nothing where they have no role, all for administrators."""
    if user.is_superuser:
        return GRANTS[Role.OWNER]
    membership = Membership.objects.filter(study=study, user=user).first()
    return GRANTS[Role(membership.role)] if membership else frozenset()


def visible_studies(user: User) -> QuerySet[Study]:
    """Return the studies that the user may know of."""
    if user.is_superuser:
        return Study.objects.all()
    return Study.objects.filter(memberships__user=user)
