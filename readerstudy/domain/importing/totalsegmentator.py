"""The `totalsegmentator` layout: CTs with the masks that TotalSegmentator writes.

Either `NAME.nii.gz` with `NAME_seg.nii.gz` (one file of many labels), or `NAME/ct.nii.gz` with
`NAME/segmentations/ORGAN.nii.gz`. Tumours, where there are any, are a label of their own in the first
(`--label-map tumor=200`), and `ORGAN_tumor.nii.gz` in the second.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.labels import LabelScheme
from readerstudy.domain.importing.source import (
    ImportOptions,
    NiftiCT,
    Source,
    SourceMask,
    SourceRow,
    check_generator,
    confined,
)
from readerstudy.models.vocabulary import OrganName, Origin

SUFFIX = ".nii.gz"
MASK_SUFFIX = "_seg.nii.gz"
TUMOR_FILES = ("{}_tumor", "{}_tumour", "{}_lesions")
DEFAULT_LABELS: Mapping[OrganName, tuple[int, ...]] = {  # the numbers of the tool's task "total", version 2
    OrganName.LIVER: (5,),
    OrganName.PANCREAS: (7,),
    OrganName.KIDNEY: (2, 3),
}
ORGAN_FILES = {
    OrganName.LIVER: ("liver",),
    OrganName.PANCREAS: ("pancreas",),
    OrganName.KIDNEY: ("kidney_right", "kidney_left"),
}


@dataclass
class OrganMasks:
    """The masks of one scan; an organ that has no file has no entry."""

    organs: dict[OrganName, SourceMask] = field(default_factory=dict)
    tumors: dict[OrganName, SourceMask] = field(default_factory=dict)


def read_totalsegmentator(path: Path, options: ImportOptions) -> Source:
    """Read the folder `path`; the masks lie beside the CTs, or in the folder `options.masks`."""
    check_generator(options.origin, options.generator, where=path.name)
    for folder in (path, options.masks or path):
        if not folder.is_dir():
            raise DomainError(f"{folder.name!r} is no folder; name the one that holds the CTs, or their masks.")
    cases = [(name, ct, _masks_of(name, path, options)) for name, ct in _scans(path)]
    if not cases:
        raise DomainError(f"{path.name} holds neither NAME{SUFFIX} nor NAME/ct{SUFFIX}; name the folder of the CTs.")
    if options.masks and not any(masks.organs for _, _, masks in cases):
        raise DomainError(f"{options.masks.name} holds no mask of any CT; name them NAME{MASK_SUFFIX} as the CTs.")
    if options.origin != Origin.HEALTHY and not any(masks.tumors for _, _, masks in cases):
        raise DomainError(
            f"{path.name}: origin {options.origin} needs masks of the tumours; name their label with --label-map, as "
            "tumor=200, or their files liver_tumor.nii.gz."
        )
    rows: list[SourceRow] = []
    for name, ct, masks in cases:
        for organ in options.organs:
            row = SourceRow(
                number=len(rows) + 1,
                where=f"row {len(rows) + 1} ({organ})",
                case_id=name,
                patient_id="",
                organ=organ,
                ct=NiftiCT(ct),
                organ_mask=masks.organs.get(organ),
                tumor_mask=masks.tumors.get(organ),
                origin=options.origin,
                generator=options.generator,
                stand_in=options.stand_in,
            )
            rows.append(row)
    return Source(folder=path, rows=rows)


def _scans(path: Path) -> Iterator[tuple[str, Path]]:
    """Give the name and the CT of every scan, by name."""
    for entry in sorted(path.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.name.endswith(MASK_SUFFIX):
            name = entry.name.removesuffix(MASK_SUFFIX)
            if not (path / f"{name}{SUFFIX}").exists():
                raise DomainError(f"{entry.name} has no CT {name}{SUFFIX} beside it; add the CT, or move the mask.")
        elif entry.name.endswith(SUFFIX):
            yield entry.name.removesuffix(SUFFIX), confined(path, entry.name, where=path.name)
        elif (entry / f"ct{SUFFIX}").exists():
            yield entry.name, confined(path, f"{entry.name}/ct{SUFFIX}", where=path.name)


def _masks_of(name: str, path: Path, options: ImportOptions) -> OrganMasks:
    if options.masks:  # in a folder of their own, masks may bear the plain names
        return masks_named(name, options.masks, options)
    return _first_of([f"{name}{MASK_SUFFIX}"], [f"{name}/segmentations"], path, options)


def masks_named(name: str, root: Path, options: ImportOptions) -> OrganMasks:
    """Return the masks that a folder of masks holds under a scan's name."""
    return _first_of([f"{name}{MASK_SUFFIX}", f"{name}{SUFFIX}"], [f"{name}/segmentations", name], root, options)


def file_masks(path: Path, options: ImportOptions) -> OrganMasks:
    """Return the masks of a file of many labels."""
    masks = OrganMasks()
    scheme = LabelScheme(organs=DEFAULT_LABELS).with_options(options)
    for organ in options.organs:
        _put(masks.organs, organ, scheme.organ_mask(organ, (path,)))
        _put(masks.tumors, organ, scheme.tumor_mask(organ, (path,)))
    return masks


def _first_of(files: Sequence[str], folders: Sequence[str], root: Path, options: ImportOptions) -> OrganMasks:
    for file in files:
        if (root / file).exists():
            return file_masks(confined(root, file, where=root.name), options)
    for folder in folders:
        if (root / folder).is_dir():
            masks = OrganMasks()
            for organ in options.organs:
                stems = [stem.format(organ) for stem in TUMOR_FILES]
                _put(masks.organs, organ, _joined(root, folder, ORGAN_FILES[organ]))
                _put(masks.tumors, organ, _joined(root, folder, stems))
            return masks
    return OrganMasks()


def _put(masks: dict[OrganName, SourceMask], organ: OrganName, mask: SourceMask | None) -> None:
    if mask:
        masks[organ] = mask


def _joined(root: Path, folder: str, stems: Sequence[str]) -> SourceMask | None:
    names = [f"{folder}/{stem}{SUFFIX}" for stem in stems]
    found = tuple(confined(root, name, where=root.name) for name in names if (root / name).exists())
    return SourceMask(found, may_be_empty=True) if found else None
