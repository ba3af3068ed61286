"""Designing a study in the browser: what is stored, and what is said where it can't be."""

from typing import get_args

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from readerstudy.administration.forms import LESION_CUES, MAX_DESIGN_BYTES, RESPONSES
from readerstudy.domain.design import ReadingDesign
from readerstudy.domain.eligibility import CRITERIA, ELIGIBILITY
from readerstudy.domain.presets import PRESETS
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.study import Study
from readerstudy.models.volume import OrganScan
from tests import factories

from . import builders

TOML = """
slug = "livers"
title = "Livers"
seed = 1
[[organs]]
name = "liver"
real = 2
synthetic = { hand-crafted = 2 }
diameter_mm = [5, 20]
"""


@pytest.fixture
def sources(db: None) -> None:
    builders.import_scans("tumours", origin="real", count=3)
    builders.import_scans("hosts", origin="healthy", count=3)
    builders.import_scans("elsewhere", origin="synthetic", generator="difftumor", count=3)


def answers(**changes: object) -> dict[str, object]:
    """What the form sends for two real and two synthetic livers, the other organs left as they stand."""
    organs = {
        f"{organ}-{name}": value
        for organ in ("liver", "pancreas", "kidney")
        for name, value in {
            "real": 2,
            "synthetic": 2,
            "generator": "hand-crafted",
            "smallest_mm": 5,
            "largest_mm": 20,
        }.items()
    }
    study = {
        "title": "Livers",
        "slug": "livers",
        "seed": 1,
        "task": "origin",
        "practice": 0,
        "told_prevalence": "Some are real.",
        "response": "label",
        "lesion_cue": "slice",
        "change_answers": "until-next",
        "sittings": 1,
        "washout_days": 0,
        "repeats": 0,
        "max_run": 0,
        "controls": 0,
        "host_only": 0,
        "eligibility": "\n".join(ELIGIBILITY),
        "criteria": "\n".join(CRITERIA),
        "max_rejected": 0.25,
        "cases_per_reader": 0,
        "anchors": 0,
        "on": ["diameter"],
        "same_patient": "never",
        "dropouts": "as-read",
        "unsure_policy": "middle",
        "equivalence_margin": 0.1,
        "alpha": 0.05,
    }
    return {**study, **organs, "liver-include": "on", **changes}


def create(client: Client, **changes: object):
    given = {key: value for key, value in answers(**changes).items() if value is not None}
    return client.post(reverse("study-new"), given)


def test_the_form_makes_the_study_that_was_asked_for(sources: None, staff_client: Client):
    response = create(staff_client)
    study = Study.objects.get()
    assert response["Location"] == reverse("study-detail", args=["livers"])
    assert (study.title, study.state, study.created_by.username) == ("Livers", "draft", "ann")
    assert study.design["organs"] == [
        {
            "name": "liver",
            "real": 2,
            "synthetic": {"hand-crafted": 2},
            "diameter_mm": [5.0, 20.0],
            "real_from": [],
            "hosts_from": [],
        }
    ]
    assert study.design["reading"]["told_prevalence"] == "Some are real."
    events = AuditEvent.objects.exclude(action="log in")
    assert list(events.values_list("actor__name", "action")) == [("ann", "create study")]


def test_organ_recognition_is_stored_with_its_crop_and_without_what_it_has_no_use_for(
    sources: None, staff_client: Client
):
    factories.make_patients(real=2, hosts=2, organ="kidney")
    response = create(
        staff_client,
        **{"task": "organ", "kidney-include": "on", "side_mm": 50, "spacing_mm": "", "surroundings": "masked"},
        **{"margin_mm": 3, "controls": 2, "max_run": 3, "attributes": ["shape"]},
        told_prevalence="Some cases are real, some synthetic.",
    )
    design = Study.objects.get().design
    assert response["Location"] == reverse("study-detail", args=["livers"])
    assert design["task"] == "organ"
    assert design["crop"] == {"side_mm": 50, "spacing_mm": 1, "surroundings": "masked", "margin_mm": 3}
    assert design["reading"]["told_prevalence"] == "Every tumour is in one of the organs that can be answered."
    page = staff_client.get(response["Location"]).content.decode()
    assert "cube of 50 mm a side" in page
    assert "Equivalence margin" not in page


def test_organ_recognition_of_one_organ_is_refused_in_a_sentence(sources: None, staff_client: Client):
    response = create(staff_client, task="organ", side_mm=60)
    assert not Study.objects.exists()
    assert "needs cases of two organs at the least" in response.content.decode()


