"""Auditing a study: every built case is measured as its readers get it, with the truth beside it. For staff alone."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from django.db.models import Avg

from readerstudy.analysis.leak_audit import LeakAudit, TooFewCases, audit_leaks
from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.leak_audit.features import FEATURES, data_set_feature
from readerstudy.domain.leak_audit.measures import (
    Mask,
    Measures,
    Slices,
    Spacing,
    distance_around,
    measure_file,
    measure_organ,
    measure_surroundings,
    measure_tumor,
)
from readerstudy.domain.slice_packs import decode_slice
from readerstudy.domain.store import get_store
from readerstudy.domain.volumes import load_mask
from readerstudy.models.case import SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study
from readerstudy.models.volume import OrganScan

SAMPLED_SLICES = 10  # from all over the volume, and as many from the organ
DESCRIPTION = ["case_id", "patient", "organ", "truth", "generator", "data_set"]
MARGIN_MM = 5.0  # around a tumour, left out of what is measured outside it


def audit_study(*, study: Study, actor: str) -> LeakAudit:
    """Test whether anything but the tumours' look tells the arms of a study apart; practice cases are left out.

    Raises
    ------
    DomainError
        If the study has no built cases, or too few to audit.
    """
    cases = measure_cases(study)
    data_sets = [data_set_feature(name) for name in sorted(cases["data_set"].unique())]
    for feature in data_sets:
        cases[feature.name] = (cases["data_set"] == feature.name.removeprefix("data set ")).astype(float)
    try:
        result = audit_leaks(cases, [*FEATURES, *data_sets], seed=study.design["seed"])
    except TooFewCases as error:
        raise DomainError(f"Study {study.slug}: {error}") from None
    audit.record(
        actor=actor, action="audit blinding", study=study, conclusion=result.conclusion, findings=result.findings
    )
    return result


def measure_cases(study: Study) -> pd.DataFrame:
    """Return one row for each built case: what it is, and every feature; NaN where it can't be measured.

    Raises
    ------
    DomainError
        If there is none.
    """
    packs = SlicePack.objects.filter(case__study=study, case__practice=False, state=Job.State.SUCCEEDED)
    by_case = {pack.case_id: pack for pack in packs.select_related("case", "file")}
    if not by_case:
        raise DomainError(f"Study {study.slug} has no built cases to audit; generate them first.")
    truths = GroundTruth.objects.filter(case__in=by_case).select_related(
        "source__volume__dataset", "source__organ_mask", "source__tumor_mask", "synthesis_run__result"
    )
    orders = _mean_orders(study)
    cases = pd.DataFrame([_measure(truth, by_case[truth.case_id], orders) for truth in truths])
    return cases.reindex(columns=[*DESCRIPTION, *(feature.name for feature in FEATURES)])


def _mean_orders(study: Study) -> dict[Any, float]:
    """Return each case's mean place over the readers invited so far."""
    items = SequenceItem.objects.filter(sequence__reader__study=study, case__practice=False)
    return dict(items.values_list("case").annotate(Avg("position")))


def _measure(truth: GroundTruth, pack: SlicePack, orders: Mapping[Any, float]) -> dict[str, Any]:
    source = truth.source
    if source is None:
        raise DomainError(f"Case {pack.case.code} was read elsewhere; there is nothing to audit.")
    organ = None if source.organ_mask is None else as_displayed(load_mask(source.organ_mask))
    return {
        "case_id": pack.case.code,
        "patient": source.volume.patient_key,
        "organ": pack.case.organ,
        "truth": truth.truth,
        "generator": truth.generator,
        "data_set": source.volume.dataset.name,
        "order": orders.get(truth.case_id, np.nan),
        **_measure_pack(pack, as_displayed(_tumor_mask(truth, source)), organ),
        **_measured_size(truth, source),
    }


def _measured_size(truth: GroundTruth, source: OrganScan) -> dict[str, float | None]:
    """Return the tumour's size at half its contrast, measured alike in both arms: masks are drawn wider in one."""
    made = truth.synthesis_run or source
    return {"diameter_mm": made.diameter_mm, "tumor_ml": made.tumor_ml}


def _measure_pack(pack: SlicePack, tumor: Mask, organ: Mask | None) -> Measures:
    depth, height, width = pack.spacing_mm
    spacing_mm: Spacing = (depth, height, width)
    box, distance_mm = distance_around(tumor, MARGIN_MM, spacing_mm)
    outside = np.ones(tumor.shape, dtype=bool)
    outside[box] = distance_mm > MARGIN_MM
    shown = _spread_out(np.arange(max(len(tumor) - 1, 1)))
    following = np.minimum(shown + 1, len(tumor) - 1)
    measures = {
        **measure_file(shape=pack.shape, spacing_mm=spacing_mm, offsets=pack.offsets, cue_slice=pack.cue_slice or 0),
        "field_mm": pack.shape[2] * width,
        "coverage_mm": pack.shape[0] * depth,
        **measure_surroundings(
            _read_slices(pack, shown), _read_slices(pack, following), outside[shown] & outside[following], spacing_mm
        ),
        **measure_tumor(box, distance_mm, organ, shape=pack.shape, spacing_mm=spacing_mm),
    }
    if organ is not None:
        held = _spread_out(np.flatnonzero(organ.any(axis=(1, 2))))
        measures |= measure_organ(_read_slices(pack, held), organ[held] & outside[held])
    return measures


def as_displayed(mask: Mask) -> Mask:
    """Turn a mask of the store, on its RAS+ grid, as `slice_packs.display_array` turns the CT; copies nothing."""
    return np.flip(mask).T


def _tumor_mask(truth: GroundTruth, source: OrganScan) -> Mask:
    from synthesis.tumor import SyntheticTumor

    if truth.synthesis_run is not None and truth.synthesis_run.result is not None:
        tumor = SyntheticTumor.load(io.BytesIO(get_store().read(truth.synthesis_run.result)))
        i, j, k = source.volume.shape
        return tumor.full_mask((i, j, k))
    if source.tumor_mask is None:
        raise DomainError(f"{source} has no tumour mask; import it with one.")
    return load_mask(source.tumor_mask)


def _spread_out(numbers: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return up to `SAMPLED_SLICES` of the numbers, evenly from the first to the last."""
    places = np.unique(np.linspace(0, len(numbers) - 1, SAMPLED_SLICES).round().astype(np.intp))
    chosen: npt.NDArray[np.intp] = numbers[places]
    return chosen


def _read_slices(pack: SlicePack, numbers: npt.NDArray[np.intp]) -> Slices:
    """Return slices as readers get them, shape (n, rows, columns)."""
    _, rows, columns = pack.shape
    store, file = get_store(), pack.ready_file
    members = (store.read_range(file, *pack.offsets[number : number + 2]) for number in numbers.tolist())
    return np.stack([decode_slice(member, (rows, columns)) for member in members])
