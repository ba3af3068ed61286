"""The `totalsegmentator` layout: healthy CTs with the masks that TotalSegmentator writes.

Either `NAME.nii.gz` with `NAME_seg.nii.gz` (one file of many labels), or `NAME/ct.nii.gz` with
`NAME/segmentations/ORGAN.nii.gz` (one file per organ).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.source import ImportOptions, Source, SourceMask, SourceRow, confined
from readerstudy.models.vocabulary import OrganName, Origin

SUFFIX = ".nii.gz"
MASK_SUFFIX = "_seg.nii.gz"
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


def read_totalsegmentator(path: Path, options: ImportOptions) -> Source:
    """Read the folder `path`; the masks lie beside the CTs, or in the folder `options.masks`."""
    if options.origin != Origin.HEALTHY or options.generator:
        raise DomainError("The totalsegmentator layout holds healthy hosts only; import tumours with a manifest.")
    for folder in (path, options.masks or path):
        if not folder.is_dir():
            raise DomainError(f"{folder.name!r} is no folder; name the one that holds the CTs, or their masks.")
    cases = [(name, ct, _masks_of(name, path, options)) for name, ct in _scans(path)]
    if not cases:
        raise DomainError(f"{path.name} holds neither NAME{SUFFIX} nor NAME/ct{SUFFIX}; name the folder of the CTs.")
    if options.masks and not any(masks for _, _, masks in cases):
        raise DomainError(f"{options.masks.name} holds no mask of any CT; name them NAME{MASK_SUFFIX} as the CTs.")
    rows: list[SourceRow] = []
    for name, ct, masks in cases:
        for organ in options.organs:
            row = SourceRow(
                number=len(rows) + 1,
                where=f"row {len(rows) + 1} ({organ})",
                case_id=name,
                patient_id="",
                organ=organ,
                ct=ct,
                organ_mask=masks.get(organ),
                tumor_mask=None,
                origin=Origin.HEALTHY,
                generator="",
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


def _masks_of(name: str, path: Path, options: ImportOptions) -> dict[OrganName, SourceMask]:
    """Return the masks of one scan; an organ that has no file has no entry."""
    root = options.masks or path
    files, folders = [f"{name}{MASK_SUFFIX}"], [f"{name}/segmentations"]
    if options.masks:  # in a folder of their own, masks may bear the plain names
        files.append(f"{name}{SUFFIX}")
        folders.append(name)
    for file in files:
        if (root / file).exists():
            mask = confined(root, file, where=root.name)
            labels = {**DEFAULT_LABELS, **options.label_map}
            return {organ: SourceMask((mask,), labels[organ], may_be_empty=True) for organ in options.organs}
    for folder in folders:
        if (root / folder).is_dir():
            return dict(_organ_files(root, folder, options.organs))
    return {}


def _organ_files(root: Path, folder: str, organs: tuple[OrganName, ...]) -> Iterator[tuple[OrganName, SourceMask]]:
    for organ in organs:
        names = [f"{folder}/{stem}{SUFFIX}" for stem in ORGAN_FILES[organ]]
        found = tuple(confined(root, name, where=root.name) for name in names if (root / name).exists())
        if found:
            yield organ, SourceMask(found, may_be_empty=True)
