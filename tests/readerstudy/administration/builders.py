"""Rows that the administration pages show, made through the domain where it makes them.

Hardly a volume is read or written: most pages show counts, states and sentences, so files are rows without content.
"""

import functools
import secrets
import uuid
from typing import Any

import pandas as pd
from django.utils import timezone

from readerstudy.analysis.radiomics.experiment import run_experiment
from readerstudy.domain.actors import actor_of
from readerstudy.domain.case_set_hash import case_set_sha256
from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.design import parse_design
from readerstudy.domain.enrolment import invite_reader
from readerstudy.domain.previews import ask_preview, make_preview
from readerstudy.domain.store import storing
from readerstudy.domain.studies import close_study, create_study, open_study
from readerstudy.domain.thumbnails import write_thumbnail
from readerstudy.domain.volumes import load_volume
from readerstudy.models.blinding_audit import BlindingAudit
from readerstudy.models.case import SlicePack
from readerstudy.models.dataset import Dataset
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.import_run import ImportRun
from readerstudy.models.job import Job
from readerstudy.models.radiomics_run import RadiomicsRun
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import OrganScan, Volume
from tests import factories
from tests.readerstudy.analysis.radiomics.builders import feature_table

ACTOR = "ann"
SHOWN = "shown"


def stored_file() -> StoredFile:
    return StoredFile.objects.create(key=secrets.token_hex(16), sha256="0" * 64, size=0)


def import_scans(
    name: str, *, organ: str = "liver", origin: str, count: int, generator: str = "", masked: bool = True
) -> Dataset:
    """Store `count` patients of one organ and origin, tumours 5, 6, 7… mm wide."""
    dataset, _ = Dataset.objects.get_or_create(name=name, defaults={"layout": "manifest"})
    for n in range(count):
        volume = Volume.objects.create(
            dataset=dataset,
            patient_key=secrets.token_hex(16),
            file=stored_file(),
            content_sha256=secrets.token_hex(32),
            shape=[8, 8, 8],
            spacing_mm=[1, 1, 1],
        )
        tumor = {} if origin == "healthy" else {"tumor_mask": stored_file(), "lesions": 1, "diameter_mm": 5.0 + n}
        OrganScan.objects.create(
            volume=volume,
            row=dataset.volumes.count(),
            organ=organ,
            origin=origin,
            generator=generator,
            organ_mask=stored_file() if masked else None,
            largest_sphere_mm=40.0 if masked else None,
            **tumor,
        )
    return dataset


