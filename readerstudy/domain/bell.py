"""Telling the workers by task name: the domain knows no task, and a lost message costs time, never work."""

from readerstudy.domain.jobs import ring
from readerstudy.models.case import SlicePack
from readerstudy.models.synthesis_run import SynthesisRun

RUN_SYNTHESIS = "readerstudy.tasks.run_synthesis"
WRITE_PACK = "readerstudy.tasks.write_pack"


def ring_synthesis(run: SynthesisRun) -> None:
    ring(RUN_SYNTHESIS, run)


def ring_pack(pack: SlicePack) -> None:
    ring(WRITE_PACK, pack)
