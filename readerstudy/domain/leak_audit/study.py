"""Measuring a study: every built case as its readers get it, with the truth beside it. For staff alone."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from django.db.models import Avg

from readerstudy.domain.crops import FILL_HU, crop_grid, resample_mask
from readerstudy.domain.design import CropDesign, parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.leak_audit.case import ShownCase, measure_shown
from readerstudy.domain.leak_audit.features import features_of
from readerstudy.domain.leak_audit.measures import Mask
from readerstudy.domain.slice_packs import decode_slice, tilt_deg
from readerstudy.domain.store import get_store
from readerstudy.domain.truths import counted_truths
from readerstudy.domain.volumes import load_affine, load_mask
from readerstudy.models.case import SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study
from readerstudy.models.volume import OrganScan

DESCRIPTION = ["case_id", "patient", "organ", "truth", "generator", "data_set"]
Progress = Callable[[int, int], None]


def _silent(_done: int, _total: int) -> None:
    pass


def measure_cases(study: Study, *, progress: Progress = _silent) -> pd.DataFrame:
    """Return one row for each built case: what it is, and every feature; NaN where it can't be measured.

    Neither practice cases nor controls, which differ on purpose, are among them. `progress` is
    called with how many are measured, and how many there are.

    Raises
    ------
    DomainError
        If there is none.
    """
    counted = counted_truths(study)
    packs = SlicePack.objects.filter(case__in=counted.values("case"), state=Job.State.SUCCEEDED)
    by_case = {pack.case_id: pack for pack in packs.select_related("case", "file")}
    if not by_case:
        raise DomainError(f"Study {study.slug} has no built cases to audit; generate them first.")
    truths = counted.filter(case__in=by_case).select_related(
        "source__volume__dataset", "source__organ_mask", "source__tumor_mask", "synthesis_run__result"
    )
    orders, crop = _mean_orders(study), parse_design(study.design).shown_crop
    rows = []
    for done, truth in enumerate(truths.order_by("case__code"), start=1):
        rows.append(_measure(truth, by_case[truth.case_id], orders, crop))
        progress(done, len(by_case))
    cases = pd.DataFrame(rows)
    return cases.reindex(columns=[*DESCRIPTION, *(feature.name for feature in features_of(study.design))])


def _mean_orders(study: Study) -> dict[Any, float]:
    """Return each case's mean place over the readers invited so far."""
    items = SequenceItem.objects.filter(sequence__reader__study=study, case__practice=False)
    return dict(items.values_list("case").annotate(Avg("position")))


def _measure(
    truth: GroundTruth, pack: SlicePack, orders: Mapping[Any, float], crop: CropDesign | None
) -> dict[str, Any]:
    source = truth.source
    if source is None:
        raise DomainError(f"Case {pack.case.code} was read elsewhere; there is nothing to audit.")
    shown = _shown(pack, *(_masks(truth, source) if crop is None else _cropped_masks(truth, source, crop)))
    return {
        "case_id": pack.case.code,
        "patient": source.volume.patient_key,
        "organ": pack.case.organ,
        "truth": truth.truth,
        "generator": truth.generator,
        "data_set": source.volume.dataset.name,
        "order": orders.get(truth.case_id, np.nan),
        **measure_shown(shown),
        **_measured_size(truth, source),
        "tilt_deg": tilt_deg(pack.affine),
        "filled": float(np.mean([shown.read_slice(number) == FILL_HU for number in range(pack.shape[0])]))
        if crop
        else 0.0,
    }


def _masks(truth: GroundTruth, source: OrganScan) -> tuple[Mask, Mask | None]:
    """Return where the tumour and the organ are, as displayed."""
    organ = None if source.organ_mask is None else as_displayed(load_mask(source.organ_mask))
    return as_displayed(_tumor_mask(truth, source)), organ


def _cropped_masks(truth: GroundTruth, source: OrganScan, crop: CropDesign) -> tuple[Mask, None]:
    """Return where the tumour is in the crop that is shown of it; the organ is what readers are asked for."""
    on_grid = source.tumor_mask or source.organ_mask
    assert on_grid is not None  # noqa: S101  a host has its organ's mask, any other its tumour's
    tumor, affine = _tumor_mask(truth, source), load_affine(on_grid)
    grid = crop_grid(tumor, affine, side_mm=crop.side_mm, spacing_mm=crop.spacing_mm)
    return as_displayed(resample_mask(tumor, affine, grid)), None


def _measured_size(truth: GroundTruth, source: OrganScan) -> dict[str, float | None]:
    """Return the tumour's size at half its contrast, measured alike in both arms: masks are drawn wider in one."""
    made = truth.synthesis_run or source
    return {"diameter_mm": made.diameter_mm, "tumor_ml": made.tumor_ml}


def _shown(pack: SlicePack, tumor: Mask, organ: Mask | None) -> ShownCase:
    depth, height, width = pack.spacing_mm
    _, rows, columns = pack.shape
    store, file = get_store(), pack.ready_file
    return ShownCase(
        shape=pack.shape,
        spacing_mm=(depth, height, width),
        offsets=pack.offsets,
        cue_slice=pack.cue_slice or 0,
        read_slice=lambda n: decode_slice(store.read_range(file, *pack.offsets[n : n + 2]), (rows, columns)),
        tumor=tumor,
        organ=organ,
    )


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
