"""Who and what counts: the rule on dropouts, cases left out, orders given up. And that it is said."""

import json
import uuid

import pytest

from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exclusions import exclude_case
from readerstudy.domain.exports import export_study
from readerstudy.domain.participation import participation
from readerstudy.domain.reading_room import current_state, has_finished
from readerstudy.domain.resets import reset_reader
from readerstudy.domain.results import build_readings, study_results
from readerstudy.domain.withdrawals import withdraw
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.case import Case
from readerstudy.models.case_exclusion import CaseExclusion
from readerstudy.models.protocol import Amendment
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def make_study(**changes):
    return factories.make_study_of_patients(real=3, hosts=3, **changes)


def read(reader, n):
    for _ in range(n):
        token = current_state(reader=reader)["case"]["token"]
        record_reading(reader=reader, token=token, answer=Answer(uuid.uuid4(), Label.REAL, 5, ""))


def tokens(reader):
    return list(SequenceItem.objects.filter(sequence__reader=reader).values_list("token", flat=True))


# Readers who leave


@pytest.mark.parametrize(("rule", "counted"), [("as-read", {"R1": 4, "R2": 2, "R3": 4}), ("left-out", {"R1": 4})])
def test_readers_who_do_not_finish_or_withdraw_count_as_the_design_says(rule, counted):
    study = make_study(analysis={"dropouts": rule})
    for code, n in (("R1", 4), ("R2", 2), ("R3", 4)):
        read(factories.make_reader(study, code), n)
    withdraw(reader=Reader.objects.select_related("study").get(code="R3"), actor="ann", reason="Ill.")
    factories.close(study)

    assert build_readings(study).groupby("reader_id").size().to_dict() == counted
    (said,) = participation(study).sentences()
    assert "2 of 3 readers withdrew or did not finish (R2 read 2 of 4; R3 read 4 of 4, withdrew)" in said
    assert ("they are left out" in said) == (rule == "left-out")
    assert said in study_results(study).notices


def test_a_study_that_all_finished_has_nothing_to_say():
    study = make_study(analysis={"dropouts": "left-out"})
    read(factories.make_reader(study), 4)
    factories.close(study)

    assert participation(study).sentences() == []
    assert len(build_readings(study)) == 4


def test_the_export_says_who_is_left_out(tmp_path):
    study = make_study(analysis={"dropouts": "left-out"})
    read(factories.make_reader(study, "R1"), 4)
    read(factories.make_reader(study, "R2"), 1)
    factories.close(study)

    export_study(study=study, folder=tmp_path / "out", actor="ann")

    said = json.loads((tmp_path / "out" / "analysis.json").read_text())["study"]["participation"]
    assert said["rule"] == "left-out"
    assert said["left_out"] == ["R2"]
    assert "R2" not in (tmp_path / "out" / "readings.csv").read_text()
    assert "are left out; this was fixed before reading" in (tmp_path / "out" / "report.html").read_text()


# Broken cases


def test_a_broken_case_is_shown_and_counted_no_more_for_anybody():
    study = make_study()
    first, second = factories.make_reader(study, "R1"), factories.make_reader(study, "R2")
    read(first, 1)
    item = SequenceItem.objects.get(sequence__reader=first, position=1)

    exclude_case(study=study, code=item.case.code, actor="ann", reason="Half of the slices are black.")

    read(first, 3)
    read(second, 3)
    assert has_finished(reader=first)
    assert has_finished(reader=second)
    assert Reading.objects.count() == 7
    assert not Reading.objects.filter(item__case=item.case, item__sequence__reader=second).exists()
    amendment = Amendment.objects.get(reason__startswith="Half")
    assert amendment.change == f"Case {item.case.code} is left out for every reader."
    study.refresh_from_db()
    factories.close(study)
    readings = build_readings(study)
    assert len(readings) == 6
    assert item.case.code not in set(readings["case_id"])
    assert f"{item.case.code}: Half of the slices are black." in study_results(study).notices[-1]
    assert len(study_results(study).cases) == 3