def test_sittings_matching_and_analysis_are_stored_as_asked(sources: None, staff_client: Client):
    create(
        staff_client,
        **{"sittings": 2, "washout_days": 7, "repeats": 1, "on": ["spacing", "phase"], "same_patient": "other-sitting"},
        **{"max_run": 4, "dropouts": "left-out", "unsure_policy": "exclude", "equivalence_margin": 0.2, "alpha": 0.01},
    )
    design = Study.objects.get().design
    assert design["matching"] == {"on": ["spacing", "phase"], "same_patient": "other-sitting"}
    reading = design["reading"]
    assert [reading[name] for name in ("sittings", "washout_days", "repeats", "max_run")] == [2, 7, 1, 4]
    assert design["analysis"] | {"holm_family": None} == {
        "dropouts": "left-out",
        "unsure_policy": "exclude",
        "equivalence_margin": 0.2,
        "alpha": 0.01,
        "holm_family": None,
    }


def test_the_gallerys_rules_are_stored_as_asked_and_left_out_where_they_are_the_usual(
    sources: None, staff_client: Client
):
    create(staff_client)
    assert "gallery" not in Study.objects.get().design

    rules = {"eligibility": " Cirrhosis \r\n\r\nA stent", "criteria": "", "max_rejected": "0.1"}
    create(staff_client, slug="strict", **rules)

    assert Study.objects.get(slug="strict").design["gallery"] == {
        "eligibility": ["Cirrhosis", "A stent"],
        "criteria": [],
        "max_rejected": 0.1,
    }
    page = staff_client.get(reverse("study-detail", args=["strict"])).content.decode()
    assert "2 reasons of the patient, 0 of the case; 0.1 rejected at the most" in page


def test_a_gallery_without_a_reason_comes_back_with_what_was_typed(sources: None, staff_client: Client):
    page = create(staff_client, eligibility="", criteria="", max_rejected=0.3).content.decode()
    assert "name at least one criterion or eligibility rule to reject a case by" in page
    assert 'name="max_rejected" value="0.3"' in page
    assert not Study.objects.exists()


def test_the_form_begins_with_the_usual_rules_a_line_each(sources: None, staff_client: Client):
    page = staff_client.get(reverse("study-new")).content.decode()
    assert "\n".join(CRITERIA) in page


def test_host_only_items_are_stored_as_asked(sources: None, staff_client: Client):
    create(staff_client, **{"liver-real": 1, "liver-synthetic": 1, "host_only": 2})
    assert Study.objects.get().design["reading"]["host_only"] == 2
    page = staff_client.get(reverse("study-detail", args=["livers"])).content.decode()
    assert "2 cases with the tumour hidden" in page


def test_realism_feedback_and_going_back_are_stored_as_asked(sources: None, staff_client: Client):
    create(
        staff_client,
        **{"attributes": ["shape", "place"], "practice": 1, "practice_feedback": "on"},
        change_answers="until-sitting-ends",
    )
    reading = Study.objects.get().design["reading"]
    assert reading["attributes"] == ["shape", "place"]
    assert (reading["practice_feedback"], reading["change_answers"]) == (True, "until-sitting-ends")


def test_an_impossible_design_comes_back_with_what_would_work(sources: None, staff_client: Client):
    page = create(staff_client, sittings=2, washout_days=7, repeats=3).content.decode()
    assert "of 4 cases in 2 sittings, 2 at most can come again in a later one" in page
    assert 'name="repeats" value="3"' in page
    assert not Study.objects.exists()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fills_the_form(sources: None, staff_client: Client, name: str):
    design = PRESETS[name].design()

    context = staff_client.get(reverse("study-new"), {"preset": name}).context

    assert context["form"]["sittings"].value() == design.reading.sittings
    assert context["form"]["on"].value() == design.matching.on
    assert context["form"]["slug"].value() is None
    for form, organ in zip(context["organ_forms"], design.organs, strict=True):
        assert (form["include"].value(), form["real"].value()) == (True, organ.real)
        assert (form["smallest_mm"].value(), form["largest_mm"].value()) == organ.diameter_mm
        assert form["generator"].value() in organ.synthetic


def test_a_preset_that_nobody_knows_is_none(sources: None, staff_client: Client):
    assert staff_client.get(reverse("study-new"), {"preset": "nonsense"}).context["form"]["sittings"].value() == 1


def test_a_draft_shows_how_alike_its_arms_will_be(sources: None, staff_client: Client):
    create(staff_client)

    page = staff_client.get(reverse("study-detail", args=["livers"])).content.decode()

    assert "How alike the arms will be" in page
    assert "data set: tumours" in page
    assert "diameter, mm" in page


def test_a_draft_whose_data_sets_are_gone_says_so(sources: None, staff_client: Client):
    create(staff_client)
    OrganScan.objects.all().delete()

    page = staff_client.get(reverse("study-detail", args=["livers"])).content.decode()

    assert "Too few patients" in page


