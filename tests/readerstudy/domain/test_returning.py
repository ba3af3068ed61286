"""Coming back with a return code and a passphrase."""

import pytest

from readerstudy.domain.enrolment import renew_invitation
from readerstudy.domain.returning import begin_session, find_returning, hash_passphrase, new_passphrase
from readerstudy.domain.withdrawals import revoke_access, withdraw
from readerstudy.models.reader import LEGIBLE, Reader, new_return_code
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PASSPHRASE = "galley trilogy veto flame"


@pytest.fixture
def reader():
    reader = factories.make_reader(factories.make_study_of_patients(real=2, hosts=2))
    reader.passphrase = hash_passphrase(PASSPHRASE)
    reader.save()
    return reader


def come_back(reader, passphrase=PASSPHRASE):
    return find_returning(return_code=reader.return_code, passphrase=passphrase)


def test_a_passphrase_is_four_words_and_never_the_same():
    drawn = {new_passphrase() for _ in range(50)}

    assert len(drawn) == 50
    assert {len(passphrase.split()) for passphrase in drawn} == {4}
    assert all(hash_passphrase(passphrase) for passphrase in list(drawn)[:3])


def test_return_codes_are_easily_read_and_say_nothing():
    codes = {new_return_code() for _ in range(200)}

    assert len(codes) == 200
    assert {len(code) for code in codes} == {9}
    assert set("".join(codes)) <= {*LEGIBLE, "-"}


def test_the_reader_returns_however_they_space_and_spell_the_code(reader):
    assert come_back(reader) == reader
    assert come_back(reader, "  galley trilogy  veto flame ") == reader
    assert find_returning(return_code=f" {reader.return_code.upper()} ", passphrase=PASSPHRASE) == reader


def test_nobody_else_does(reader):
    other = factories.make_reader(reader.study, "R2")  # has no passphrase

    assert come_back(reader, "galley trilogy veto") is None
    assert come_back(other) is None
    assert come_back(other, "") is None
    assert find_returning(return_code="aaaa-aaaa", passphrase=PASSPHRASE) is None
    assert find_returning(return_code="", passphrase="") is None
    assert find_returning(return_code="R1", passphrase=PASSPHRASE) is None


def test_the_passphrase_is_stored_as_djangos_hash(reader):
    assert PASSPHRASE not in reader.passphrase
    assert reader.passphrase.count("$") >= 2


def test_an_unknown_code_is_worked_on_like_a_known_one(reader, monkeypatch):
    """So that the time tells nothing: one hash is computed whether there is such a reader or not."""
    from readerstudy.domain import returning

    hashed = []
    check = returning.check_password
    monkeypatch.setattr(returning, "check_password", lambda *args: hashed.append(args) or check(*args))

    come_back(reader, "wrong")
    find_returning(return_code="aaaa-aaaa", passphrase="wrong")

    (_, known), (_, unknown) = hashed
    assert known.split("$")[:2] == unknown.split("$")[:2]  # the same algorithm and rounds


@pytest.mark.parametrize("end", [renew_invitation, revoke_access, withdraw])
def test_a_new_link_a_revocation_and_a_withdrawal_end_it(reader, end):
    before = reader.session_number

    end(reader=reader, actor="ann")

    assert come_back(reader) is None
    assert Reader.objects.get(pk=reader.pk).session_number == before + 1


def test_every_session_has_a_number_of_its_own(reader):
    assert [begin_session(reader=reader) for _ in range(3)] == [2, 3, 4]
