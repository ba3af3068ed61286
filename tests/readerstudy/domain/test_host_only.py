"""The host-only control: cases of their own with the tumour behind a ball, alike in both arms, counted apart."""

import uuid

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from readerstudy.domain.answers import asked_about, parse_answer, record_reading
from readerstudy.domain.case_set_hash import case_set_sha256
from readerstudy.domain.case_sets import retry_failed, start_generation
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exports import export_study
from readerstudy.domain.gallery import open_gallery
from readerstudy.domain.host_only import BALL_HU, LEAST_EDGE_MM, ball_diameter_mm, enclosing_ball, hide
from readerstudy.domain.leak_audit.study import measure_cases
from readerstudy.domain.matching import balance
from readerstudy.domain.protocol import deviations, protocol_of
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.report import render_report
from readerstudy.domain.results import study_results
from readerstudy.domain.selection import plan_case_set
from readerstudy.domain.slice_packs import decode_slice
from readerstudy.domain.store import get_store
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.study import Study
from readerstudy.models.volume import Lesion
from tests import factories

SPACING_MM = (2.0, 1.5, 1.5)
TUMOR_MM = [5, 10]  # so that the ball leaves something of the tests' small CTs

stored = pytest.mark.django_db


def organ(**changes):
    return factories.organ_data(diameter_mm=TUMOR_MM, **changes)


def plan(**changes):
    return plan_case_set(parse_design(factories.design_data(**{"organs": [organ()], **changes})))


def drawn(planned):
    return [(one.slot.generator, one.scan.pk, one.diameter_mm, one.seed) for one in planned]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 8), st.just(3)), elements=st.integers(-60, 60)),
)
def test_the_ball_holds_every_point_and_is_hardly_larger_than_the_smallest(points):
    center, radius = enclosing_ball(points)

    distances = np.linalg.norm(points - center, axis=1)
    assert distances.max() <= radius + 1e-9
    longest = np.linalg.norm(points[:, None] - points[None], axis=-1).max()
    assert longest / 2 - 1e-9 <= radius <= 1.03 * longest * np.sqrt(3 / 8) + 1e-9  # Jung


def volume(*voxels):
    tumor = np.zeros((24, 32, 32), dtype=bool)
    for at in voxels:
        tumor[at] = True
    return np.random.default_rng(1).normal(90, 12, tumor.shape).astype(np.int16), tumor


def test_a_ball_of_one_gray_lies_over_the_tumours_middle_and_nothing_else_is_touched():
    hu, tumor = volume((10, 15, 15), (12, 17, 17))
    before = hu.copy()

    hidden, ball = hide(hu, tumor, SPACING_MM, diameter_mm=18)

    assert (hidden[ball] == BALL_HU).all()
    assert (hidden[~ball] == before[~ball]).all()
    assert (hu == before).all()
    assert ball[tumor].all()
    offsets_mm = (np.argwhere(ball) - (11, 16, 16)) * SPACING_MM
    assert np.linalg.norm(offsets_mm, axis=1).max() <= 9
    assert ball.sum() * np.prod(SPACING_MM) == pytest.approx(np.pi / 6 * 18**3, rel=0.05)


def test_a_ball_over_the_edge_of_the_image_is_cut_off():
    hu, tumor = volume((0, 0, 0))

    hidden, ball = hide(hu, tumor, SPACING_MM, diameter_mm=18)

    assert ball[0, 0, 0]
    assert (hidden[ball] == BALL_HU).all()


def test_a_tumour_that_the_ball_does_not_hide_is_refused():
    hu, tumor = volume((2, 15, 15), (14, 15, 15))  # 24 mm apart
    hide(hu, tumor, SPACING_MM, diameter_mm=24 + 2 * LEAST_EDGE_MM + 0.1)

    with pytest.raises(DomainError, match=r"reaches 12\.0 mm from its middle, too far for the ball of 27\.0 mm"):
        hide(hu, tumor, SPACING_MM, diameter_mm=27)


