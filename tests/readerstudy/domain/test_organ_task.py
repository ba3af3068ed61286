"""Organ-recognition studies: what a design may ask, what is built, shown and answered."""

import uuid

import numpy as np
import pytest

from readerstudy.domain.answer_scale import answer_scale, asked_of
from readerstudy.domain.answers import parse_answer, record_reading, save_answer
from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.crops import FILL_HU
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.leak_audit.features import CROP_FEATURES
from readerstudy.domain.leak_audit.figures import audit_drawings
from readerstudy.domain.leak_audit.runs import latest_audit
from readerstudy.domain.leak_audit.study import DESCRIPTION, measure_cases
from readerstudy.domain.organ_task import TOLD
from readerstudy.domain.reading_room import current_state, find_slices, outline
from readerstudy.domain.slice_packs import decode_slice
from readerstudy.models.case import SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.reading import Reading
from tests import factories


def refusal(**changes):
    with pytest.raises(DomainError) as caught:
        parse_design(factories.organ_task_data(**changes))
    return str(caught.value).removeprefix("The design: ")


ONE_ORGAN = [factories.organ_data(), factories.organ_data(name="kidney", real=0, synthetic={})]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"organs": ONE_ORGAN},
            'task = "organ" needs cases of two organs at the least: there is nothing to tell apart.',
        ),
        (
            {"reading": {"response": "rating-6"}},
            'reading.response = "rating-6" rates from synthetic to real; for task = "organ" use label or '
            "label+confidence.",
        ),
        (
            {"reading": {"lesion_cue": "none"}},
            'reading.lesion_cue = "none" has readers look for a tumour; for task = "organ" the crop lies around it: '
            "use slice or marker.",
        ),
        (
            {"reading": {"attributes": ["shape"]}},
            'reading.attributes ask how real a tumour looks, which task = "organ" does not: leave them out.',
        ),
        (
            {"reading": {"controls": 2}},
            'reading.controls are poor synthetic cases, which task = "organ" has no use for: leave them out.',
        ),
        (
            {"reading": {"host_only": 2}},
            'reading.host_only hides tumours, whose organ task = "organ" asks for: leave it out (crop.surroundings = '
            '"masked" shows them alone).',
        ),
        (
            {"reading": {"max_run": 3}},
            "reading.max_run limits runs of real and of synthetic cases, not of organs: leave it out of task = "
            '"organ".',
        ),
        (
            {"crop": {"side_mm": 18}},
            "crop.side_mm = 18 can't hold tumours of 20 mm: 20 is the least.",
        ),
        (
            {"crop": {"side_mm": 25, "surroundings": "masked", "margin_mm": 4}},
            "crop.side_mm = 25 can't hold tumours of 20 mm with 4 mm around them: 28 is the least.",
        ),
        (
            {"crop": {"side_mm": 200, "spacing_mm": 0.5}},
            "crop.side_mm = 200 at crop.spacing_mm = 0.5 makes 401 voxels a side: between 9 and 301 can be shown.",
        ),
        ({"crop": {"side_mm": 5}}, "crop.side_mm: input should be greater than or equal to 10."),
        ({"crop": {"surroundings": "blurred"}}, "crop.surroundings: input should be 'kept' or 'masked'."),
        ({"reading": "all"}, "reading: input should be a valid dictionary or instance of ReadingDesign."),
    ],
)
def test_what_it_can_not_have_is_refused_with_what_to_do(changes, message):
    assert refusal(**changes) == message


def test_a_crop_is_refused_where_real_is_told_from_synthetic():
    with pytest.raises(DomainError, match='crop is for task = "organ"; leave it out where readers tell real from'):
        parse_design(factories.design_data(crop={"side_mm": 60}))


@pytest.mark.database
def test_it_is_stored_whole_and_read_again():
    design = parse_design(factories.organ_task_data(crop={"side_mm": 40, "spacing_mm": 2}))

    stored = design.to_json()

    assert stored["crop"] == {"side_mm": 40, "spacing_mm": 2, "surroundings": "kept", "margin_mm": 5}
    assert stored["reading"]["told_prevalence"] == TOLD
    assert parse_design(stored) == design
    assert parse_design(factories.organ_task_data(crop={"side_mm": 40})).sha256() != design.sha256()


