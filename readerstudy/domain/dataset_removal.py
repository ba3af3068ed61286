"""Deleting a data set that no study uses, with all its files."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.store import get_store
from readerstudy.models.dataset import Dataset
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import OrganScan, Volume
from readerstudy.models.volume_preview import VolumePreview


def studies_using(dataset: Dataset) -> list[Study]:
    """Return the studies that show a case of the data set, or whose design asks for it by name."""
    shown = GroundTruth.objects.filter(source__volume__dataset=dataset).values("case__study")
    drawn = set(Study.objects.filter(pk__in=shown).values_list("pk", flat=True))
    return [study for study in Study.objects.order_by("title") if study.pk in drawn or dataset.name in _named(study)]


def remove_dataset(*, dataset: Dataset, actor: str) -> None:
    """Delete the rows and the files of a data set.

    Raises
    ------
    DomainError
        If a study uses it, by now too.
    """
    uses = len(studies_using(dataset))
    if uses:  # not named: who deletes it may have no role in them
        raise DomainError(f"Data set {dataset.name!r} is used by {uses} stud{'y' if uses == 1 else 'ies'}.")
    try:
        with transaction.atomic():
            keys = _remove_rows(dataset)
            audit.record(actor=actor, action="delete data set", dataset=dataset.name)
            transaction.on_commit(lambda: _delete_files(keys))
    except (ProtectedError, IntegrityError):
        raise DomainError(f"Data set {dataset.name!r} is being taken into a study; reload the page.") from None


def _remove_rows(dataset: Dataset) -> list[str]:
    """Delete the rows; return the keys of the files that were theirs."""
    scans = OrganScan.objects.filter(volume__dataset=dataset)
    runs = SynthesisRun.objects.filter(host__in=scans)  # of cases that were drawn anew since
    previews = VolumePreview.objects.filter(scan__in=scans)
    owned = (
        (Volume.objects.filter(dataset=dataset), ("file",)),
        (scans, ("organ_mask", "tumor_mask", "thumbnail")),
        (runs, ("result",)),
        (previews, ("file", "overlay")),
    )
    keys = [key for rows, columns in owned for row in rows.values_list(*columns) for key in row if key]
    previews.delete()
    runs.delete()
    dataset.delete()
    StoredFile.objects.filter(key__in=keys).delete()
    return keys


def _delete_files(keys: Iterable[str]) -> None:
    store = get_store()
    for key in keys:
        store.delete(key)


def _named(study: Study) -> set[str]:
    organs = study.design.get("organs", []) if study.state == Study.State.DRAFT else []
    return {name for organ in organs for column in ("real_from", "hosts_from") for name in organ.get(column) or []}