def test_data_sets_and_imported_generators_can_be_chosen(sources: None, staff_client: Client):
    create(staff_client, **{"liver-real_from": ["tumours"], "liver-generator": "difftumor"})
    organ = Study.objects.get().design["organs"][0]
    assert (organ["real_from"], organ["hosts_from"], organ["synthetic"]) == (["tumours"], [], {"difftumor": 2})


def test_what_readers_are_asked_can_be_chosen(sources: None, staff_client: Client):
    create(staff_client, response="rating-6", lesion_cue="none", comments="on", rationale_mark="on")
    reading = Study.objects.get().design["reading"]
    assert (reading["response"], reading["lesion_cue"]) == ("rating-6", "none")
    assert (reading["comments"], reading["rationale_mark"]) == (True, True)


def test_every_way_to_answer_and_every_cue_is_offered():
    reading = ReadingDesign.model_fields
    assert [value for value, _ in RESPONSES] == list(get_args(reading["response"].annotation))
    assert [value for value, _ in LESION_CUES] == list(get_args(reading["lesion_cue"].annotation))


def test_the_page_says_what_there_is(sources: None, staff_client: Client):
    builders.import_scans("unmasked", origin="healthy", count=5, masked=False)
    liver, pancreas, _ = staff_client.get(reverse("study-new")).context["organ_forms"]
    assert (liver.sources.hosts, liver.sources.real, liver.sources.synthetic) == (3, 3, {"difftumor": 3})
    assert (pancreas.sources.hosts, pancreas.sources.real, pancreas.sources.synthetic) == (0, 0, {})
    assert [liver.is_included, pancreas.is_included] == [True, False]
    assert [choice for choice, _ in liver.fields["hosts_from"].choices] == ["hosts"]


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"title": None}, "title", "This field is required."),
        ({"slug": "Two Words"}, "slug", "Use small letters, digits and single hyphens, such as liver-2026."),
        ({"seed": -1}, "seed", "Ensure this value is greater than or equal to 0."),
        ({"practice": 51}, "practice", "Ensure this value is less than or equal to 50."),
    ],
)
def test_a_field_that_is_wrong_is_named(sources, staff_client, changes, field, sentence):
    response = create(staff_client, **changes)
    assert response.context["form"].errors == {field: [sentence]}
    assert f'<a href="#id_{field}">' in response.text
    assert not Study.objects.exists()


def test_a_field_of_an_organ_that_is_wrong_is_named(sources: None, staff_client: Client):
    response = create(staff_client, **{"liver-real": "many"})
    assert response.context["organ_forms"][0].errors == {"real": ["Enter a whole number."]}
    assert '<a href="#id_liver-real">' in response.text
    assert not Study.objects.exists()


def test_what_is_wrong_in_an_organ_left_out_does_not_matter(sources: None, staff_client: Client):
    assert create(staff_client, **{"kidney-real": "", "kidney-smallest_mm": "x"}).status_code == 302


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"liver-real": 9}, "liver real: 9 asked for, 3 can be had"),
        ({"liver-include": None}, "organs"),
        ({"liver-smallest_mm": 30}, "diameter_mm must be [low, high]"),
        ({"slug": "taken"}, "There is a study taken already"),
    ],
)
def test_a_design_that_cannot_be_is_explained_and_nothing_typed_is_lost(sources, staff_client, changes, words):
    create(staff_client, slug="taken")
    response = create(staff_client, title="A long thought-out title", **changes)
    assert words in " ".join(response.context["form"].non_field_errors())
    assert 'value="A long thought-out title"' in response.text
    assert Study.objects.count() == 1


def test_a_file_makes_the_same_study_as_the_form(sources: None, staff_client: Client):
    response = staff_client.post(reverse("study-new-file"), {"text": TOML})
    assert response["Location"] == reverse("study-detail", args=["livers"])
    assert Study.objects.get().design["organs"][0]["synthetic"] == {"hand-crafted": 2}


def test_a_file_can_be_uploaded(sources: None, staff_client: Client):
    staff_client.post(reverse("study-new-file"), {"file": SimpleUploadedFile("STUDY.toml", TOML.encode())})
    assert Study.objects.get().slug == "livers"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Paste a STUDY.toml or choose a file."),
        ({"text": "slug = "}, "This is not TOML"),
        ({"text": TOML + "colour = 1"}, "unknown key organs[0].colour"),
        ({"text": "slug = 'x'"}, "organs is missing"),
        ({"file": SimpleUploadedFile("x.toml", b"\xff\xfe")}, "This is not TOML"),
        ({"file": SimpleUploadedFile("x.toml", b"#" * (MAX_DESIGN_BYTES + 1))}, "x.toml is too large"),
    ],
)
def test_a_file_that_is_no_design_is_explained(sources, staff_client, given, words):
    response = staff_client.post(reverse("study-new-file"), given)
    assert words in " ".join(response.context["file_form"].non_field_errors())
    assert not Study.objects.exists()
