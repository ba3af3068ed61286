"""The tumours of a data set, or of a closed study's cases, measured. Patients are numbered as they come.

`synthesis` is imported inside the functions, so that web processes never load it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from readerstudy.domain.errors import DomainError
from readerstudy.domain.store import StoreError, get_store
from readerstudy.domain.truths import counted_truths
from readerstudy.domain.unblinding import require_closed
from readerstudy.domain.volumes import load_mask, load_volume
from readerstudy.models.dataset import Dataset
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan

if TYPE_CHECKING:
    from synthesis.masks import Mask
    from synthesis.radiomics.settings import Settings
    from synthesis.volume import Volume

Row = dict[str, Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Tumor:
    """One tumour: what it is called, in which scan it lies, and by which run it was put there, if by one."""

    case: str
    origin: str
    generator: str
    scan: OrganScan
    run: SynthesisRun | None = None


@dataclass(frozen=True)
class Measured:
    """The rows of all tumours that could be measured, and why others could not."""

    rows: list[Row]
    refused: dict[str, str]


def scans_with_tumors(dataset: Dataset) -> QuerySet[OrganScan]:
    return OrganScan.objects.filter(volume__dataset=dataset, tumor_mask__isnull=False).exclude(origin=Origin.HEALTHY)


def dataset_tumors(dataset: Dataset) -> list[Tumor]:
    """Return the tumours of a data set, called by their rows.

    Raises
    ------
    DomainError
        If it has none.
    """
    scans = scans_with_tumors(dataset).select_related("volume__file", "organ_mask", "tumor_mask")
    tumors = [Tumor(f"row {scan.row}", scan.origin, scan.generator, scan) for scan in scans.order_by("volume", "row")]
    if not tumors:
        raise DomainError(
            f"Data set {dataset.name} holds no tumour to measure; import one whose scans have tumour masks."
        )
    return tumors


def study_tumors(study: Study) -> list[Tumor]:
    """Return the tumours of a closed study's counted cases.

    Raises
    ------
    DomainError
        While readers may still read; or if its cases were read elsewhere.
    """
    require_closed(study)
    truths = counted_truths(study).filter(case__exclusion=None, source__isnull=False)
    found = truths.select_related(
        "case", "source__volume__file", "source__organ_mask", "source__tumor_mask", "synthesis_run__result"
    )
    tumors = [_of_case(truth) for truth in found.order_by("source__volume", "case__code")]
    if not tumors:
        raise DomainError(f"The cases of study {study.slug} are not here, so there is no tumour to measure.")
    return tumors


def measure_tumors(tumors: list[Tumor], *, settings: Settings, progress: Progress) -> Measured:
    """Measure tumours one after the other; one that can't be measured is left out by name."""
    from synthesis.errors import UnusableInput

    patients: dict[str, str] = {}
    rows: list[Row] = []
    refused: dict[str, str] = {}
    ct_of = lru_cache(maxsize=1)(load_volume)
    for done, tumor in enumerate(tumors, start=1):
        key = tumor.scan.volume.patient_key
        described = {
            "case_id": tumor.case,
            "patient_id": patients.setdefault(key, f"P{len(patients) + 1:04}"),
            "organ": tumor.scan.organ,
            "origin": tumor.origin,
            "generator": tumor.generator,
        }
        try:
            rows.append({**described, **_measure(tumor, ct_of(tumor.scan.volume.file), settings)})
        except (UnusableInput, StoreError) as error:
            refused[tumor.case] = str(error)
        progress(done, len(tumors))
    return Measured(rows, refused)


def columns_of(rows: list[Row]) -> dict[str, list[Any]]:
    """Return rows as columns."""
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def rows_of(columns: dict[str, list[Any]]) -> Iterator[Row]:
    """Undo `columns_of`."""
    return (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))


def _of_case(truth: GroundTruth) -> Tumor:
    if truth.source is None:
        raise DomainError(f"Case {truth.case.code} was read elsewhere; there is nothing to measure.")
    return Tumor(truth.case.code, truth.truth, truth.generator, truth.source, truth.synthesis_run)


def _measure(tumor: Tumor, ct: Volume, settings: Settings) -> Row:
    from synthesis.radiomics.batch import measure

    scan = tumor.scan
    organ = None if scan.organ_mask is None else load_mask(scan.organ_mask)
    if tumor.run is not None and tumor.run.result is not None:
        shown, mask = _synthesised(tumor.run.result, ct)
        return measure(shown, mask, settings, organ=organ)
    if scan.tumor_mask is None:
        raise DomainError(f"{scan} has no tumour mask; import it with one.")
    return measure(ct, load_mask(scan.tumor_mask), settings, organ=organ)


def _synthesised(result: StoredFile, host: Volume) -> tuple[Volume, Mask]:
    """Return the host with a tumour that was made in it, and the tumour's mask."""
    from synthesis.tumor import SyntheticTumor

    made = SyntheticTumor.load(io.BytesIO(get_store().read(result)))
    return made.apply_to(host), made.full_mask(host.shape)
