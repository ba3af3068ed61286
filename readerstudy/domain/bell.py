"""Telling the workers by task name: the domain knows no task, and a lost message costs time, never work."""

from django.conf import settings

from readerstudy.domain.jobs import ring
from readerstudy.models.blinding_audit import BlindingAudit
from readerstudy.models.case import SlicePack
from readerstudy.models.import_run import ImportRun
from readerstudy.models.radiomics_run import RadiomicsRun
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume_preview import VolumePreview

RUN_SYNTHESIS = "readerstudy.tasks.run_synthesis"
WRITE_PACK = "readerstudy.tasks.write_pack"
RUN_IMPORT = "readerstudy.tasks.run_import"
RUN_AUDIT = "readerstudy.tasks.run_audit"
RUN_RADIOMICS = "readerstudy.tasks.run_radiomics"
MAKE_PREVIEW = "readerstudy.tasks.make_preview"


def ring_synthesis(run: SynthesisRun) -> None:
    """Tell the workers; of a network's runs, those of its own queue, who may have a GPU."""
    ring(RUN_SYNTHESIS, run, queue=settings.NETWORK_QUEUE if "model" in run.request else None)


def ring_pack(pack: SlicePack) -> None:
    ring(WRITE_PACK, pack)


def ring_import(run: ImportRun) -> None:
    ring(RUN_IMPORT, run)


def ring_preview(preview: VolumePreview) -> None:
    ring(MAKE_PREVIEW, preview)


def ring_audit(audit: BlindingAudit) -> None:
    ring(RUN_AUDIT, audit)


def ring_radiomics(run: RadiomicsRun) -> None:
    ring(RUN_RADIOMICS, run)
