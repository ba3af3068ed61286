"""Who has which role in a study; it is never without an owner, and every change stands in its trail."""

import pytest
from django.contrib.auth.models import User

from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.people import add_person, change_role, list_people, remove_person
from readerstudy.domain.roles import GRANTS, Permission, permissions_in, visible_studies
from readerstudy.domain.studies import create_study
from readerstudy.models.actor import Actor
from readerstudy.models.membership import Membership, Role
from readerstudy.models.study import Study
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", is_staff=True)


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob", is_staff=True)


@pytest.fixture
def study(ann: User) -> Study:
    factories.make_patients(real=2, hosts=2)
    return create_study(design=parse_design(factories.design_data()), actor="ann", owner=ann)


def trail(study: Study) -> list[tuple[str, dict[str, str]]]:
    return list(study.audit_events.exclude(action="create study").values_list("action", "detail"))


def person(study: Study, user: User) -> Membership:
    return study.memberships.get(user=user)


def test_the_creator_owns_the_study_and_nobody_else_knows_of_it(study: Study, ann: User, bob: User):
    assert permissions_in(study, ann) == frozenset(Permission)
    assert list(visible_studies(ann)) == [study]
    assert permissions_in(study, bob) == frozenset()
    assert not visible_studies(bob).exists()


def test_a_study_of_the_command_line_is_the_administrators(bob: User):
    factories.make_patients(real=2, hosts=2)
    study = factories.make_draft()
    root = User.objects.create_user("root", is_staff=True, is_superuser=True)

    assert not study.memberships.exists()
    assert permissions_in(study, root) == frozenset(Permission)
    assert permissions_in(study, bob) == frozenset()


@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_the_table_says(study: Study, bob: User, role: Role):
    add_person(study=study, name="bob", role=role, actor="ann")

    assert permissions_in(study, bob) == GRANTS[role]
    assert list(visible_studies(bob)) == [study]


def test_every_change_is_kept_in_the_trail(study: Study, bob: User):
    added = add_person(study=study, name="bob", role=Role.OBSERVER, actor="ann")
    change_role(person=added, role=Role.ANALYST, actor="ann")
    change_role(person=person(study, bob), role=Role.ANALYST, actor="ann")  # as it was: nothing to keep
    remove_person(person=person(study, bob), actor="ann")

    key = Actor.objects.get(name="bob").key
    assert trail(study) == [
        ("add person", {"person": key, "role": "observer"}),
        ("change role", {"person": key, "before": "observer", "role": "analyst"}),
        ("remove person", {"person": key, "role": "analyst"}),
    ]
    assert permissions_in(study, bob) == frozenset()


def test_owners_are_listed_first(study: Study, bob: User):
    for name, role in (("bob", Role.OBSERVER), ("abe", Role.COORDINATOR)):
        User.objects.get_or_create(username=name, is_staff=True)
        add_person(study=study, name=name, role=role, actor="ann")

    assert [one.user.username for one in list_people(study)] == ["ann", "abe", "bob"]


def test_the_last_owner_stays(study: Study, ann: User, bob: User):
    refusal = "ann is the study's last owner; make somebody else an owner first."
    add_person(study=study, name="bob", role=Role.COORDINATOR, actor="ann")

    for take_away in (
        lambda: change_role(person=person(study, ann), role=Role.OBSERVER, actor="bob"),
        lambda: remove_person(person=person(study, ann), actor="bob"),
    ):
        with pytest.raises(DomainError) as error:
            take_away()
        assert str(error.value) == refusal
    assert person(study, ann).role == Role.OWNER

    change_role(person=person(study, bob), role=Role.OWNER, actor="ann")
    remove_person(person=person(study, ann), actor="ann")
    assert [one.user for one in list_people(study)] == [bob]


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("nobody", "There is no staff account 'nobody'. An administrator makes one with create_staff --member."),
        ("visitor", "There is no staff account 'visitor'. An administrator makes one with create_staff --member."),
        ("gone", "There is no staff account 'gone'. An administrator makes one with create_staff --member."),
        ("root", "root is an administrator, who owns every study already."),
        ("ann", "ann is in this study already, as owner."),
    ],
)
def test_who_cannot_be_added_is_said(study: Study, name: str, refusal: str):
    User.objects.create_user("visitor")
    User.objects.create_user("gone", is_staff=True, is_active=False)
    User.objects.create_user("root", is_staff=True, is_superuser=True)

    with pytest.raises(DomainError) as error:
        add_person(study=study, name=name, role=Role.OBSERVER, actor="ann")

    assert str(error.value) == refusal
    assert trail(study) == []