@pytest.mark.parametrize("response", ["label", "label+confidence"])
def test_the_answers_are_the_studys_organs_and_unsure(response):
    asked = asked_of(parse_design(factories.organ_task_data(reading={"response": response})).to_json())

    scale = answer_scale(asked)

    assert [(one.label, one.name, one.key) for one in scale.choices] == [
        ("liver", "Liver", "R"),
        ("kidney", "Kidney", "Y"),
        ("unsure", "Unsure", "U"),
    ]


def test_a_confidence_is_that_in_the_organ():
    asked = asked_of(parse_design(factories.organ_task_data(reading={"response": "label+confidence"})).to_json())
    scale = answer_scale(asked)

    assert scale.rate(label="kidney", rating=None, confidence=3) == ("kidney", 3)
    assert scale.rate(label="unsure", rating=0, confidence=None) == ("unsure", 0)
    for label, confidence in (("kidney", None), ("pancreas", 1), ("real", 1)):
        with pytest.raises(DomainError):
            scale.rate(label=label, rating=None, confidence=confidence)


@pytest.fixture
def patients(db):
    factories.make_patients(real=3, hosts=3)
    factories.make_patients(real=3, hosts=3, organ="kidney")


def slices_of(reader, case):
    n, rows, columns = case["shape"]
    slices = find_slices(reader=reader, token=case["token"])
    return np.stack([decode_slice(slices.read(number), (rows, columns)) for number in range(n)])


@pytest.mark.django_db
def test_every_case_is_built_on_one_grid_and_shown_without_its_organ(patients):
    study = factories.make_open_study(**factories.organ_task_data(crop={"side_mm": 30, "spacing_mm": 1.5}))
    assert set(SlicePack.objects.values_list("state", flat=True)) == {Job.State.SUCCEEDED}
    reader = factories.make_reader(study)
    told, organs = set(), set()

    while not (state := current_state(reader=reader))["done"]:
        case = state["case"]
        organs.add(reader.sequence.items.get(token=case["token"]).case.organ)
        told.add(repr({name: value for name, value in case.items() if name != "token" and not name.endswith("_url")}))
        data = {"submission": str(uuid.uuid4()), "label": "liver", "active_ms": 5}
        answer = parse_answer(data, asked=asked_of(study.design))
        save_answer(reader=reader, token=case["token"], answer=answer)

    assert organs == {"liver", "kidney"}
    assert told == {
        repr(
            {
                "organ": "",
                "question": "In which organ is this tumour?",
                "shape": [21, 21, 21],
                "spacing_mm": [1.5, 1.5, 1.5],
                "towards": ["I", "P", "L"],
                "cue_slice": 10,
                "cue_marker": None,
                "rates_realism": True,
            }
        )
    }
    assert set(Reading.objects.values_list("label", flat=True)) == {"liver"}
    assert outline(reader=reader)["organs"] == ["liver", "kidney"]


@pytest.mark.django_db
def test_masked_shows_one_gray_beyond_the_margin(patients):
    crop = {"side_mm": 30, "spacing_mm": 1.5, "surroundings": "masked", "margin_mm": 3}
    reading = {"lesion_cue": "marker"}
    study = factories.make_open_study(**factories.organ_task_data(crop=crop, reading=reading))
    reader = factories.make_reader(study)

    case = current_state(reader=reader)["case"]

    hu = slices_of(reader, case)
    assert case["cue_marker"] == [10, 10, 10]
    assert hu[10, 10, 10] != FILL_HU
    assert 0.7 < (hu == FILL_HU).mean() < 0.98
    assert (hu[[0, -1]] == FILL_HU).all()


