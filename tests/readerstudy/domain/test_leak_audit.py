"""The audit on studies made through the store: both arms drawn alike but for one planted tell."""

import json
import re
from dataclasses import dataclass

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from readerstudy.analysis.leak_audit import Part
from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.lesions import tumor_fields
from readerstudy.domain.leak_audit.features import FEATURES
from readerstudy.domain.leak_audit.measures import (
    distance_around,
    measure_file,
    measure_organ,
    measure_surroundings,
    measure_tumor,
)
from readerstudy.domain.leak_audit.runs import ask_audit, audit_now, run_audit, standing_audit
from readerstudy.domain.leak_audit.study import as_displayed, measure_cases
from readerstudy.domain.readings_import import import_readings
from readerstudy.domain.slice_packs import display_array
from readerstudy.domain.store import storing
from readerstudy.domain.volumes import write_mask, write_volume
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.blinding_audit import BlindingAudit
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.dataset import Dataset
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan, Volume
from synthesis.lesions import measure_lesions
from synthesis.volume import Volume as CTVolume
from tests import factories
from tests.readerstudy.analysis.builders import answers

SHAPE = (30, 28, 16)
ARM = 10  # cases in each


@dataclass(frozen=True)
class Look:
    """How the CTs of one arm are drawn."""

    slice_mm: float = 2.5
    noise_hu: float = 12.0
    offset_hu: float = 0.0
    step_hu: int = 1
    padding_hu: int = -1000
    tumor_mm: float = 10.0
    tumor_down: float = 0.0
    data_set: str = "hospital"


PLAIN = Look()


@pytest.fixture
def study_of(db):
    """Return a function that builds a study whose synthetic arm looks as told."""

    def build(synthetic: Look) -> Study:
        rng = np.random.default_rng(1)
        for _ in range(ARM):
            make_scan(PLAIN, Origin.REAL, rng)
            make_scan(synthetic, Origin.SYNTHETIC, rng)
        arms = {"name": "liver", "real": ARM, "synthetic": {"gan": ARM}, "diameter_mm": [4, 20]}
        study = factories.make_draft(organs=[arms])
        start_generation(study=study, actor="tests")
        factories.build_cases(study)
        return study

    return build


def make_scan(look: Look, origin: Origin, rng: np.random.Generator) -> None:
    affine = np.diag([1.2, 1.2, look.slice_mm, 1.0])
    distance_mm = np.stack(np.indices(SHAPE), axis=-1) * np.diag(affine)[:3]
    middle_mm = np.array([18, 17, 20]) + rng.uniform(-2, 2, 3)
    organ = np.linalg.norm(distance_mm - middle_mm, axis=-1) < 14
    tumor_middle_mm = middle_mm + rng.uniform(-4, 4, 3) - [0, 0, look.tumor_down]
    tumor = np.linalg.norm(distance_mm - tumor_middle_mm, axis=-1) < (look.tumor_mm + rng.uniform(-2, 2)) / 2
    hu = rng.normal(-80 + rng.normal(0, 3), look.noise_hu, SHAPE)
    hu[organ] += 180 + rng.normal(0, 8)
    hu[tumor] -= 40
    hu = (look.step_hu * np.round((hu + look.offset_hu) / look.step_hu)).astype(np.int16)
    hu[:4] = look.padding_hu
    ct = CTVolume(hu, affine)
    dataset, _ = Dataset.objects.get_or_create(name=look.data_set, layout="manifest")
    with storing() as shelf:
        volume = Volume(
            dataset=dataset,
            patient_key=rng.bytes(16).hex(),
            file=write_volume(shelf, ct),
            content_sha256=rng.bytes(32).hex(),
            shape=list(ct.shape),
            spacing_mm=list(ct.spacing_mm),
        )
        scan = OrganScan(
            row=1,
            organ="liver",
            origin=origin,
            generator="gan" if origin == Origin.SYNTHETIC else "",
            organ_mask=write_mask(shelf, organ, affine),
            tumor_mask=write_mask(shelf, tumor, affine),
            lesions=1,
            **tumor_fields(measure_lesions(hu, tumor, ct.spacing_mm, organ=organ)),
        )
        for file in shelf.files:
            file.save()
        volume.save()
        scan.volume = volume
        scan.save()


def test_equal_arms_raise_no_alarm_and_are_never_called_clean(study_of):
    audit = audit_now(study=study_of(PLAIN), actor="tests")

    assert audit.outcome == "no-tell"
    assert audit.result["findings"] == []
    assert "which does not show that there is none" in audit.result["conclusion"]
    assert "may have been missed, the upper bound is AUC" in audit.result["conclusion"]
    assert "clean" not in json.dumps(audit.result)
    assert audit.result["not_measured"] == ["mean place in the readers' orders"]
    event = AuditEvent.objects.get(action="audit blinding")
    assert (str(event.actor), event.detail["conclusion"]) == ("tests", audit.result["conclusion"])