@functools.cache
def _experiment(**planted: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    features = feature_table(**planted)
    return features, run_experiment(features, permutations=19)


def make_radiomics(of: Dataset | Study, *, patients: int = 12, **planted: float) -> RadiomicsRun:
    """Store a run over drawn features (`feature_table`): unless said, of so few patients that only the map is drawn."""
    features, found = _experiment(patients=patients, **planted)
    settings = {"bin_width_hu": 10.0, "spacing_mm": 1.0}
    return RadiomicsRun.objects.create(
        **({"study": of} if isinstance(of, Study) else {"dataset": of}),
        actor=actor_of(ACTOR),
        state=Job.State.SUCCEEDED,
        finished_at=timezone.now(),
        done=100,
        features={name: features[name].tolist() for name in ("case_id", "organ")},
        result={**found, "refused": {}, "stand_in": False, "settings": settings},
    )


def shown_scan() -> OrganScan:
    """A scan with everything that a page shows of it: files, thumbnail, preview."""
    scan = factories.make_scan(factories.make_dataset(SHOWN), origin="real")
    with storing() as shelf:
        scan.thumbnail = write_thumbnail(shelf, load_volume(scan.volume.file))
        shelf.save_rows()
    scan.save()
    make_preview(ask_preview(scan=scan).pk)
    return scan


def failed_import(**changes: object) -> ImportRun:
    fields = {
        "name": "hospital",
        "layout": "manifest",
        "source": "hospital",
        "actor": actor_of(ACTOR),
        "state": Job.State.FAILED,
        "error": "1 of 2 CTs can't be used, so nothing was imported.",
        "refusals": [["manifest.csv line 3", "ct.nii.gz: the file is truncated; export it again."]],
        "done": 2,
        "total": 2,
    }
    return ImportRun.objects.create(**fields | changes)


def design(**changes: object) -> dict[str, object]:
    """Two real and two synthetic livers."""
    liver = {"name": "liver", "real": 2, "synthetic": {"hand-crafted": 2}, "diameter_mm": [5, 20]}
    return {"slug": "livers", "title": "Livers", "seed": 1, "organs": [liver], **changes}


def draft(**changes: object) -> Study:
    import_scans("tumours", origin="real", count=2)
    import_scans("hosts", origin="healthy", count=2)
    return create_study(design=parse_design(design(**changes)), actor=ACTOR)


def preparing(*, ready: int = 0, failed: int = 0, **changes: object) -> Study:
    """A study whose cases are drawn; so many of them built, so many failed, the rest queued."""
    study = draft(**changes)
    start_generation(study=study, actor=ACTOR)
    packs = list(SlicePack.objects.filter(case__study=study).order_by("pk"))
    for pack in packs[:ready]:
        _succeed(pack)
    SlicePack.objects.filter(pk__in=[pack.pk for pack in packs[ready : ready + failed]]).update(
        state=Job.State.FAILED, error="The organ holds no sphere of 20 mm."
    )
    return study


def audited(outcome: str = BlindingAudit.Outcome.NO_TELL, **changes: object) -> Study:
    """A study whose cases are built and audited, with a given outcome: nothing is measured here."""
    study = preparing(ready=4, **changes)
    make_audit(study, outcome)
    return study


def make_audit(study: Study, outcome: str = BlindingAudit.Outcome.NO_TELL) -> BlindingAudit:
    """Store an audit of the study's cases as they are."""
    tells = outcome == BlindingAudit.Outcome.TELLS
    result = {
        "conclusion": CONCLUSION[outcome],
        "findings": ["non-pixel, all organs: number of slices: higher in real cases."] if tells else [],
        "notes": ["The audit sees only what it measures."],
        "results": RESULTS[outcome],
        "alpha": 0.05,
    }
    return BlindingAudit.objects.create(
        study=study,
        actor=actor_of(ACTOR),
        state=Job.State.SUCCEEDED,
        finished_at=timezone.now(),
        cases_sha256=case_set_sha256(study),
        outcome=outcome,
        result=result,
        measured=MEASURED if tells else {},
    )


PART = {
    "part": "non-pixel",
    "organ": "all",
    "generator": "all",
    "where": "all organs",
    "n_real": 2,
    "n_synthetic": 2,
    "auc": 0.97,
    "auc_low": 0.8,
    "auc_high": 0.99,
    "p_value": 0.001,
    "found": True,
    "detectable_auc": 0.85,
    "tells": [
        {"feature": "slices", "view": "level", "auc": 0.97, "sentence": "number of slices: higher in real cases"}
    ],
}
RESULTS: dict[str, list[dict[str, object]]] = {
    "tells": [PART],
    "no-tell": [PART | {"found": False, "auc": 0.5, "p_value": 1.0, "tells": [], "detectable_auc": None}],
    "too-few": [],
}
CONCLUSION = {
    "tells": "The arms can be told apart by more than the tumours' look: non-pixel.",
    "no-tell": "No tell was found, which does not show that there is none.",
    "too-few": "Too few to audit.",
}
MEASURED = {
    "organ": ["liver"] * 4,
    "truth": ["real", "real", "synthetic", "synthetic"],
    "generator": ["", "", "hand-crafted", "hand-crafted"],
    "data_set": ["tumours"] * 2 + ["hosts"] * 2,
    "slices": [40, 41, 20, 21],
}


def opened(**changes: object) -> Study:
    study = audited(**changes)
    open_study(study=study, actor=ACTOR)
    return study


def invite(study: Study, code: str) -> Reader:
    invite_reader(study=study, code=code, years=7, specialty="abdominal radiology", actor=ACTOR)
    return Reader.objects.get(study=study, code=code)


def read(reader: Reader, labels: dict[str, list[str]]) -> None:
    """Answer the reader's cases in their order, with the next of `labels["real"]` or `labels["synthetic"]`."""
    answers = {truth: iter(given) for truth, given in labels.items()}
    for item in SequenceItem.objects.filter(sequence__reader=reader).select_related("case"):
        label = next(answers[GroundTruth.objects.get(case=item.case).truth], None)
        if label is not None:
            Reading.objects.create(item=item, label=label, submission=uuid.uuid4())


@factories.made_once
def closed(**changes: object) -> Study:
    """Read by R1: of the real one right and one wrong; of the synthetic one right, one unsure."""
    study = opened(**changes)
    read(invite(study, "R1"), {"real": ["real", "synthetic"], "synthetic": ["synthetic", "unsure"]})
    close_study(study=study, actor=ACTOR, reason="It is a test.")
    return factories.work_out(study)


def _succeed(pack: SlicePack) -> None:
    run = GroundTruth.objects.get(case=pack.case).synthesis_run
    if run is not None:
        SynthesisRun.objects.filter(pk=run.pk).update(
            state=Job.State.SUCCEEDED, result=stored_file(), recipe={}, finished_at=timezone.now()
        )
    SlicePack.objects.filter(pk=pack.pk).update(
        state=Job.State.SUCCEEDED, file=stored_file(), cue_slice=0, offsets=[0, 1], shape=[1, 1, 1]
    )
