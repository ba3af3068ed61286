"""A tree of DICOM files: its CT series, each with the masks that belong to it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pydicom

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.dicom.files import (
    CT_IMAGE,
    ENHANCED_CT,
    InvalidDicom,
    LeftOut,
    is_dicom,
    read_header,
    reading,
    sop_class,
    text,
)
from readerstudy.domain.importing.dicom.masks import is_mask
from readerstudy.domain.importing.dicom.matching import MaskFile, SeriesMasks, match_masks
from readerstudy.domain.importing.dicom.series import DicomSeries, assemble
from readerstudy.domain.importing.dicom.slices import Slice, is_localizer, slices_of
from readerstudy.domain.importing.source import ImportOptions, Source, SourceRow, check_generator, confined
from readerstudy.models.vocabulary import OrganName, Origin


@dataclass
class FoundSeries:
    """What bears one series identifier; or, where an anonymiser took it, lies in one folder."""

    study: str
    identifier: str
    folder: str
    patient_id: str
    slices: list[Slice] = field(default_factory=list)
    volumes: list[DicomSeries] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """By which masks may be named."""
        return {self.identifier, self.folder.rpartition("/")[2], self.patient_id} - {""}


@dataclass
class _Tree:
    series: dict[tuple[str, str], FoundSeries] = field(default_factory=dict)
    masks: list[MaskFile] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def read_tree(path: Path, options: ImportOptions) -> Source:
    """Find the CT series below `path`, in any order and nesting, and their masks there or in `options.masks`."""
    check_generator(options.origin, options.generator, where=path.name)
    if not path.is_dir():
        raise DomainError(f"{path.name!r} is no folder; name the one that holds the series.")
    tree = _Tree()
    for file in _files(path):
        _sort(file, path, tree)
    if not tree.series:
        raise DomainError(
            f"{path.name} holds no CT image in DICOM{_reasons(tree.left_out)}; name the folder of the series."
        )
    warnings = [
        f"Images that are no part of a CT volume were left out: {n} ({why.rstrip('.')})."
        for why, n in sorted(tree.left_out.items())
    ]
    series = sorted(tree.series.values(), key=lambda one: one.slices[0].path)
    for number, one in enumerate(series, start=1):
        one.volumes, refused = _assembled(one, path)
        warnings += [f"Series {number}, {why}" for why in refused]
    usable = [one for one in series if one.volumes]
    if not usable:
        raise DomainError(f"{path.name} holds no CT volume: {' '.join(warnings)}")
    masks = match_masks(usable, series, _mask_files(tree, options), options)
    rows = list(_rows(usable, masks, options))
    _check_tumors(rows, path, options)
    return Source(folder=path, rows=rows, warnings=warnings)


def _files(folder: Path) -> Iterator[Path]:
    """Give the files of a tree in order; links may not lead out of it."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(root) / name
            if file.is_symlink():
                confined(folder, str(file.relative_to(folder)), where=folder.name)
            yield file


def _sort(file: Path, root: Path, tree: _Tree) -> None:
    """Put a file where it belongs: slices to their series, masks to the masks."""
    if not is_dicom(file):
        return
    name = str(file.relative_to(root))
    try:
        with reading(file):  # values are parsed when they are asked for
            header = read_header(file)
            if is_mask(header):
                tree.masks.append(MaskFile.of(file, name, header))
            elif sop_class(header) in (CT_IMAGE, *ENHANCED_CT):
                _add_slices(file, name, header, tree)
            elif sop_class(header):
                tree.left_out["no CT images"] += 1
    except LeftOut as why:
        tree.left_out[str(why)] += 1
    except InvalidDicom as error:
        raise _refused(name, file, error) from error


def _add_slices(file: Path, name: str, header: pydicom.Dataset, tree: _Tree) -> None:
    if is_localizer(header):
        tree.left_out["localizers"] += 1
        return
    slices = list(slices_of(file, header))
    folder, study, identifier = (
        name.rpartition("/")[0],
        text(header, "StudyInstanceUID"),
        text(header, "SeriesInstanceUID"),
    )
    series = tree.series.setdefault(
        (study, identifier or folder), FoundSeries(study, identifier, folder, text(header, "PatientID"))
    )
    series.slices += slices


def _assembled(series: FoundSeries, root: Path) -> tuple[list[DicomSeries], list[str]]:
    try:
        return assemble(series.slices)
    except InvalidDicom as error:
        raise _refused(series.folder or root.name, series.slices[0].path, error) from error


def _refused(name: str, file: Path, error: InvalidDicom) -> DomainError:
    return DomainError(f"{name}: {str(error).removeprefix(f'{file.name}: ')}")


def _mask_files(tree: _Tree, options: ImportOptions) -> list[MaskFile]:
    """Return the DICOM masks to be matched: those of `options.masks`, or else those among the series."""
    if options.masks is None:
        return tree.masks
    place = options.masks
    found = []
    for file in [place] if place.is_file() else _files(place):
        if is_dicom(file):
            name = file.name if file == place else str(file.relative_to(place))
            try:
                with reading(file):
                    header = read_header(file)
                    if is_mask(header):
                        found.append(MaskFile.of(file, name, header))
            except InvalidDicom as error:
                raise _refused(name, file, error) from error
    return found


def _rows(usable: list[FoundSeries], masks: dict[int, SeriesMasks], options: ImportOptions) -> Iterator[SourceRow]:
    number = 0
    for place, one in enumerate(usable):
        own = masks.get(place, SeriesMasks())
        largest = max(one.volumes, key=lambda volume: len(volume.slices))
        for volume in one.volumes:
            of_volume = own if volume is largest else SeriesMasks()  # a mask was drawn on one of them
            for organ in options.organs:
                tumor_mask = of_volume.tumors.get(organ)
                if of_volume.organs and organ not in of_volume.organs and not tumor_mask:
                    continue
                number += 1
                yield _row(one, volume, organ, number, of_volume, options)


def _row(
    series: FoundSeries, ct: DicomSeries, organ: OrganName, number: int, masks: SeriesMasks, options: ImportOptions
) -> SourceRow:
    return SourceRow(
        number=number,
        where=f"row {number} ({organ})",
        case_id=series.study or series.identifier or series.folder,
        patient_id=series.patient_id,
        organ=organ,
        ct=ct,
        organ_mask=masks.organs.get(organ),
        tumor_mask=masks.tumors.get(organ),
        origin=options.origin,
        generator=options.generator,
        stand_in=options.stand_in,
    )


def _check_tumors(rows: list[SourceRow], path: Path, options: ImportOptions) -> None:
    if options.origin != Origin.HEALTHY and not any(row.tumor_mask for row in rows):
        raise DomainError(
            f"{path.name}: origin {options.origin} needs masks of the tumours; give them with --masks, and where their"
            " names do not tell, their numbers with --label-map, as tumor=2."
        )


def _reasons(left_out: Counter[str]) -> str:
    return f" that is part of a volume ({'; '.join(sorted(left_out))})" if left_out else ""
