"""Building cases: synthesising tumours and writing the slice packs of both arms. Workers and commands call this."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from readerstudy.domain import slice_packs
from readerstudy.domain.bell import ring_pack, ring_synthesis
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.host_only import hide
from readerstudy.domain.importing.lesions import tumor_fields
from readerstudy.domain.jobs import Commit, claimable, remove_leftovers, run, unheard
from readerstudy.domain.lesion_cue import cue_point, cue_slice
from readerstudy.domain.queries.progress import StudyProgress, study_progress
from readerstudy.domain.shown_part import shown_part
from readerstudy.domain.store import Shelf, get_store, remove_orphans
from readerstudy.domain.volumes import load_mask, load_volume
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun

if TYPE_CHECKING:
    import numpy.typing as npt

    from synthesis.tumor import SyntheticTumor
    from synthesis.volume import Volume

LOOK_AGAIN_S = 1.0


def run_synthesis(run_id: int) -> None:
    """Synthesise one tumour, then ring for the packs that wait for it; nothing where it has ended, or is gone."""
    job = SynthesisRun.objects.select_related("host__volume__file", "host__organ_mask").filter(pk=run_id).first()
    if job is not None and run(job, lambda shelf: _synthesise(job, shelf)):
        for pack in SlicePack.objects.filter(case__in=_cases_of(job)):
            ring_pack(pack)


def write_pack(pack_id: int) -> None:
    """Write one case's slices, the same way for both arms. A case whose tumour is not there yet waits."""
    pack = SlicePack.objects.select_related("case__study").filter(pk=pack_id).first()
    if pack is None:  # its study was deleted
        return
    truth = GroundTruth.objects.select_related(
        "source__volume__file", "source__tumor_mask", "synthesis_run__result"
    ).get(case=pack.case)
    if truth.synthesis_run is None or _ended(truth.synthesis_run):
        run(pack, lambda shelf: _write_slices(pack.case, truth, shelf))


def reconcile(*, everything: bool = False) -> None:
    """Ring again for work that was lost: messages that never came, workers that died. `everything` at a start."""
    remove_leftovers()
    if everything:
        remove_orphans()
    for job in unheard(SynthesisRun.objects.all(), everything=everything):
        ring_synthesis(job)
    for pack in unheard(SlicePack.objects.filter(case__in=_cases_without_waiting()), everything=everything):
        ring_pack(pack)


def build(study: Study) -> Iterator[StudyProgress]:
    """Build the study's cases in this process, beside any workers, until all are built; yields after each step."""
    while not (progress := study_progress(study)).finished:
        yield progress
        if not _build_one(study):
            time.sleep(LOOK_AGAIN_S)  # others hold what is left
    yield progress


def _build_one(study: Study) -> bool:
    """Do one piece of work that waits, and return whether there was one."""
    runs = GroundTruth.objects.filter(case__study=study, synthesis_run__isnull=False).values("synthesis_run")
    run_waiting = claimable(SynthesisRun.objects.filter(pk__in=runs)).first()
    if run_waiting:
        run_synthesis(run_waiting.pk)
        return True
    ready = SlicePack.objects.filter(case__study=study, case__in=_cases_without_waiting())
    pack_waiting = claimable(ready).first()
    if pack_waiting:
        write_pack(pack_waiting.pk)
    return pack_waiting is not None


def _synthesise(job: SynthesisRun, shelf: Shelf) -> Commit:
    from synthesis.errors import UnusableInput
    from synthesis.host import Host
    from synthesis.lesions import measure_lesions
    from synthesis.organs import organ as organ_named
    from synthesis.regions import region_at

    mask = job.host.organ_mask
    if mask is None:
        raise DomainError(f"{job.host} has no organ mask, so nothing can be synthesised into it; import it with one.")
    host, organ = load_volume(job.host.volume.file), load_mask(mask)
    try:
        tumor = _tumor(job, host, organ)
    except UnusableInput as error:
        raise DomainError(f"{job.host}: {error}") from error
    result = shelf.write(tumor.save)
    made = tumor.apply_to(host)
    lesions = measure_lesions(made.hu, tumor.full_mask(host.shape), host.spacing_mm, organ=organ)
    return lambda: {
        "result": result,
        "recipe": json.loads(tumor.recipe.to_json()),
        "region": region_at(Host(host, organ, organ_named(job.host.organ)), lesions[0].center),
        **tumor_fields(lesions),
    }


