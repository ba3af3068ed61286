"""A study's life, one step after the other and none twice."""

from hashlib import sha256

import pytest
from django.contrib.auth.models import User

from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.leak_audit.runs import audit_now
from readerstudy.domain.studies import close_study, create_study, open_study
from readerstudy.models.case import SlicePack
from readerstudy.models.job import Job
from readerstudy.models.protocol import Protocol
from readerstudy.models.study import Study
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def draft():
    factories.make_patients(real=2, hosts=2)
    return factories.make_draft()


def actions(study):
    return list(study.audit_events.values_list("actor__name", "action"))


def test_a_life_leaves_its_trail(draft):
    start_generation(study=draft, actor="ann")
    factories.build_cases(draft)
    audit_now(study=draft, actor="abe")
    open_study(study=draft, actor="bob", acknowledgement="A test.")
    close_study(study=draft, actor="cyd", reason="A test.")

    assert draft.state == Study.State.CLOSED
    assert draft.opened_at < draft.closed_at
    assert actions(draft) == [
        ("tests", "create study"),
        ("ann", "draw case set"),
        ("abe", "audit blinding"),
        ("bob", "acknowledge audit"),
        ("bob", "open study"),
        ("cyd", "close study"),
    ]


def test_a_study_keeps_its_whole_design_and_who_made_it():
    factories.make_patients(real=2, hosts=2)
    ann = User.objects.create_user("ann")
    design = parse_design(factories.design_data())

    study = create_study(design=design, actor="ann", owner=ann)

    study.refresh_from_db()
    assert parse_design(study.design) == design
    assert (study.design_sha256, study.created_by, study.title) == (design.sha256(), ann, "A small study")
    assert list(study.memberships.values_list("user", "role")) == [(ann.pk, "owner")]


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
    factories.open_audited(draft)
    with pytest.raises(DomainError, match="It is open for reading"):
        open_study(study=draft, actor="ann")
    close_study(study=draft, actor="ann", reason="A test.")
    with pytest.raises(DomainError, match="is not open, so it can't be closed"):
        close_study(study=draft, actor="ann", reason="A test.")
    with pytest.raises(DomainError, match="It is closed"):
        open_study(study=draft, actor="ann")


def test_of_two_who_close_at_once_one_is_told(draft):
    start_generation(study=draft, actor="ann")
    factories.build_cases(draft)
    factories.open_audited(draft)
    seen_by_bob = Study.objects.get(pk=draft.pk)
    close_study(study=draft, actor="ann", reason="A test.")

    with pytest.raises(DomainError, match="was changed by somebody else meanwhile"):
        close_study(study=seen_by_bob, actor="bob", reason="A test.")

    assert [action for _, action in actions(draft)].count("close study") == 1


@pytest.fixture
def built(draft):
    start_generation(study=draft, actor="ann")
    factories.build_cases(draft)
    return draft


def test_a_study_that_was_not_audited_is_not_opened(built):
    with pytest.raises(DomainError, match=r"has not been audited for leaks\. Run audit_blinding small first"):
        open_study(study=built, actor="ann", acknowledgement="I know.")

    assert Study.objects.get().state == Study.State.PREPARING


def test_an_audit_of_other_cases_does_not_count(built):
    audit_now(study=built, actor="ann")
    pack = SlicePack.objects.select_related("case").first()
    SlicePack.objects.filter(pk=pack.pk).update(cue_slice=pack.cue_slice + 1)

    with pytest.raises(DomainError, match="its case set has changed since its leak audit"):
        open_study(study=built, actor="ann", acknowledgement="I know.")


@pytest.mark.parametrize("given", ["", "  "])
def test_what_the_audit_found_is_acknowledged_with_a_reason(built, given):
    audit_now(study=built, actor="ann")

    with pytest.raises(DomainError, match=r"are too few to audit.* acknowledge this with a reason"):
        open_study(study=built, actor="ann", acknowledgement=given)
    assert not Protocol.objects.exists()

    open_study(study=built, actor="ann", acknowledgement=" Four cases show how it works. ")
    event = built.audit_events.get(action="acknowledge audit")
    assert event.detail["reason"] == "Four cases show how it works."
    assert "too few to audit" in event.detail["conclusion"]


def test_closing_early_needs_a_reason_which_is_kept(built):
    factories.open_audited(built)
    factories.make_reader(built)

    with pytest.raises(DomainError, match=r"R1 has read 0 of 4\). Give a reason"):
        close_study(study=built, actor="ann")
    assert built.state == Study.State.OPEN

    close_study(study=built, actor="ann", reason="R1 withdrew.")
    assert Study.objects.get().closed_early == "R1 withdrew."
    event = built.audit_events.get(action="close study")
    assert event.detail == {
        "reason": "R1 withdrew.",
        "unfinished": ["R1 has read 0 of 4"],
        "readings": 0,
        "readings_sha256": sha256(b"").hexdigest(),
    }
