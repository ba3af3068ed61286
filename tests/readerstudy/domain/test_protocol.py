"""The frozen protocol: one hash over all that opening fixes, and what is noticed and recorded after."""

import hashlib
import json

import pytest
from django.db.models import F

from readerstudy.domain import protocol as protocols
from readerstudy.domain.canonical import canonical_sha256
from readerstudy.domain.errors import DomainError
from readerstudy.domain.protocol import amend, current_versions, deviations, protocol_of, viewer_version
from readerstudy.domain.resets import reset_reader
from readerstudy.domain.studies import close_study
from readerstudy.domain.trail.verify import verify_records
from readerstudy.models.append_only import AppendOnlyError
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.protocol import Amendment, Protocol
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def study():
    return factories.make_study_of_patients(real=2, hosts=2)


def test_opening_freezes_design_cases_versions_and_audit_under_one_hash(study):
    frozen = protocol_of(study)

    text = json.dumps(frozen.document, sort_keys=True, separators=(",", ":"))
    assert frozen.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert frozen.document["design"] == study.design
    assert (frozen.document["cases"]["count"], len(frozen.document["cases"]["sha256"])) == (4, 64)
    assert frozen.document["versions"]["viewer"] == viewer_version()
    assert {"application", "analysis", "reading orders", "case selection"} <= set(frozen.document["versions"])
    assert set(frozen.document["versions"]["engines"]) == {"hand-crafted"}
    assert frozen.document["leak_audit"]["outcome"] == "too-few"
    assert frozen.document["leak_audit"]["acknowledgement"] == "It is a test."
    assert study.audit_events.get(action="open study").detail["protocol_sha256"] == frozen.sha256
    assert deviations(frozen) == []


def test_a_protocol_tells_no_case_apart(study):
    text = json.dumps(protocol_of(study).document)

    assert not any(case.code in text for case in study.cases.all())


def test_a_protocol_is_never_changed(study):
    frozen = protocol_of(study)

    with pytest.raises(AppendOnlyError):
        frozen.save()
    with pytest.raises(AppendOnlyError):
        frozen.delete()


def test_a_changed_design_or_case_is_noticed(study):
    study.design["reading"]["told_prevalence"] = "Half of them are real."
    study.save()
    assert deviations(protocol_of(study)) == ["The design is not the frozen one any more."]

    pack = SlicePack.objects.select_related("file").first()
    StoredFile.objects.filter(pk=pack.file.pk).update(sha256="0" * 64)
    assert "The cases are not the frozen ones any more." in deviations(protocol_of(study))


CASES = "The cases are not the frozen ones any more."
ORDER = "The order of reader R1 is not the one that the trail names."
CLOSING = "The reason for closing early is not the one that the trail names."
BEHIND_THE_BACK = {
    "a control": (GroundTruth.objects.filter(truth="synthetic"), {"control": True}, CASES),
    "a host-only item": (Case.objects.all(), {"host_only": True}, CASES),
    "the spacing": (SlicePack.objects.all(), {"spacing_mm": [9, 9, 9]}, CASES),
    "the shape": (SlicePack.objects.all(), {"shape": [1, 1, 1]}, CASES),
    "the rotation": (Sequence.objects.filter(reader__code="R1"), {"rotation": 7}, ORDER),
    "the rules": (Sequence.objects.filter(reader__code="R1"), {"algorithm": "mine"}, ORDER),
    "the positions": (
        SequenceItem.objects.filter(sequence__reader__code="R1"),
        {"position": F("position") + 100},
        ORDER,
    ),
    "a repeat": (SequenceItem.objects.filter(sequence__reader__code="R1", position=1), {"repeat_index": 1}, ORDER),
    "the sittings": (SequenceItem.objects.filter(sequence__reader__code="R1"), {"sitting": "2"}, ORDER),
    "a former order": (SequenceItem.objects.filter(sequence__former_reader__code="R1"), {"sitting": "2"}, ORDER),
    "the closing": (Study.objects.all(), {"closed_early": ""}, CLOSING),
}


@pytest.mark.parametrize("what", BEHIND_THE_BACK)
def test_what_the_trail_and_the_protocol_fixed_is_not_changed_unnoticed(study, what):
    reset_reader(reader=factories.make_reader(study), actor="ann", reason="The wrong person read.")
    factories.make_reader(study, "R2")
    close_study(study=study, actor="ann", reason="R2 left.")
    assert deviations(protocol_of(study)) == verify_records(study.slug).problems == []
    rows, change, words = BEHIND_THE_BACK[what]

    assert rows.update(**change) > 0

    assert deviations(protocol_of(study)) == verify_records(study.slug).problems == [words]


def test_cases_that_an_older_version_hashed_are_not_said_to_have_changed(study):
    frozen = protocol_of(study)
    older = frozen.document | {"cases": frozen.document["cases"] | {"sha256": "0" * 64}}
    older["versions"] = {name: now for name, now in older["versions"].items() if name != "case set hash"}

    said = deviations(Protocol(study=study, document=older, sha256=canonical_sha256(older)))

    assert said == ["Version of case set hash: not recorded when opened, cases-2 now."]


def test_other_software_is_recorded_as_an_amendment_once(study, monkeypatch):
    factories.make_reader(study)
    assert not Amendment.objects.exists()
    versions = current_versions() | {"viewer": "9.9.9"}
    monkeypatch.setattr(protocols, "current_versions", lambda: versions)

    factories.make_reader(study, "R2")
    close_study(study=study, actor="ann", reason="A test.")

    [amendment] = protocol_of(study).amendments.all()
    assert amendment.change == f"Version of viewer: {viewer_version()} when opened, 9.9.9 now."
    assert amendment.reason == "Noticed by the program when R2 was invited."


def test_an_amendment_is_kept_with_its_reason_and_in_the_trail(study):
    amend(study=study, actor="ann", change=" R3 is replaced by R5. ", reason="R3 fell ill.")

    [amendment] = protocol_of(study).amendments.all()
    assert (str(amendment.actor), amendment.change, amendment.reason) == (
        "ann",
        "R3 is replaced by R5.",
        "R3 fell ill.",
    )
    assert study.audit_events.get(action="amend protocol").detail["reason"] == "R3 fell ill."


def test_an_amendment_that_is_sent_twice_is_recorded_once(study):
    amend(study=study, actor="ann", change="R3 is replaced.", reason="R3 fell ill.")

    with pytest.raises(DomainError, match="says the same already"):
        amend(study=study, actor="bob", change="R3 is replaced.", reason="R3 fell ill.")

    assert Amendment.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        ("", "x", "Say what changes"),
        ("x", " ", "Say the reason"),
        ("x", "y" * 501, "The reason must be text of up to 500 printable letters"),
    ],
)
def test_an_amendment_without_change_or_reason_is_refused(study, change, reason, words):
    with pytest.raises(DomainError, match=words):
        amend(study=study, actor="ann", change=change, reason=reason)
    assert not Amendment.objects.exists()


def test_what_was_not_opened_has_nothing_to_amend():
    factories.make_patients(real=2, hosts=2)
    with pytest.raises(DomainError, match="has no frozen protocol to amend"):
        amend(study=factories.make_draft(), actor="ann", change="x", reason="y")