def test_an_answer_on_its_way_about_a_case_that_is_left_out_is_still_stored():
    study = make_study()
    reader = factories.make_reader(study)
    token = current_state(reader=reader)["case"]["token"]
    item = SequenceItem.objects.get(token=token)
    exclude_case(study=study, code=item.case.code, actor="ann", reason="Broken.")

    record_reading(reader=reader, token=token, answer=Answer(uuid.uuid4(), Label.REAL, 5, ""))

    assert Reading.objects.filter(item=item).count() == 1


def test_what_can_not_be_left_out_is_refused_and_nothing_is_stored():
    study = make_study()
    code = Case.objects.filter(study=study).first().code

    with pytest.raises(DomainError, match="has no case nowhere"):
        exclude_case(study=study, code="nowhere", actor="ann", reason="Broken.")
    with pytest.raises(DomainError, match="Say the reason"):
        exclude_case(study=study, code=code, actor="ann", reason=" ")
    exclude_case(study=study, code=code, actor="ann", reason="Broken.")
    with pytest.raises(DomainError, match="is left out already"):
        exclude_case(study=study, code=code, actor="ann", reason="Broken.")
    assert (CaseExclusion.objects.count(), Amendment.objects.filter(reason="Broken.").count()) == (1, 1)

    factories.close(study)
    other = Case.objects.filter(study=study).last().code
    with pytest.raises(DomainError, match="is closed: a case can be left out while readers read"):
        exclude_case(study=study, code=other, actor="ann", reason="Broken.")


# Beginning anew


def test_a_reader_who_begins_anew_gets_another_order_and_the_old_one_is_kept():
    study = make_study(organs=[factories.organ_data(real=3, synthetic={"hand-crafted": 3})])
    reader = factories.make_reader(study)
    read(reader, 3)
    old = tokens(reader)

    sequence = reset_reader(reader=reader, actor="ann", reason="The wrong person read.")

    former = Sequence.objects.get(former_reader=reader)
    assert (former.reader, former.draw, sequence.draw, sequence.rotation) == (None, 1, 2, former.rotation)
    assert former.superseded_at is not None
    assert set(tokens(reader)).isdisjoint(old)
    cases = [list(one.items.values_list("case", flat=True)) for one in (former, sequence)]
    assert sorted(map(str, cases[0])) == sorted(map(str, cases[1]))
    assert Reading.objects.filter(item__sequence=former).count() == 3
    assert current_state(reader=reader)["progress"]["position"] == 1
    assert AuditEvent.objects.get(action="reset reader").detail["reason"] == "The wrong person read."
    assert Amendment.objects.get(reason="The wrong person read.").change.startswith("Reader R1 begins anew")

    read(reader, 6)
    study.refresh_from_db()
    factories.close(study)
    assert len(build_readings(study)) == 6
    assert participation(study).sentences() == [
        "3 readings were made in orders that were drawn anew afterwards; they are stored, and not counted."
    ]


def test_a_reset_that_is_sent_twice_draws_one_order():
    reader = factories.make_reader(make_study())
    reset_reader(reader=reader, actor="ann", reason="They asked.")

    with pytest.raises(DomainError, match="says the same already"):
        reset_reader(reader=reader, actor="ann", reason="They asked.")

    assert Sequence.objects.exclude(former_reader=None).count() == 1


def test_an_order_drawn_anew_follows_from_the_seed_like_the_first():
    study = make_study(organs=[factories.organ_data(real=3, synthetic={"hand-crafted": 3})])
    reader = factories.make_reader(study)
    drawn = [
        [str(case) for case in Sequence.objects.get(reader=reader).items.values_list("case", flat=True)]
        for number in range(3)
        if reset_reader(reader=reader, actor="ann", reason=f"Test {number}.")
    ]

    assert len({tuple(order) for order in drawn}) > 1


@pytest.mark.parametrize(
    ("reason", "said"), [("", "Say the reason"), ("  ", "Say the reason"), ("x" * 501, "up to 500")]
)
def test_without_a_reason_nobody_begins_anew(reason, said):
    reader = factories.make_reader(make_study())
    before = tokens(reader)

    with pytest.raises(DomainError, match=said):
        reset_reader(reader=reader, actor="ann", reason=reason)

    assert tokens(reader) == before
    assert not Sequence.objects.exclude(former_reader=None).exists()