@pytest.mark.database
def test_a_study_has_one_size_of_balls_that_follows_from_its_largest_tumours():
    assert ball_diameter_mm([20, 30]) == 1.5 * 30 + 10
    design = parse_design(factories.design_data(organs=[organ(), factories.organ_data(name="kidney")]))
    assert design.host_only_mm == 1.5 * 20 + 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reading": {"host_only": 3}}, "reading.host_only = 3 can't be half real and half synthetic: 2 or 4 can"),
        (
            {"organs": [organ(real=0)], "reading": {"host_only": 2}},
            "reading.host_only = 2 needs an organ with real and with synthetic cases, to show hosts of both",
        ),
        (
            {"reading": {"host_only": 4, "controls": 8, "max_run": 2}},
            "reading.max_run = 2 can't be kept with 4 real and 12 synthetic cases, controls among them: 3 is the least",
        ),
    ],
)
def test_designs_that_cannot_be_are_refused_with_what_can(changes, message):
    with pytest.raises(DomainError) as caught:
        parse_design(factories.design_data(**changes))
    assert message in str(caught.value)


def test_a_design_without_them_has_the_hash_that_it_had():
    assert "host_only" not in parse_design(factories.design_data()).to_json()["reading"]
    assert parse_design(factories.design_data(reading={"host_only": 2})).to_json()["reading"]["host_only"] == 2


class TestPlans:
    pytestmark = stored

    def test_they_are_of_patients_of_their_own_half_real_and_leave_the_cases_as_they_were(self):
        factories.make_patients(real=6, hosts=8)
        without = plan(reading={"controls": 1})

        planned = plan(reading={"host_only": 4, "controls": 1, "practice": 1})

        assert drawn(planned[:5]) == drawn(without)
        items = [one for one in planned if one.slot.host_only]
        assert [one.slot.generator for one in items] == ["", "hand-crafted"] * 2
        patients = [one.scan.volume.patient_key for one in planned]
        assert len(set(patients)) == len(patients)
        assert balance(planned, ["diameter"]) == balance(without, ["diameter"])

    def test_the_synthetic_one_of_a_pair_is_like_the_real_one(self):
        factories.make_patients(real=6, hosts=8)

        real, synthetic = [one for one in plan(reading={"host_only": 2}) if one.slot.host_only]

        assert synthetic.diameter_mm == pytest.approx(real.scan.diameter_mm)

    def test_organs_and_generators_take_turns(self):
        for name in ("liver", "kidney"):
            factories.make_patients(real=4, hosts=5, organ=name)
            for _ in range(4):
                factories.make_scan(factories.make_dataset(), organ=name, origin="synthetic")
        organs = [organ(name=name, synthetic={"gan": 1, "hand-crafted": 1}) for name in ("liver", "kidney")]

        items = [one for one in plan(organs=organs, reading={"host_only": 8}) if one.slot.host_only]

        assert [(one.scan.organ, one.slot.generator) for one in items if one.slot.generator] == [
            ("liver", "gan"),
            ("kidney", "gan"),
            ("liver", "hand-crafted"),
            ("kidney", "hand-crafted"),
        ]
        assert [one.scan.organ for one in items if not one.slot.generator] == ["liver", "kidney", "liver", "kidney"]

    def test_too_few_patients_are_said_with_the_number_that_can_be_had(self):
        factories.make_patients(real=3, hosts=6)

        with pytest.raises(DomainError) as caught:
            plan(reading={"host_only": 4})

        assert str(caught.value) == (
            "Host-only items: 4 asked for, 2 can be had of patients that no case uses (no liver real case of one "
            "lesion is left). Ask for fewer, or import more."
        )

    def test_a_case_of_several_lesions_or_of_a_long_one_is_not_taken(self):
        factories.make_patients(real=2, hosts=4)
        several = factories.make_scan(factories.make_dataset(), origin="real", lesions=2)
        long = factories.make_scan(factories.make_dataset(), origin="real")
        Lesion.objects.create(scan=long, number=1, volume_ml=1, equivalent_mm=9, longest_mm=18, no_edge="too small")
        asked = {"organs": [organ(real=1, real_from=[])], "reading": {"host_only": 2}}

        for seed in range(12):
            items = [one.scan.pk for one in plan(seed=seed, **asked) if one.slot.host_only]
            assert not {several.pk, long.pk} & set(items)