@pytest.mark.parametrize(
    ("look", "part", "features"),
    [
        (Look(slice_mm=2.0, noise_hu=18), Part.NON_PIXEL, {"slice_mm", "bytes", "bytes_per_voxel"}),
        (
            Look(noise_hu=18, offset_hu=15, step_hu=2, padding_hu=-1024, data_set="elsewhere"),
            Part.SURROUNDINGS,
            {"noise_hu", "organ_noise_hu", "soft_hu", "uneven_values", "lowest_hu", "data set elsewhere"},
        ),
        (Look(tumor_mm=15, tumor_down=9), Part.TUMOR, {"diameter_mm", "organ_down", "image_down"}),
    ],
    ids=["file", "surroundings", "tumour"],
)
def test_planted_tells_are_found_where_they_lie(study_of, look, part, features):
    audit = audit_now(study=study_of(look), actor="tests")

    assert audit.outcome == "tells"
    [result] = [result for result in audit.result["results"] if result["part"] == part]
    assert result["found"]
    assert result["p_value"] < 0.05
    assert features <= {tell["feature"] for tell in result["tells"] if tell["auc"] > 0.95}


def test_every_feature_is_measured_of_imported_and_of_synthesised_cases(db):
    study = factories.make_study_of_patients(real=2, hosts=2)
    factories.make_reader(study)

    cases = measure_cases(study)

    assert sorted(cases["truth"]) == ["real", "real", "synthetic", "synthetic"]
    assert cases[[feature.name for feature in FEATURES]].notna().all().all()
    assert sorted(cases["order"]) == [1, 2, 3, 4]
    real = cases[cases["truth"] == "real"].iloc[0]
    assert (real["slices"], real["rows"], real["columns"]) == (18, 24, 26)
    assert (real["slice_mm"], real["row_mm"], real["column_mm"]) == (2.0, 1.5, 1.5)
    assert (real["image_down"], real["organ_left"]) == pytest.approx((0.5, 0.5))
    assert real["organ_around"] == 1
    assert real["noise_hu"] == pytest.approx(10, rel=0.1)
    assert real["organ_hu"] == pytest.approx(105, abs=2)


def test_masks_are_turned_as_the_ct_is():
    mask = np.random.default_rng(1).random((4, 3, 2)) < 0.5
    ras = np.diag([0.7, 0.8, 2.5, 1.0])
    assert (as_displayed(mask) == display_array(mask.astype(np.int16), ras)).all()


def test_the_file_is_measured_as_the_browser_gets_it():
    measures = measure_file(shape=[4, 2, 5], spacing_mm=[3, 1, 1.5], offsets=[0, 10, 40, 70, 80], cue_slice=2)

    assert measures["bytes"] == 80
    assert measures["bytes_per_voxel"] == 2
    assert measures["cue_bytes"] == 1.5
    assert measures["cue_place"] == pytest.approx(2 / 3)
    assert (measures["slices"], measures["columns"], measures["slice_mm"]) == (4, 5, 3)


def test_the_surroundings_do_not_hold_the_tumour():
    rng = np.random.default_rng(1)
    upper, lower = rng.normal(50, 10, (2, 6, 20, 20)).round().astype(np.int16)
    outside = np.ones(upper.shape, dtype=bool)
    outside[2:4, 5:9, 5:9] = False
    changed = np.where(outside, upper, np.int16(900))

    before, after = (measure_surroundings(hu, lower, outside, (2.0, 1.0, 1.0)) for hu in (upper, changed))

    assert before == after | {"table": before["table"]}
    assert before["noise_hu"] == pytest.approx(10, rel=0.05)
    assert before["grain"] == pytest.approx(1, rel=0.05)
    assert before["slice_change"] == pytest.approx(1, rel=0.05)


def test_smooth_noise_has_a_finer_step_than_coarse_noise():
    noise = np.random.default_rng(1).normal(50, 30, (6, 40, 41))
    smooth = ((noise[..., 1:] + noise[..., :-1]) / 2).round().astype(np.int16)
    measures = measure_surroundings(smooth, smooth, np.ones(smooth.shape, dtype=bool), (2.0, 1.0, 1.0))

    assert measures["grain"] == pytest.approx(np.sqrt(0.5), rel=0.05)
    assert measures["slice_change"] == 0


def test_an_organ_is_measured_in_its_tissue_alone():
    hu = np.full((1, 2, 4), 100, dtype=np.int16)
    hu[0, 1] = -900

    assert measure_organ(hu, np.ones(hu.shape, dtype=bool)) == {"organ_hu": 100, "organ_noise_hu": 0}


def measured(tumor: np.ndarray, organ: np.ndarray | None, voxel_mm: float = 1.0) -> dict[str, float]:
    cubes = (voxel_mm, voxel_mm, voxel_mm)
    return measure_tumor(*distance_around(tumor, 5, cubes), organ, shape=tumor.shape, spacing_mm=cubes)


