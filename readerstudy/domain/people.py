"""Who has which role in a study. Administrators own every study; the last other owner can't be taken away either."""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction

from readerstudy.domain import audit
from readerstudy.domain.actors import actor_of
from readerstudy.domain.errors import DomainError
from readerstudy.models.membership import Membership, Role
from readerstudy.models.study import Study


def list_people(study: Study) -> Iterable[Membership]:
    """Return the study's people, owners first."""
    order = list(Role)
    people = Membership.objects.filter(study=study).select_related("user").order_by("user__username")
    return sorted(people, key=lambda person: order.index(Role(person.role)))


def list_administrators() -> Iterable[User]:
    return User.objects.filter(is_staff=True, is_superuser=True, is_active=True).order_by("username")


def add_person(*, study: Study, name: str, role: Role, actor: str) -> Membership:
    """Give a staff member a role.

    Raises
    ------
    DomainError
        If there is no such staff member, they have a role already, or need none.
    """
    user = User.objects.filter(username=name, is_staff=True, is_active=True).first()
    if user is None:
        raise DomainError(f"There is no staff account {name!r}. An administrator makes one with create_staff --member.")
    if user.is_superuser:
        raise DomainError(f"{name} is an administrator, who owns every study already.")
    with transaction.atomic():
        person, is_new = Membership.objects.get_or_create(study=study, user=user, defaults={"role": role})
        if not is_new:
            raise DomainError(f"{name} is in this study already, as {person.get_role_display().lower()}.")
        audit.record(actor=actor, action="add person", study=study, person=actor_of(name).key, role=role.value)
    return person


def change_role(*, person: Membership, role: Role, actor: str) -> None:
    """Give one of the study's people another role.

    Raises
    ------
    DomainError
        If they are its last owner.
    """
    with transaction.atomic():
        before = _keep_an_owner(person) if role != Role.OWNER else _lock(person)
        if before != role and Membership.objects.filter(pk=person.pk).update(role=role):
            who = actor_of(person.user.get_username()).key
            audit.record(
                actor=actor, action="change role", study=person.study, person=who, before=before, role=role.value
            )


def remove_person(*, person: Membership, actor: str) -> None:
    """Take one of its people out of a study, which they then know nothing of.

    Raises
    ------
    DomainError
        If they are its last owner.
    """
    with transaction.atomic():
        role = _keep_an_owner(person)
        if Membership.objects.filter(pk=person.pk).delete()[0]:
            who = actor_of(person.user.get_username()).key
            audit.record(actor=actor, action="remove person", study=person.study, person=who, role=role)


def _lock(person: Membership) -> str:
    """Return the person's role as it is now; no other role in the study changes before the transaction ends."""
    Study.objects.select_for_update().get(pk=person.study_id)
    person.refresh_from_db()
    return person.role


def _keep_an_owner(person: Membership) -> str:
    role = _lock(person)
    others = Membership.objects.filter(study=person.study, role=Role.OWNER).exclude(pk=person.pk)
    if role == Role.OWNER and not others.exists():
        raise DomainError(f"{person.user.get_username()} is the study's last owner; make somebody else an owner first.")
    return role
