"""What is kept of persons goes on request; answers, trail and exports stay."""

from datetime import timedelta

import pandas as pd
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.actors import acting_from
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exports import export_study
from readerstudy.domain.readings_hash import readings_in_brief
from readerstudy.domain.result_cache import cached
from readerstudy.domain.results import study_results
from readerstudy.domain.retention import erase_older, erase_overdue, erase_reader, erase_staff
from readerstudy.domain.trail.verify import verify_records
from readerstudy.models.actor import Actor, ActorAddress
from readerstudy.models.reader import Reader, ReaderContact
from readerstudy.models.study import Study
from tests.readerstudy.administration import builders

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def study() -> Study:
    study = builders.closed()
    with acting_from("192.0.2.7"):
        audit.record(actor=study.readers.get(), action="begin reading", study=study)
    with acting_from("192.0.2.8"):
        audit.record(actor="bob", action="look", study=study)
    return study


def addresses() -> list[str]:
    return sorted(ActorAddress.objects.values_list("address", flat=True))


def test_a_readers_profile_and_addresses_go_and_the_answers_stay(study, tmp_path):
    before = readings_in_brief(study)
    assert study_results(study).readers["years"].tolist() == [7]

    assert erase_reader(reader=study.readers.get(), actor="ann") is True

    reader = Reader.objects.get()
    assert (reader.code, reader.years, reader.specialty, reader.preferences) == ("R1", None, "", {})
    assert addresses() == ["", "192.0.2.8"]
    assert readings_in_brief(study) == before
    assert verify_records(study.slug).problems == []
    event = study.audit_events.select_related("actor").last()
    assert (event.action, str(event.actor), event.detail) == ("erase personal data", "ann", {"reader": "R1"})
    export_study(study=study, folder=tmp_path / "out", actor="ann")
    exported = pd.read_csv(tmp_path / "out" / "readers.csv")
    assert exported[["years", "specialty"]].isna().all(axis=None)
    assert "abdominal" not in "".join(path.read_text() for path in (tmp_path / "out").glob("*.[chj]s*"))


def test_years_stay_in_steps_where_the_reader_consented(study):
    for years, left in ((0, 0), (4, 0), (7, 5), (23, 20), (60, 20), (None, None)):
        Reader.objects.update(years=years, specialty="x", consented_at=timezone.now())
        assert erase_reader(reader=study.readers.get(), actor="ann") is True
        assert Reader.objects.get().years == left
        assert erase_reader(reader=study.readers.get(), actor="ann") is False


def test_the_e_mail_address_goes(study):
    ReaderContact.objects.create(reader=study.readers.get(), email="reader@hospital.example")
    erase_reader(reader=study.readers.get(), actor="ann")
    assert not ReaderContact.objects.exists()


def test_what_was_worked_out_by_years_is_worked_out_anew(study, settings: LazySettings):
    assert cached(study, "years", lambda: "seven") == "seven"
    assert cached(study, "years", lambda: "other") == "seven"  # kept, as answers never change

    erase_reader(reader=study.readers.get(), actor="ann")

    assert not list((settings.DATA_ROOT / "cache").glob("*"))
    assert cached(study, "years", lambda: "none") == "none"
    assert study_results(study).readers["years"].isna().all()


def test_there_is_nothing_to_erase_twice(study):
    reader = study.readers.get()
    erase_reader(reader=reader, actor="ann")
    events = study.audit_events.count()

    assert erase_reader(reader=reader, actor="ann") is False
    assert study.audit_events.count() == events


def test_a_staff_name_goes_and_later_acts_get_another_key(study):
    key = Actor.objects.get(name="bob").key

    erase_staff(name="bob", actor="ann")

    assert Actor.objects.get(key=key).name == ""
    assert addresses() == ["", "192.0.2.7"]
    audit.record(actor="bob", action="look", study=study)
    assert Actor.objects.get(name="bob").key != key
    assert verify_records(study.slug).problems == []
    assert verify_records("").problems == []
    with pytest.raises(DomainError, match="Nobody called 'zoe'"):
        erase_staff(name="zoe", actor="ann")


def test_what_is_old_goes_by_itself(study, settings: LazySettings):
    erase_overdue()
    assert "192.0.2.7" in addresses()
    settings.RETENTION_DAYS = 30
    erase_overdue()
    assert Reader.objects.get().years == 7

    Study.objects.update(closed_at=timezone.now() - timedelta(days=31))
    erase_overdue()

    assert Reader.objects.get().years is None
    assert addresses() == ["", "192.0.2.8"]  # first seen today
    ActorAddress.objects.update(first_seen_at=timezone.now() - timedelta(days=31))
    assert erase_older(days=30, actor="ann") == 1
    assert addresses() == ["", ""]
    for days in (0, 99_999_999_999):
        with pytest.raises(DomainError, match=f"from 1 to 36500, not {days}"):
            erase_older(days=days, actor="ann")


def test_the_command_erases_whom_it_is_told(study, capsys):
    call_command("erase_personal_data", study.slug, reader="R1")
    assert capsys.readouterr().out == "1 of 1 readers had personal data, which is erased; their answers stay.\n"
    call_command("erase_personal_data", staff="bob")
    call_command("erase_personal_data", older_than=5)
    for arguments, words in (
        ({"slug": study.slug, "reader": "R9"}, "has no reader R9"),
        ({"slug": "none"}, "There is no study"),
        ({}, "Say whose data"),
        ({"older_than": 0}, "from 1 to 36500, not 0"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("erase_personal_data", **arguments)


def test_owners_erase_on_a_page(study, staff_client):
    page = reverse("study-keeping", args=[study.slug])
    assert "abdominal radiology" in staff_client.get(page).content.decode()

    response = staff_client.post(reverse("reader-erase", args=[study.slug, study.readers.get().pk]), follow=True)

    text = response.content.decode()
    assert "What was kept of R1 as a person is erased." in text
    assert "abdominal radiology" not in text
    assert Reader.objects.get().specialty == ""