def test_a_tumour_is_placed_in_its_image_and_organ():
    organ = np.zeros((9, 11, 21), dtype=bool)
    organ[2:7, 3:8, 10:] = True
    tumor = np.zeros_like(organ)
    tumor[4, 5, 10] = True

    measures = measured(tumor, organ)

    assert (measures["image_down"], measures["image_back"], measures["image_left"]) == (0.5, 0.5, 0.5)
    assert (measures["organ_down"], measures["organ_back"], measures["organ_left"]) == (0.5, 0.5, 0.0)
    assert 0.5 < measures["organ_around"] < 0.7  # at the organ's right border, half of the shell and its middle plane
    assert measures["lesions"] == 1


def test_a_tumours_surroundings_are_one_voxel_where_voxels_are_large():
    organ = np.zeros((5, 5, 5), dtype=bool)
    organ[:, :, :3] = True
    tumor = np.zeros_like(organ)
    tumor[2, 2, 2] = True

    assert measured(tumor, organ, voxel_mm=4.0)["organ_around"] == pytest.approx(5 / 6)


def test_a_tumour_without_an_organ_mask_is_placed_in_the_image_alone():
    tumor = np.ones((1, 1, 1), dtype=bool)
    assert not any(name.startswith("organ") for name in measured(tumor, None))


def test_distances_to_a_tumour_are_in_mm():
    tumor = np.zeros((9, 9, 9), dtype=bool)
    tumor[4, 4, 4] = True

    box, distance_mm = distance_around(tumor, 2.0, (2.0, 1.0, 1.0))

    assert box == (slice(3, 6), slice(2, 7), slice(2, 7))
    assert distance_mm[1, 2].tolist() == [2, 1, 0, 1, 2]
    assert distance_mm[:, 2, 2].tolist() == [2, 0, 2]


def test_the_command_prints_every_part_and_what_tells(study_of, capsys):
    study_of(Look(slice_mm=2.0))

    call_command("audit_blinding", "small")

    output = capsys.readouterr().out
    assert all(part in output for part in Part)
    assert "TELLS" in output
    assert "- non-pixel, all organs: distance between slices in mm: higher in real cases (median of real 2.5" in output
    assert "The audit sees only what it measures." in output


def test_the_command_prints_json(study_of, capsys):
    study_of(PLAIN)

    call_command("audit_blinding", "small", "--json")

    document = json.loads(capsys.readouterr().out)
    assert document["found"] is False
    assert {result["part"] for result in document["results"]} == set(Part)


def test_a_study_without_cases_cannot_be_audited(db):
    factories.make_patients(real=2, hosts=2)
    factories.make_draft()

    with pytest.raises(CommandError, match="has no built cases to audit; generate them first") as refusal:
        call_command("audit_blinding", "small")

    assert refusal.value.returncode == 2


def test_too_few_cases_are_an_outcome_that_says_so(db, capsys):
    factories.make_patients(real=2, hosts=2)
    study = factories.make_draft()
    start_generation(study=study, actor="tests")
    factories.build_cases(study)

    call_command("audit_blinding", "small")

    output = capsys.readouterr().out
    assert "2 real and 2 synthetic cases are too few to audit" in output
    assert "open_study small --acknowledge-audit REASON" in output
    assert standing_audit(study).outcome == "too-few"


@pytest.mark.database
def test_an_audit_stands_for_the_very_cases_it_looked_at(study_of):
    study = study_of(PLAIN)
    audit = audit_now(study=study, actor="tests")
    assert standing_audit(study) == audit

    pack = SlicePack.objects.filter(case__study=study).select_related("file").first()
    StoredFile.objects.filter(pk=pack.file.pk).update(sha256="0" * 64)

    assert standing_audit(study) is None


@pytest.mark.database
def test_a_worker_audits_once_and_tells_how_far_it_is(study_of, rung, django_capture_on_commit_callbacks):
    study = study_of(PLAIN)
    with django_capture_on_commit_callbacks(execute=True):
        audit = ask_audit(study=study, actor="ann")
    assert ask_audit(study=study, actor="bob") == audit
    assert ("run_audit", [audit.pk]) in rung()

    run_audit(audit.pk)
    run_audit(audit.pk)

    audit = BlindingAudit.objects.get()
    assert (audit.state, audit.done, audit.total, str(audit.actor)) == ("succeeded", 2 * ARM, 2 * ARM, "ann")
    assert AuditEvent.objects.filter(action="audit blinding").count() == 1
    assert standing_audit(study) == audit


def test_what_is_kept_of_the_cases_names_none_of_them(study_of):
    study = study_of(PLAIN)
    audit = audit_now(study=study, actor="tests")

    assert {len(values) for values in audit.measured.values()} == {2 * ARM}
    assert {"case_id", "patient"}.isdisjoint(audit.measured)
    codes = set(Case.objects.filter(study=study).values_list("code", flat=True))
    assert not codes & set(re.findall(r"[0-9A-F]{8}", json.dumps(audit.measured)))


def test_readings_made_elsewhere_have_nothing_to_audit(db):
    study = import_readings(slug="elsewhere", readings=answers("R1", real="R", G="S"), actor="tests")
    with pytest.raises(DomainError, match="has no built cases"):
        audit_now(study=study, actor="tests")
