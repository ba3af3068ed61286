"""A study's life, one step after the other and none twice."""

import pytest
from django.contrib.auth.models import User

from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.studies import close_study, create_study, open_study
from readerstudy.models.case import SlicePack
from readerstudy.models.job import Job
from readerstudy.models.study import Study
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def draft():
    factories.make_patients(real=2, hosts=2)
    return factories.make_draft()


def actions(study):
    return [(event.actor, event.action) for event in study.audit_events.all()]


def test_a_life_leaves_its_trail(draft):
    start_generation(study=draft, actor="ann")
    factories.build_cases(draft)
    open_study(study=draft, actor="bob")
    close_study(study=draft, actor="cyd")

    assert draft.state == Study.State.CLOSED
    assert draft.opened_at < draft.closed_at
    assert actions(draft) == [
        ("tests", "create study"),
        ("ann", "draw case set"),
        ("bob", "open study"),
        ("cyd", "close study"),
    ]


def test_a_study_keeps_its_whole_design_and_who_made_it():
    factories.make_patients(real=2, hosts=2)
    ann = User.objects.create_user("ann")
    design = parse_design(factories.design_data())

    study = create_study(design=design, actor="ann", user=ann)

    study.refresh_from_db()
    assert parse_design(study.design) == design
    assert (study.design_sha256, study.created_by, study.title) == (design.sha256(), ann, "A small study")


def test_a_slug_is_taken_once(draft):
    with pytest.raises(DomainError, match="There is a study small already"):
        factories.make_draft()

    assert Study.objects.count() == 1


def test_a_design_that_cannot_be_filled_is_not_stored():
    factories.make_patients(real=1, hosts=2)

    with pytest.raises(DomainError, match="Too few patients"):
        factories.make_draft()

    assert not Study.objects.exists()


def test_a_draft_is_not_opened(draft):
    with pytest.raises(DomainError, match="can't be opened yet: Its cases have not been generated"):
        open_study(study=draft, actor="ann")


def test_a_study_is_not_opened_while_cases_are_being_built(draft):
    start_generation(study=draft, actor="ann")

    with pytest.raises(DomainError, match="4 of 4 cases are still being built"):
        open_study(study=draft, actor="ann")


def test_a_study_is_not_opened_with_failed_cases(draft):
    start_generation(study=draft, actor="ann")
    factories.build_cases(draft)
    pack = SlicePack.objects.first()
    SlicePack.objects.filter(pk=pack.pk).update(state=Job.State.FAILED, file=None, error="no")

    with pytest.raises(DomainError, match="1 of 4 cases failed; retry them"):
        open_study(study=draft, actor="ann")


def test_no_step_is_taken_twice(draft):
    start_generation(study=draft, actor="ann")
    factories.build_cases(draft)
    open_study(study=draft, actor="ann")
    with pytest.raises(DomainError, match="It is open for reading"):
        open_study(study=draft, actor="ann")
    close_study(study=draft, actor="ann")
    with pytest.raises(DomainError, match="is not open, so it can't be closed"):
        close_study(study=draft, actor="ann")
    with pytest.raises(DomainError, match="It is closed"):
        open_study(study=draft, actor="ann")


def test_of_two_who_close_at_once_one_is_told(draft):
    start_generation(study=draft, actor="ann")
    factories.build_cases(draft)
    open_study(study=draft, actor="ann")
    seen_by_bob = Study.objects.get(pk=draft.pk)
    close_study(study=draft, actor="ann")

    with pytest.raises(DomainError, match="was changed by somebody else meanwhile"):
        close_study(study=seen_by_bob, actor="bob")

    assert [action for _, action in actions(draft)].count("close study") == 1
