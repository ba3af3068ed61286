"""Which masks belong to which series: by the series that they refer to, else by name, else because there is but one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import pydicom

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.dicom.masks import referenced_series, region_names
from readerstudy.domain.importing.labels import LabelScheme, scheme_of_names
from readerstudy.domain.importing.source import ImportOptions, SourceMask
from readerstudy.domain.importing.totalsegmentator import OrganMasks, file_masks, masks_named
from readerstudy.models.vocabulary import OrganName

NIFTI = (".nii", ".nii.gz")


class Named(Protocol):
    """A series, as far as its masks are concerned."""

    identifier: str

    @property
    def names(self) -> set[str]: ...


@dataclass(frozen=True)
class MaskFile:
    """A DICOM segmentation or structure set. `name` is for messages."""

    path: Path
    name: str
    series: frozenset[str]
    regions: dict[int, str]

    @classmethod
    def of(cls, path: Path, name: str, header: pydicom.Dataset) -> MaskFile:
        return cls(path, name, frozenset(referenced_series(path, header)), region_names(path, header))


@dataclass
class SeriesMasks:
    """The masks of one series by organ."""

    organs: dict[OrganName, SourceMask] = field(default_factory=dict)
    tumors: dict[OrganName, SourceMask] = field(default_factory=dict)


def match_masks(
    usable: Sequence[Named], every: Sequence[Named], files: Sequence[MaskFile], options: ImportOptions
) -> dict[int, SeriesMasks]:
    """Return the masks of the usable series, by their place in the list.

    Raises
    ------
    DomainError
        If masks that were asked for by name belong to no series, or to one that can't be used.
    """
    own: dict[int, list[MaskFile]] = {}
    for file in files:
        place = _place(file, usable)
        if place is not None:
            own.setdefault(place, []).append(file)
        elif options.masks is not None:
            unusable = any(file.series & {one.identifier} for one in every)
            raise DomainError(
                f"{file.name} was drawn on {'a series that makes no volume' if unusable else 'none of the series'};"
                " leave it out, or mend the series."
            )
    matched = {place: _joined(files, options) for place, files in own.items()}
    if options.masks is not None:
        _add_nifti(usable, options.masks, options, matched)
        if not matched:
            raise DomainError(
                f"{options.masks.name} holds no mask of any series; name NIfTI masks by the series' folder, its"
                " identifier or its patient's."
            )
    return matched


def _place(file: MaskFile, usable: Sequence[Named]) -> int | None:
    referred = [place for place, one in enumerate(usable) if one.identifier in file.series]
    if referred or file.series:
        return referred[0] if referred else None
    stem = Path(file.name).stem
    named = [place for place, one in enumerate(usable) if {stem, Path(file.name).parent.name} & one.names]
    if len(named) == 1:
        return named[0]
    return 0 if len(usable) == 1 else None


def _joined(files: Sequence[MaskFile], options: ImportOptions) -> SeriesMasks:
    """Join what the mask files of one series outline; what two of them do is taken from the first."""
    masks = SeriesMasks()
    shared: SourceMask | None = None
    for file in files:
        scheme: LabelScheme = scheme_of_names(file.regions).with_options(options)
        for organ in options.organs:
            organ_mask = scheme.organ_mask(organ, (file.path,))
            if organ_mask:
                masks.organs.setdefault(organ, organ_mask)
            if scheme.tumors.get(organ):
                masks.tumors.setdefault(organ, SourceMask((file.path,), scheme.tumors[organ], may_be_empty=True))
        if scheme.any_tumor and shared is None:
            shared = SourceMask((file.path,), scheme.any_tumor, may_be_empty=True)
    if shared:
        known = set(masks.organs) or set(options.organs if len(options.organs) == 1 else ())
        for organ in known:
            masks.tumors.setdefault(organ, replace(shared, of_several_organs=len(known) > 1))
    return masks


def _add_nifti(usable: Sequence[Named], masks: Path, options: ImportOptions, matched: dict[int, SeriesMasks]) -> None:
    if masks.is_file():
        if masks.name.endswith(NIFTI):
            if len(usable) > 1:
                raise DomainError(f"{masks.name} is one mask for {len(usable)} series; give a folder of masks by name.")
            _add(matched, 0, file_masks(masks, options))
        return
    taken: set[str] = set()
    for place, one in enumerate(usable):
        shared = {name for other in usable if other is not one for name in other.names}
        for name in sorted(one.names - shared):
            found = masks_named(name, masks, options)
            if found.organs or found.tumors:
                taken.add(name)
                _add(matched, place, found)
                break
    if not taken and not matched and len(usable) == 1:
        alone = [file for file in sorted(masks.iterdir()) if file.name.endswith(NIFTI)]
        if len(alone) == 1:
            _add(matched, 0, file_masks(alone[0], options))


def _add(matched: dict[int, SeriesMasks], place: int, found: OrganMasks) -> None:
    own = matched.setdefault(place, SeriesMasks())
    own.organs = {**found.organs, **own.organs}
    own.tumors = {**found.tumors, **own.tumors}
