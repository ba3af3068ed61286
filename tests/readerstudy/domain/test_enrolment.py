"""Inviting readers: one link each, kept only as a hash, and an order that is there before the reader comes."""

import re

import pytest

from readerstudy.domain.enrolment import invite_reader, renew_invitation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.invitations import accept_invitation, find_invited, hash_secret
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import SequenceItem
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def study():
    return factories.make_study_of_patients(real=2, hosts=2)


def invite(study, **changes):
    return invite_reader(**{"study": study, "code": "R1", "actor": "ann"} | changes)


def secret_of(link):
    return link.rstrip("/").rpartition("/")[2]


def test_an_invitation_is_a_link_under_the_public_address(study, settings):
    settings.PUBLIC_URL = "https://reading.example.org"

    link = invite(study, years=7, specialty="abdominal radiology")

    assert re.fullmatch(r"https://reading\.example\.org/invitation/[\w-]{32}/", link)
    reader = Reader.objects.get()
    assert (reader.code, reader.years, reader.specialty) == ("R1", 7, "abdominal radiology")
    assert SequenceItem.objects.filter(sequence__reader=reader).count() == 4


def test_the_secret_is_stored_nowhere(study):
    secret = secret_of(invite(study))

    assert Reader.objects.get().invitation_sha256 == hash_secret(secret)
    assert all(secret not in str(vars(event)) for event in AuditEvent.objects.all())


def test_an_invitation_is_accepted_once(study):
    secret = secret_of(invite(study))

    assert accept_invitation(secret) == Reader.objects.get()
    assert accept_invitation(secret) is None
    assert find_invited(secret) is None


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_gets_in(study, in_threads):
    secret = secret_of(invite(study))

    accepted = in_threads([lambda: accept_invitation(secret)] * 4)

    assert [reader for reader in accepted if reader] == [Reader.objects.get()]
    assert AuditEvent.objects.filter(action="accept invitation").count() == 1


def test_a_renewed_link_replaces_the_old_one_and_keeps_the_order(study):
    old = secret_of(invite(study))
    tokens = list(SequenceItem.objects.values_list("token", flat=True))

    new = secret_of(renew_invitation(reader=Reader.objects.get(), actor="ann"))

    assert accept_invitation(old) is None
    assert accept_invitation(new) == Reader.objects.get()
    assert list(SequenceItem.objects.values_list("token", flat=True)) == tokens


def test_a_link_can_be_renewed_after_it_was_used_and_the_first_coming_stays(study):
    accept_invitation(secret_of(invite(study)))
    first = Reader.objects.get().accepted_at

    accept_invitation(secret_of(renew_invitation(reader=Reader.objects.get(), actor="ann")))

    assert Reader.objects.get().accepted_at == first


@pytest.mark.parametrize("code", ["R1", "r1"])
def test_a_code_stands_for_one_reader(study, code):
    invite(study)

    with pytest.raises(DomainError, match=f"has a reader {code} already; use another code, or renew the link"):
        invite(study, code=code)

    assert Reader.objects.count() == 1


@pytest.mark.parametrize("code", ["", " R1", "R 1", "-R", "R1\n", "Ä1", "=1+1", "x" * 41])
def test_a_code_that_would_not_do_in_a_table_is_refused(study, code):
    with pytest.raises(DomainError, match=r"Reader code .*: use up to 40 letters"):
        invite(study, code=code)


def test_the_word_for_all_readers_is_no_code(study):
    with pytest.raises(DomainError, match="'all' stands for every reader in results; use another code"):
        invite(study, code="all")


@pytest.mark.parametrize("years", [-1, 81])
def test_implausible_years_are_refused(study, years):
    with pytest.raises(DomainError, match=f"must lie between 0 and 80, not {years}"):
        invite(study, years=years)


def test_a_specialty_that_is_an_essay_is_refused(study):
    with pytest.raises(DomainError, match="The specialty must be text of up to 120 printable letters"):
        invite(study, specialty="x" * 121)


def test_readers_are_invited_only_while_the_study_is_open(study):
    draft = factories.make_draft(slug="draft")
    with pytest.raises(DomainError, match="draft is draft; open it before inviting readers"):
        invite(draft)

    invite(study)
    factories.close(study)
    with pytest.raises(DomainError, match="small is closed; open it before inviting readers"):
        invite(study, code="R2")
    with pytest.raises(DomainError, match="small is closed; open it before inviting readers"):
        renew_invitation(reader=Reader.objects.get(), actor="ann")