@pytest.fixture
def study() -> Study:
    factories.make_patients(real=4, hosts=7)
    study = factories.make_draft(
        organs=[organ()],
        reading={"host_only": 4, "controls": 1, "attributes": ["shape"], "sittings": 2, "lesion_cue": "marker"},
    )
    start_generation(study=study, actor=factories.ACTOR)
    factories.build_cases(study)
    study.refresh_from_db()
    return study


def pixels(pack):
    content = get_store().read(pack.file)
    _, rows, columns = pack.shape
    members = [content[slice(*pack.offsets[n : n + 2])] for n in range(pack.shape[0])]
    return np.stack([decode_slice(member, (rows, columns)) for member in members])


@pytest.mark.django_db
class TestStudies:
    def test_a_ball_of_one_size_and_gray_hides_the_tumour_of_either_arm(self, study):
        diameter_mm = parse_design(study.design).host_only_mm
        assert diameter_mm == 25
        truths = {truth.case_id: truth for truth in GroundTruth.objects.all()}
        packs = SlicePack.objects.filter(case__host_only=True).select_related("file")
        volumes = {}
        for pack in packs:
            hu = pixels(pack)
            middle = np.array(pack.cue_point)
            distance_mm = np.linalg.norm((np.indices(hu.shape).reshape(3, -1).T - middle) * pack.spacing_mm, axis=1)
            near = distance_mm.reshape(hu.shape) < diameter_mm / 2 - max(pack.spacing_mm)
            far = distance_mm.reshape(hu.shape) > diameter_mm / 2 + max(pack.spacing_mm)
            assert set(np.unique(hu[near])) == {BALL_HU}
            assert (hu[far] != BALL_HU).mean() > 0.97
            assert pack.cue_slice == middle[0]
            volumes.setdefault(truths[pack.case_id].truth, []).append(int((hu == BALL_HU).sum()))
        assert sorted(map(len, volumes.values())) == [2, 2]
        assert np.mean(volumes["real"]) == pytest.approx(np.mean(volumes["synthetic"]), rel=0.05)

    def test_they_can_be_told_neither_by_geometry_nor_by_what_is_sent_but_for_the_question(self, study):
        factories.open_audited(study)
        reader = factories.make_reader(study)
        state = current_state(reader=reader)
        seen = {}
        for item in reader.sequence.items.select_related("case__pack"):
            seen.setdefault(item.case.host_only, set()).add((tuple(item.case.pack.shape), *item.case.pack.spacing_mm))
        assert seen[True] == seen[False]
        assert state["case"].keys() == state["next"].keys()

    def test_neither_the_gallery_nor_the_leak_audit_looks_at_them(self, study):
        assert len(open_gallery(study=study, viewer="ann").cases) == 4
        assert len(measure_cases(study)) == 4

    def test_sittings_share_them_and_nobody_meets_a_patient_twice(self, study):
        factories.open_audited(study)
        items = list(factories.make_reader(study).sequence.items.select_related("case"))

        assert sorted(item.sitting for item in items if item.case.host_only) == ["1", "1", "2", "2"]
        truths = dict(GroundTruth.objects.values_list("case", "truth"))
        arms = [(item.sitting, truths[item.case_id]) for item in items if item.case.host_only]
        assert len(set(arms)) == 4
        sources = dict(GroundTruth.objects.values_list("case", "source__volume__patient_key"))
        assert len({sources[item.case_id] for item in items}) == len(items) == 9

    def test_the_case_sets_hash_says_which_they_are(self, study):
        before = case_set_sha256(study)
        Case.objects.filter(pk=Case.objects.filter(host_only=True).first().pk).update(host_only=False)
        assert case_set_sha256(study) != before

    def test_a_tumour_too_long_for_the_ball_fails_and_is_made_anew_by_a_retry(self, study):
        pack = SlicePack.objects.filter(case__host_only=True, case__in=made_here()).first()
        run = GroundTruth.objects.get(case=pack.case).synthesis_run
        SlicePack.objects.filter(pk=pack.pk).update(state=Job.State.FAILED, file=None, error="too far")

        assert retry_failed(study=study, actor="ann") == 1

        assert GroundTruth.objects.get(case=pack.case).synthesis_run.seed == run.seed + 1

    def test_they_are_read_among_the_others_and_counted_apart(self, study, tmp_path):
        factories.open_audited(study)
        assert protocol_of(study).document["cases"]["host_only"] == 4
        assert deviations(protocol_of(study)) == []
        read_to_the_end(study, factories.make_reader(study))
        factories.close(study)
        study.refresh_from_db()

        results = study_results(study)

        document = results.analysis.document
        assert (document["n_host_only"], document["n_controls"]) == (4, 1)
        assert document["n_cases"] == {"real": 2, "synthetic": 2}
        own, together = document["host_only"]
        assert (own["tp"], own["tn"], own["n_unsure"]) == (2, 2, 0)
        assert together["balanced_accuracy"] == 1
        assert results.realism["real_1"].sum() == 2
        report = render_report(results)
        assert "Host-only control: with the tumour hidden, balanced accuracy was 100.0 %" in report
        assert '<section id="host-only">' in report
        export_study(study=study, folder=tmp_path / "out", actor="ann")
        for name in ("readings", "cases"):
            assert pd.read_csv(tmp_path / "out" / f"{name}.csv")["host_only"].sum() == 4
        dictionary = pd.read_csv(tmp_path / "out" / "data_dictionary.csv")
        assert set(dictionary.loc[dictionary["column"] == "host_only", "file"]) == {"readings.csv", "cases.csv"}

    def test_nobody_is_asked_how_real_a_hidden_tumour_looks(self, study):
        factories.open_audited(study)
        reader = factories.make_reader(study)
        item = reader.sequence.items.filter(case__host_only=True).first()

        with pytest.raises(DomainError, match="attributes must give nothing"):
            parse_answer(said("real", shape=1), asked=asked_about(reader, item.token))
        other = reader.sequence.items.filter(case__host_only=False).first()
        with pytest.raises(DomainError, match="attributes must give shape"):
            parse_answer(said("real"), asked=asked_about(reader, other.token))


