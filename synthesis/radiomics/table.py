"""Tables of features: a row for each tumour, its features, and why some are not estimable."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from synthesis.radiomics.dictionary import CLASSES, COLUMNS, FEATURES
from synthesis.radiomics.settings import Settings

if TYPE_CHECKING:  # these take pyradiomics, which takes time to import
    from synthesis.radiomics.extraction import Extracted
    from synthesis.radiomics.region import Region

Row = dict[str, Any]

NOT_ESTIMABLE = "not_estimable"
DESCRIPTION = {
    "case_id": "the tumour",
    "patient_id": "whose CT it is: of a synthetic tumour, the host's",
    "organ": "liver, pancreas or kidney",
    "origin": "real, or synthetic",
    "generator": "by what a synthetic tumour was made; empty for a real one",
    "diameter_mm": "of the ball with the region's volume, in mm",
    "voxels": "of the region, cubes of the spacing that all is resampled to",
    "gray_levels": "that the region holds",
    "delineation": "half contrast: the region ends where the contrast has fallen to one half; or the mask as given",
    "delineation_note": "why half contrast could not be told",
    "lesions": "in the mask; the region is the largest of them",
    "at_edge": "1 where it reaches the edge of the CT, so that a part of it may be missing",
}
_DIGITS = 9  # significant: more than any two machines agree on


def row(region: Region, extracted: Extracted) -> Row:
    """Return one tumour's row but for what it is called; a feature that is not estimable is None."""
    volume_mm3 = extracted.voxels * region.spacing_mm**3
    return {
        "diameter_mm": _rounded((6 / math.pi * volume_mm3) ** (1 / 3)),
        "voxels": extracted.voxels,
        "gray_levels": extracted.gray_levels,
        "delineation": region.delineation,
        "delineation_note": region.note,
        "lesions": region.lesions,
        "at_edge": int(region.at_edge),
        **{name: _rounded(extracted.values[name]) if name in extracted.values else None for name in COLUMNS},
        NOT_ESTIMABLE: _in_words(extracted.missing),
    }


def write_table(file: TextIO, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as CSV, a feature that is not estimable as an empty cell."""
    writer = csv.DictWriter(file, [*DESCRIPTION, *COLUMNS, NOT_ESTIMABLE], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def write_dictionary(file: TextIO, settings: Settings) -> None:
    """Write what each column means, as CSV."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["column", "group", "unit", "ibsi", "meaning"])
    writer.writerows(dictionary_rows(settings))


def dictionary_rows(settings: Settings) -> list[list[str]]:
    """Return the data dictionary: column, group, unit, the IBSI's identifier, meaning."""
    how = (
        f"resampled to cubes of {settings.spacing_mm:g} mm; gray levels of {settings.bin_width_hu:g} HU; "
        "3-D, 26 neighbours at a distance of one voxel"
    )
    described = [[name, "description", "", "", meaning] for name, meaning in DESCRIPTION.items()]
    features = [
        [one.column, CLASSES[one.feature_class], one.unit, one.ibsi, f"{one.meaning} ({how})"] for one in FEATURES
    ]
    why = "which features are empty here, and why each could not be estimated"
    return [*described, *features, [NOT_ESTIMABLE, "description", "", "", why]]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _in_words(missing: Mapping[str, str]) -> str:
    """Return the reasons, each with the columns that it holds for."""
    by_reason = sorted((reason, column) for column, reason in missing.items())
    groups = itertools.groupby(by_reason, key=lambda pair: pair[0])
    return "; ".join(f"{reason}: {', '.join(column for _, column in pairs)}" for reason, pairs in groups)
