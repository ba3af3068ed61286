"""The `kits` layout, of the Kidney Tumor Segmentation challenges: `case_xxxxx` with imaging and segmentation.

`kits.json`, where it lies beside the cases, names the tumours' histology.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.labels import LabelScheme, check_options, labelled_rows
from readerstudy.domain.importing.source import ImportOptions, NiftiCT, Source, SourceRow, confined
from readerstudy.models.vocabulary import OrganName

IMAGING, SEGMENTATION = "imaging.nii.gz", "segmentation.nii.gz"
SCHEME = LabelScheme(
    organs={OrganName.KIDNEY: (1,)},
    tumors={OrganName.KIDNEY: (2,)},
    lesions={OrganName.KIDNEY: (3,)},  # cysts, since 2021
)
HISTOLOGY = {  # the challenge's words, and ours; all others are left out
    "clear_cell_rcc": "clear-cell carcinoma",
    "papillary": "papillary carcinoma",
    "papillary_rcc": "papillary carcinoma",
}
_CASE = re.compile(r"case_\d+")
_DESCRIPTIONS = ("kits.json", "kits19.json", "kits21.json", "kits23.json")
_LARGEST_BYTES = 64 * 1024**2


def read_kits(path: Path, options: ImportOptions) -> Source:
    """Read the folder `path`, or the folder `data` in it."""
    if options.masks:
        raise DomainError(f"The kits layout has {SEGMENTATION} beside {IMAGING}; leave out --masks.")
    folder = path / "data" if (path / "data").is_dir() else path
    scheme = SCHEME.with_options(options)
    check_options(options, scheme, where=path.name)
    cases = sorted(entry.name for entry in folder.iterdir() if _CASE.fullmatch(entry.name)) if folder.is_dir() else []
    if not cases:
        raise DomainError(f"{path.name} holds no folder case_00000; name the folder of the cases.")
    segmented = [name for name in cases if (folder / name / SEGMENTATION).exists()]
    if not segmented:
        raise DomainError(f"{path.name}: no case has a {SEGMENTATION}; name the folder of the training cases.")
    histology = dict(_histology(path)) | dict(_histology(folder))
    rows: list[SourceRow] = []
    for name in segmented:
        rows += labelled_rows(
            case_id=name,
            ct=NiftiCT(confined(folder, f"{name}/{IMAGING}", where=name)),
            masks=(confined(folder, f"{name}/{SEGMENTATION}", where=name),),
            scheme=scheme,
            options=options,
            first_number=len(rows) + 1,
            lesion_type=histology.get(name, ""),
        )
    left_out = len(cases) - len(segmented)
    return Source(
        folder=folder,
        rows=rows,
        warnings=[f"Cases that have no segmentation were left out: {left_out}."] if left_out else [],
    )


def _histology(folder: Path) -> Iterator[tuple[str, str]]:
    for path in (folder / name for name in _DESCRIPTIONS):
        if not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
            continue
        try:
            described = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            raise DomainError(f"{path.name} is no JSON; take the file that came with the data, or remove it.") from None
        for case in described if isinstance(described, list) else []:
            kind = HISTOLOGY.get(str(_entry(case, "tumor_histologic_subtype")))
            if kind:
                yield str(_entry(case, "case_id")), kind


def _entry(case: object, key: str) -> object:
    return case.get(key) if isinstance(case, Mapping) else None
