"""Import of a data set: whole or not at all."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from django.db import IntegrityError, transaction

from readerstudy.domain import audit
from readerstudy.domain.actors import Who
from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.draft import Draft
from readerstudy.domain.importing.layouts import LAYOUTS
from readerstudy.domain.importing.source import ImportOptions, Source, SourceCT, SourceRow, parse_origin
from readerstudy.domain.store import Shelf, get_store, storing
from readerstudy.models.dataset import Dataset
from readerstudy.models.vocabulary import MeasuredOn, OrganName, Origin
from readerstudy.models.volume import Volume

_NAME = re.compile(r"[-a-zA-Z0-9_]{1,80}")
_ROOM = 1.5  # stored bytes per byte of the source: int16 at gzip's fastest level, and a mask per organ


def import_dataset(
    *,
    name: str,
    path: Path,
    layout: str,
    actor: str,
    origin: str = Origin.HEALTHY,
    generator: str = "",
    stand_in: bool = False,
    masks: Path | None = None,
    label_map: Mapping[OrganName, tuple[int, ...]] | None = None,
    tumor_labels: tuple[int, ...] = (),
    organs: Sequence[OrganName] = tuple(OrganName),
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Check and store every CT and mask of the data set at `path`.

    Files are written first and the rows saved last, in one short transaction; whatever goes wrong, neither
    stays behind. No file name, path, case, patient or header text is stored.

    Parameters
    ----------
    name
        What studies call it: letters, digits, hyphens and underscores.
    path
        The manifest's CSV, or the folder that the layout describes.
    origin, generator, stand_in
        What holds where the source says nothing.
    masks
        A folder of masks, where they do not lie beside the CTs.
    label_map
        The values of each organ in masks of many labels, instead of the layout's own.
    tumor_labels
        The values of the tumour in masks of many labels, instead of the layout's own.
    organs
        Rows of other organs are left out.
    progress
        Called with the CTs done and the CTs in all.

    Raises
    ------
    DomainError
        If anything is unusable: one sentence that names the row, the file and the cause.
    """
    options = ImportOptions(
        origin=parse_origin(origin, where="origin"),
        generator=generator,
        stand_in=stand_in,
        masks=masks.absolute() if masks else None,
        label_map=label_map or {},
        tumor_labels=tumor_labels,
        organs=tuple(organs),
    )
    with storing() as shelf:
        draft = read_dataset(name=name, path=path, layout=layout, options=options, shelf=shelf, progress=progress)
        with transaction.atomic():
            shelf.save_rows()
            save_dataset(draft, actor=actor)
    return draft.dataset


def read_dataset(
    *,
    name: str,
    path: Path,
    layout: str,
    options: ImportOptions,
    shelf: Shelf,
    progress: Callable[[int, int], None] | None = None,
    refuse: Callable[[SourceRow, DomainError], None] | None = None,
) -> Draft:
    """Check every CT and mask of the data set at `path`, and put them on the shelf; see `import_dataset`.

    With `refuse`, a CT that is unusable is told to it and the next ones are checked all the same, so that all that
    is wrong is known at once; the data set is refused at the end.
    """
    check_name(name)
    try:
        source = _read_source(layout, path.absolute(), options)
        _check_room(source)
        draft = Draft(source, Dataset(name=name, layout=layout, warnings=list(source.warnings)), shelf)
        cts = _by_ct(source.rows)
        refused = 0
        for done, rows in enumerate(cts, start=1):
            try:
                draft.add_ct(rows)
            except DomainError as error:
                if refuse is None:
                    raise
                refuse(rows[0], error)
                refused += 1
            if progress:
                progress(done, len(cts))
    except OSError as error:
        raise DomainError(f"Data set {name!r} could not be imported ({error.strerror or error}).") from error
    if refused:
        raise DomainError(f"{refused} of {len(cts)} CTs can't be used, so nothing was imported.")
    _note_shortcomings(draft)
    return draft


def save_dataset(draft: Draft, *, actor: Who) -> None:
    """Save the rows of a data set whose files have theirs; the caller holds the transaction."""
    dataset = draft.dataset
    try:
        with transaction.atomic():
            dataset.save()
    except IntegrityError:
        raise _name_taken(dataset.name) from None
    draft.save_rows()
    audit.record(
        actor=actor,
        action="import data set",
        dataset=dataset.name,
        layout=dataset.layout,
        volumes=len(draft.volumes),
        organ_scans=len(draft.scans),
    )


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise DomainError(f"{name!r} is no name for a data set; use up to 80 letters, digits, hyphens and underscores.")
    if Dataset.objects.filter(name=name).exists():
        raise _name_taken(name)


def _name_taken(name: str) -> DomainError:
    return DomainError(f"There is a data set named {name!r} already; choose another name.")


def check_layout(layout: str) -> Callable[[Path, ImportOptions], Source]:
    """Return the function that reads a layout."""
    if layout not in LAYOUTS:
        raise DomainError(f"{layout!r} is no layout; choose {' or '.join(LAYOUTS)}.")
    return LAYOUTS[layout]


def _read_source(layout: str, path: Path, options: ImportOptions) -> Source:
    read = check_layout(layout)
    if not path.exists():
        raise DomainError(f"There is nothing at {str(path)!r}; correct the path.")
    source = read(path, options)
    if not source.rows:
        raise DomainError(f"{path.name} has no row of {' or '.join(options.organs)}; choose other organs.")
    return source


def _by_ct(rows: list[SourceRow]) -> list[list[SourceRow]]:
    """Group rows by the CT that they name, in the order of its first row."""
    groups: dict[SourceCT, list[SourceRow]] = {}
    for row in rows:
        groups.setdefault(row.ct, []).append(row)
    return list(groups.values())


def _check_room(source: Source) -> None:
    masks = [mask for row in source.rows for mask in (row.organ_mask, row.tumor_mask) if mask]
    files = {path for row in source.rows for path in row.ct.paths} | {path for mask in masks for path in mask.paths}
    needed = _ROOM * sum(file.stat().st_size for file in files)
    free = get_store().free_bytes()
    if free is not None and needed > free:
        raise DomainError(
            f"The data set needs about {needed / 1e6:.0f} MB of disk space and {free / 1e6:.0f} MB are free;"
            " make room, or set DATA_ROOT to a larger disk."
        )


def _note_shortcomings(draft: Draft) -> None:
    """Refuse a data set of nothing; note hosts that wait for a mask, and CTs known under another patient."""
    if not draft.scans:
        raise DomainError("No scan shows any of the organs, so there is nothing to import; check the labels.")
    waiting = sum(not scan.usable for scan in draft.scans)
    if waiting:
        draft.dataset.warnings.append(f"Hosts that have no mask of their organ, and are not usable: {waiting}.")
    by_mask = sum(scan.measured_on == MeasuredOn.MASK for scan in draft.scans)
    if by_mask:
        draft.dataset.warnings.append(
            f"Tumours whose edge can't be told, and whose size is that of their mask: {by_mask}."
        )
    persons = {volume.voxels_sha256: volume.patient_key for volume in draft.volumes.values()}
    elsewhere = Volume.objects.filter(voxels_sha256__in=persons).select_related("dataset")
    names = {known.dataset.name for known in elsewhere if known.patient_key != persons[known.voxels_sha256]}
    if names:
        draft.dataset.warnings.append(
            f"CTs of this data set stand for other patients in {', '.join(sorted(names))}: without a common"
            " patient_id, a reader may meet one patient twice."
        )
