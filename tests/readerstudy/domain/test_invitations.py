"""What a reader says on accepting: profile, consent, passphrase; and what declining does."""

import pytest

from readerstudy.domain.enrolment import invite_reader, renew_invitation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.invitations import (
    Acceptance,
    NoConsentError,
    accept_invitation,
    asks_consent,
    decline_invitation,
    find_invited,
)
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.reader import Reader
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]

CONSENT = "You read CT cases.\n\nYour answers are stored under a code."


@pytest.fixture
def study():
    return factories.make_study_of_patients(real=2, hosts=2, reading={"consent": CONSENT})


def invited(study, **profile):
    link = invite_reader(study=study, code="R1", actor="ann", **profile)
    return link.rstrip("/").rpartition("/")[2]


def test_the_reader_mends_and_confirms_what_staff_said_of_them(study):
    secret = invited(study, years=7, specialty="radiology")
    assert Reader.objects.get().profile_confirmed_at is None

    accept_invitation(secret, acceptance=Acceptance(years=8, specialty="abdominal radiology", consents=True))

    reader = Reader.objects.get()
    assert (reader.years, reader.specialty) == (8, "abdominal radiology")
    assert None not in (reader.profile_confirmed_at, reader.consented_at)


@pytest.mark.parametrize("acceptance", [None, Acceptance(years=7)])
def test_without_consent_nobody_gets_in_and_the_link_stays_good(study, acceptance):
    secret = invited(study)

    with pytest.raises(NoConsentError, match="needs your consent"):
        accept_invitation(secret, acceptance=acceptance)

    reader = Reader.objects.get()
    assert (reader.accepted_at, reader.consented_at, reader.years) == (None, None, None)
    assert find_invited(secret) == reader


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"years": 81}, "must lie between 0 and 80, not 81"),
        ({"specialty": "x" * 121}, "up to 120 printable letters"),
        ({"passphrase": "short"}, "This passphrase is too short"),
        ({"passphrase": "password123"}, "This passphrase is too common"),
        ({"passphrase": "x" * 201}, "up to 200 letters"),
    ],
)
def test_what_will_not_do_is_refused_and_nothing_of_it_is_stored(study, said, message):
    secret = invited(study)

    with pytest.raises(DomainError, match=message):
        accept_invitation(secret, acceptance=Acceptance(**{"consents": True} | said))

    reader = Reader.objects.get()
    assert (reader.accepted_at, reader.consented_at, reader.passphrase) == (None, None, "")
    assert find_invited(secret) == reader


def test_consent_is_asked_for_once(study):
    accept_invitation(invited(study), acceptance=Acceptance(consents=True))
    reader = Reader.objects.get()

    link = renew_invitation(reader=reader, actor="ann")

    assert not asks_consent(reader)
    assert accept_invitation(link.rstrip("/").rpartition("/")[2], acceptance=Acceptance(years=3)) == reader


def test_whoever_declines_uses_the_link_up_and_can_think_better_of_it(study):
    secret = invited(study)

    decline_invitation(secret)

    reader = Reader.objects.get()
    assert reader.declined_at is not None
    assert reader.accepted_at is None
    assert decline_invitation(secret) is accept_invitation(secret) is None
    assert AuditEvent.objects.filter(action="decline invitation", actor__name="R1").count() == 1

    link = renew_invitation(reader=reader, actor="ann")
    accept_invitation(link.rstrip("/").rpartition("/")[2], acceptance=Acceptance(consents=True))
    assert Reader.objects.get().declined_at is None


def test_a_study_without_a_text_asks_for_no_consent():
    study = factories.make_study_of_patients(real=2, hosts=2)

    accepted = accept_invitation(invited(study))

    assert not asks_consent(accepted)
    assert accepted.consented_at is None
