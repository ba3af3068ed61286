"""The `msd` layout, of the Medical Segmentation Decathlon: `dataset.json`, `imagesTr`, `labelsTr`.

nnU-Net's variant (labels by name, images as `NAME_0000.nii.gz`) is read alike.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.labels import LabelScheme, check_options, labelled_rows, scheme_of_names
from readerstudy.domain.importing.source import ImportOptions, NiftiCT, Source, SourceRow, confined

SUFFIX = ".nii.gz"
IMAGES, LABELS = "imagesTr", "labelsTr"
_CHANNEL = "_0000"  # nnU-Net's first channel
_LARGEST_BYTES = 64 * 1024**2


def read_msd(path: Path, options: ImportOptions) -> Source:
    """Read the folder `path`, or its `dataset.json`."""
    if options.masks:
        raise DomainError("The msd layout has its masks in labelsTr; leave out --masks.")
    folder = path if path.is_dir() else path.parent
    description = _description(folder / "dataset.json")
    scheme = _scheme(description).with_options(options)
    check_options(options, scheme, where="dataset.json")
    rows: list[SourceRow] = []
    for image, label in _pairs(folder, description):
        rows += labelled_rows(
            case_id=image.name.removesuffix(SUFFIX),
            ct=NiftiCT(image),
            masks=(label,),
            scheme=scheme,
            options=options,
            first_number=len(rows) + 1,
        )
    if not rows:
        raise DomainError(f"{folder.name} holds no case; dataset.json lists none, and {IMAGES} is empty.")
    return Source(folder=folder, rows=rows)


def _description(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise DomainError(f"{path.name} is too large to describe a data set; name the folder that holds imagesTr.")
        description = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DomainError(
            f"{path.parent.name} has no {path.name} that can be read ({error.strerror}); name the folder that holds it."
        ) from None
    except (ValueError, RecursionError):
        raise DomainError(f"{path.name} is no JSON; take the file that came with the data set.") from None
    if not isinstance(description, dict) or not isinstance(description.get("labels"), dict):
        raise DomainError(f"{path.name} names no labels; take the file that came with the data set.")
    return description


def _scheme(description: Mapping[str, Any]) -> LabelScheme:
    """Read the labels: number to name in the Decathlon, name to number (or numbers) in nnU-Net."""
    names: dict[int, str] = {}
    for key, value in description["labels"].items():
        try:
            numbers, name = ([int(key)], value) if isinstance(value, str) else (_numbers(value), key)
        except (TypeError, ValueError):
            raise DomainError(f"dataset.json: {key!r}: {value!r} is no label; write a number and a name.") from None
        names |= dict.fromkeys(numbers, name)
    return scheme_of_names({number: name for number, name in names.items() if number > 0})


def _numbers(value: object) -> list[int]:
    if isinstance(value, int):
        return [value]
    if isinstance(value, list) and len(value) == 1:
        return _numbers(value[0])
    raise DomainError("dataset.json: nnU-Net's regions are not read; give the values with --label-map.")


def _pairs(folder: Path, description: Mapping[str, Any]) -> Iterator[tuple[Path, Path]]:
    """Give every CT with its labels: those that `dataset.json` lists, else those of the folders, by name."""
    listed = description.get("training")
    if isinstance(listed, list) and listed:
        for number, entry in enumerate(listed, start=1):
            where = f"dataset.json, training {number}"
            if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("image", "label")):
                raise DomainError(f"{where}: there is no image with its label; take the file that came with the data.")
            yield confined(folder, entry["image"], where=where), confined(folder, entry["label"], where=where)
        return
    for image in sorted((folder / IMAGES).glob(f"*{SUFFIX}")):
        if not image.name.startswith("."):
            name = image.name.removesuffix(SUFFIX).removesuffix(_CHANNEL)
            where = folder.name
            yield (
                confined(folder, f"{IMAGES}/{image.name}", where=where),
                confined(folder, f"{LABELS}/{name}{SUFFIX}", where=where),
            )