def made_here():
    return GroundTruth.objects.filter(synthesis_run__isnull=False, control=False).values("case")


def said(label, **attributes):
    given = {"submission": str(uuid.uuid4()), "label": label, "active_ms": 1, "viewer_version": "1"}
    return given | ({"attributes": attributes} if attributes else {})


def read_to_the_end(study, reader):
    """Answer every case rightly, host-only ones too: nobody has to see the tumour who knows the truth."""
    truths = {truth.case_id: truth for truth in GroundTruth.objects.select_related("case")}
    asked = {True: set(), False: set()}
    while True:
        state = current_state(reader=reader)
        if state["done"]:
            break
        item = reader.sequence.items.select_related("case").get(token=state["case"]["token"])
        truth = truths[item.case_id]
        asked[item.case.host_only].add(state["case"]["question"])
        assert state["case"]["rates_realism"] != item.case.host_only
        given = said(truth.truth) if item.case.host_only else said(truth.truth, shape=1)
        record_reading(
            reader=reader,
            token=item.token,
            answer=parse_answer(given, asked=asked_about(reader, item.token)),
        )
        if reader.sequence.items.filter(sitting="1", readings=None).count() == 0:
            type(reader.sequence).objects.filter(pk=reader.sequence.pk).update(sitting_begun=2)
    assert asked == {
        True: {"A gray disc hides the tumour in this liver. Is it real or synthetic?"},
        False: {"Is the tumour in this liver real or synthetic?"},
    }