def _tumor(job: SynthesisRun, host: Volume, organ_mask: npt.NDArray[np.bool_]) -> SyntheticTumor:
    """Make a new tumour; or, where the run had its recipe already and lost the result, that very one again."""
    import synthesis

    if job.recipe is not None:
        return synthesis.replay(host, organ_mask, synthesis.Recipe.from_json(json.dumps(job.recipe)))
    return synthesis.generate(
        host,
        organ_mask,
        method=job.method,
        organ=job.host.organ,
        diameter_mm=job.request["diameter_mm"],
        seed=job.seed,
        region=job.request.get("region", ""),
        **({"model": job.request["model"], "device": "auto"} if "model" in job.request else {}),
    )


def _write_slices(case: Case, truth: GroundTruth, shelf: Shelf) -> Commit:
    design = parse_design(case.study.design)
    shown = shown_part(*_ct_and_tumor(truth), design.shown_crop)
    slices = slice_packs.display_array(shown.hu, shown.affine)
    tumor: npt.NDArray[Any] = slice_packs.display_array(shown.tumor.astype(np.int16), shown.affine)
    spacing_mm = slice_packs.display_spacing_mm(shown.spacing_mm, shown.affine)
    if case.host_only:  # the ball takes the tumour's place in the cue as well
        slices, tumor = hide(slices, tumor != 0, spacing_mm, diameter_mm=design.host_only_mm)
    index: list[slice_packs.SlicePackIndex] = []

    def write(file: BinaryIO) -> None:
        index.append(slice_packs.write_pack(slices, file))

    file = shelf.write(write)
    fields: dict[str, Any] = {
        "file": file,
        "offsets": list(index[0].offsets),
        "shape": list(slices.shape),
        "spacing_mm": list(spacing_mm),
        "cue_slice": shown.cue[0] if shown.cue else cue_slice(tumor),
        "cue_point": list(shown.cue or cue_point(tumor, spacing_mm)),
        "affine": slice_packs.display_affine(shown.hu.shape, shown.affine).tolist(),
    }
    return lambda: fields


def _ct_and_tumor(truth: GroundTruth) -> tuple[Volume, npt.NDArray[np.bool_]]:
    source = truth.source
    if source is None:
        raise DomainError("This case was read elsewhere; there is no CT to show.")
    ct = load_volume(source.volume.file)
    if truth.synthesis_run is None:
        if source.tumor_mask is None:
            raise DomainError(f"{source} has no tumour mask; import it with one.")
        return ct, load_mask(source.tumor_mask)
    tumor = _load_tumor(truth.synthesis_run)
    return tumor.apply_to(ct), tumor.full_mask(ct.shape)


def _load_tumor(run: SynthesisRun) -> SyntheticTumor:
    from synthesis.tumor import SyntheticTumor

    if run.result is None:
        raise DomainError(f"Its tumour could not be synthesised: {run.error}")
    return SyntheticTumor.load(io.BytesIO(get_store().read(run.result)))


def _ended(job: Job) -> bool:
    return job.state in (Job.State.SUCCEEDED, Job.State.FAILED)


def _cases_of(job: SynthesisRun) -> Any:
    return GroundTruth.objects.filter(synthesis_run=job).values("case")


def _cases_without_waiting() -> Any:
    """Cases whose tumour is there, or will never be: their packs can be written, or said to have failed."""
    waiting = SynthesisRun.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    return GroundTruth.objects.exclude(synthesis_run__in=waiting).values("case")
