"""Building the demonstration study, step by step; a step that was done is passed over."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from readerstudy.domain.case_sets import retry_failed, start_generation
from readerstudy.domain.demo.sample_ct import fetch_sample_ct
from readerstudy.domain.design import parse_design
from readerstudy.domain.enrolment import invite_reader, renew_invitation
from readerstudy.domain.generation import build
from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.leak_audit.runs import audit_now
from readerstudy.domain.studies import create_study, needs_acknowledgement, open_study
from readerstudy.models.dataset import Dataset
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import OrganName

ACTOR = "demo"
PHANTOMS = "demo-phantoms"
SAMPLE = "demo-sample-ct"
SLUG = "demo"
READER = "R1"
PER_ARM = 4  # of each organ
DIAMETER_MM = (8.0, 20.0)
SEED = 2026

WHY_OPENED = (
    "A demonstration: its “real” tumours are stand-ins, and nothing is concluded from its readings. In a study of "
    "patients' tumours, what the audit found would have to be mended first."
)

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def demo_study(*, progress: Progress) -> Study:
    """Return the demonstration study, open for reading; built on the first call."""
    study = Study.objects.filter(slug=SLUG).first()
    if study is None:
        _import_phantoms(progress)
        _import_sample_ct()
        study = create_study(design=parse_design(_design()), actor=ACTOR)
    if study.state == Study.State.DRAFT:
        start_generation(study=study, actor=ACTOR)
    if study.state == Study.State.PREPARING:
        _build_cases(study, progress)
        audit = audit_now(study=study, actor=ACTOR)
        open_study(study=study, actor=ACTOR, acknowledgement=WHY_OPENED if needs_acknowledgement(audit) else "")
    return study


def reader_link(study: Study) -> str:
    """Return a link that works now: the first reader's invitation, or a new one where the last was used."""
    reader = Reader.objects.filter(study=study, code=READER).select_related("study").first()
    if reader is None:
        return invite_reader(study=study, code=READER, years=7, specialty="demonstration", actor=ACTOR)
    return renew_invitation(reader=reader, actor=ACTOR)


def _design() -> dict[str, object]:
    return {
        "slug": SLUG,
        "title": "Demonstration: early tumours of liver, pancreas and kidney",
        "seed": SEED,
        "stand_ins_allowed": True,
        "organs": [
            {
                "name": organ,
                "real": PER_ARM,
                "synthetic": {"hand-crafted": 2, "cellular-automaton": 1, "latent-diffusion": 1},
                "diameter_mm": list(DIAMETER_MM),
                "real_from": [PHANTOMS],
                "hosts_from": [PHANTOMS],
            }
            for organ in OrganName.values
        ],
        "reading": {
            "practice": 2,
            "told_prevalence": "Some cases hold a stand-in for a real tumour, some a synthetic one.",
        },
    }


def _import_phantoms(progress: Progress) -> None:
    from synthesis.phantom.dataset import write_dataset

    if Dataset.objects.filter(name=PHANTOMS).exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        manifest = write_dataset(
            Path(folder),
            real_per_organ=PER_ARM + 1,  # one more of each, to practise on
            hosts=len(OrganName) * PER_ARM + 1,
            seed=SEED,
            diameter_mm=DIAMETER_MM,
            phase="portal",  # where lesions of all three organs can be seen
            jobs=os.cpu_count() or 1,
            progress=lambda done, total: progress("Rendering phantom patients", done, total),
        )
        import_dataset(
            name=PHANTOMS,
            path=manifest,
            layout="manifest",
            actor=ACTOR,
            progress=lambda done, total: progress("Importing them", done, total),
        )


def _import_sample_ct() -> None:
    if Dataset.objects.filter(name=SAMPLE).exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        if fetch_sample_ct(Path(folder)):
            import_dataset(name=SAMPLE, path=Path(folder), layout="totalsegmentator", actor=ACTOR)


def _build_cases(study: Study, progress: Progress) -> None:
    """Build the cases beside the worker; what failed is tried again with another seed."""
    for _ in range(3):
        for state in build(study):
            progress("Building cases", state.ready, state.total)
        if not state.failed:
            return
        retry_failed(study=study, actor=ACTOR)