@pytest.mark.database
@pytest.mark.django_db
def test_orders_hold_each_organ_evenly_in_both_halves(patients):
    study = factories.make_open_study(**factories.organ_task_data())
    for code in ("R1", "R2", "R3"):
        items = factories.make_reader(study, code).sequence.items.order_by("position").select_related("case")
        organs = [item.case.organ for item in items]
        first = organs[: len(organs) // 2]
        assert abs(first.count("liver") - first.count("kidney")) <= 2
        assert abs(2 * first.count("liver") - organs.count("liver")) <= 1


@pytest.mark.django_db
def test_practice_tells_the_organ_where_the_study_tells_it_and_nothing_of_a_case_that_counts(patients):
    reading = {"practice": 1, "practice_feedback": True}
    study = factories.make_open_study(**factories.organ_task_data(reading=reading))
    reader = factories.make_reader(study)
    asked = asked_of(study.design)
    told = []
    for _ in range(2):
        token = current_state(reader=reader)["case"]["token"]
        case = reader.sequence.items.get(token=token).case
        answer = parse_answer({"submission": str(uuid.uuid4()), "label": "unsure", "active_ms": 5}, asked=asked)
        told.append((case, save_answer(reader=reader, token=token, answer=answer).get("feedback")))

    assert told[0][1] == f"The tumour of this practice case is in the {told[0][0].organ}."
    assert told[1][1] is None


@pytest.mark.database
@pytest.mark.django_db
def test_the_first_tasks_labels_are_no_answers(patients):
    study = factories.make_draft(**factories.organ_task_data())

    with pytest.raises(DomainError, match="label must be one of liver, kidney, unsure"):
        parse_answer({"submission": str(uuid.uuid4()), "label": "real", "active_ms": 5}, asked=asked_of(study.design))


@pytest.mark.django_db
def test_a_mark_is_kept_where_it_lies_in_the_patient(patients):
    study = factories.make_open_study(**factories.organ_task_data(reading={"rationale_mark": True}))
    reader = factories.make_reader(study)
    token = current_state(reader=reader)["case"]["token"]
    item = reader.sequence.items.get(token=token)
    middle = item.case.pack.shape[0] // 2
    data = {"submission": str(uuid.uuid4()), "label": "liver", "active_ms": 5}
    mark = {"slice": middle, "row": middle, "column": middle}

    answer = parse_answer(data | {"mark": mark}, asked=asked_of(study.design))
    reading = record_reading(reader=reader, token=token, answer=answer)

    source = GroundTruth.objects.get(case=item.case).source
    extent = np.array(source.volume.shape) * np.array(source.volume.spacing_mm)
    assert (np.abs(np.array(reading.mark_mm) - extent / 2) < 5).all()  # the tumours lie about the middle of their CT


@pytest.mark.django_db
def test_a_draft_can_be_drawn_from_real_cases_alone(patients):
    organs = [factories.organ_data(synthetic={}), factories.organ_data(name="kidney", synthetic={})]
    study = factories.make_draft(**factories.organ_task_data(organs=organs))

    start_generation(study=study, actor=factories.ACTOR)

    assert set(GroundTruth.objects.values_list("truth", flat=True)) == {"real"}


@pytest.mark.django_db
def test_the_audit_measures_crops_as_they_are_shown_and_compares_organs(patients):
    for organ in ("liver", "kidney"):
        factories.make_patients(real=6, hosts=6, organ=organ)
    organs = [factories.organ_data(name=name, real=4, synthetic={"hand-crafted": 4}) for name in ("liver", "kidney")]
    study = factories.make_open_study(**factories.organ_task_data(organs=organs))

    cases = measure_cases(study)

    assert set(cases) == {*DESCRIPTION, *(feature.name for feature in CROP_FEATURES)}
    assert not {"organ_ml", "organ_hu", "soft_hu", "air"} & set(cases)
    for name, value in {"slices": 13, "rows": 13, "columns": 13, "slice_mm": 2, "row_mm": 2, "tilt_deg": 0}.items():
        assert set(cases[name]) == {value}, name
    assert set(cases["cue_place"]) == {0.5}
    assert cases[["noise_hu", "grain", "sharpness", "diameter_mm", "bytes"]].notna().all().all()
    told = latest_audit(study).result
    assert {one["where"] for one in told["results"]} == {"kidney against liver"}
    assert {(one["n_real"], one["n_synthetic"]) for one in told["results"]} == {(8, 8)}
    assert told["notes"][0].startswith("What lies around the tumours is shown")
    assert "organs" in told["conclusion"] or "8 kidney and 8 liver cases" in told["conclusion"]
    assert set(audit_drawings(latest_audit(study))) >= {"parts"}


@pytest.mark.django_db
def test_the_audit_finds_an_organ_that_comes_from_a_data_set_of_its_own(db):
    for organ in ("liver", "kidney"):
        factories.make_patients(real=9, hosts=0, organ=organ)  # a data set each
    organs = [factories.organ_data(name=name, real=9, synthetic={}) for name in ("liver", "kidney")]
    crop = {"side_mm": 32, "spacing_mm": 2, "surroundings": "masked"}
    study = factories.make_open_study(**factories.organ_task_data(organs=organs, crop=crop))

    audit = latest_audit(study)

    assert audit.outcome == "tells"
    assert any("outside the tumour, kidney against liver: source data set" in one for one in audit.result["findings"])
    assert {"parts", "tells"} == set(audit_drawings(audit))
    assert not any(note.startswith("What lies around") for note in audit.result["notes"])
