"""Masks of many labels: which values are an organ, and which its tumours."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.source import (
    ImportOptions,
    SourceCT,
    SourceMask,
    SourceRow,
    check_generator,
)
from readerstudy.models.vocabulary import OrganName, Origin

Labels = tuple[int, ...]

_ORGANS = {
    "liver": OrganName.LIVER,
    "hepatic": OrganName.LIVER,
    "pancreas": OrganName.PANCREAS,
    "pancreatic": OrganName.PANCREAS,
    "kidney": OrganName.KIDNEY,
    "kidneys": OrganName.KIDNEY,
    "renal": OrganName.KIDNEY,
}
_TUMORS = {
    *("tumor", "tumors", "tumour", "tumours", "cancer", "cancers", "carcinoma", "lesion", "lesions", "mass", "masses"),
    *("metastasis", "metastases", "neoplasm", "hcc", "pdac", "rcc", "gtv", "malignancy"),
}
_FILLERS = {"left", "right", "l", "r", "whole", "organ", "the", "of", "primary", "malignant", "ct", "roi", "seg"}
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class LabelScheme:
    """What the values of a mask mean.

    Attributes
    ----------
    organs
        The values of each organ's own tissue.
    tumors
        The values of each organ's tumours.
    any_tumor
        Those of tumours whose organ is told by where they lie.
    lesions
        Further values that belong to an organ and are no tumour of interest, as cysts.
    """

    organs: Mapping[OrganName, Labels] = field(default_factory=dict)
    tumors: Mapping[OrganName, Labels] = field(default_factory=dict)
    any_tumor: Labels = ()
    lesions: Mapping[OrganName, Labels] = field(default_factory=dict)

    def with_options(self, options: ImportOptions) -> "LabelScheme":
        """Return the scheme with what the command line says in the place of its own."""
        changed = replace(self, organs={**self.organs, **options.label_map})
        return replace(changed, tumors={}, any_tumor=options.tumor_labels) if options.tumor_labels else changed

    @property
    def knows_tumors(self) -> bool:
        return bool(self.any_tumor or any(self.tumors.values()))

    def organ_mask(self, organ: OrganName, paths: tuple[Path, ...]) -> SourceMask | None:
        """Return the mask of an organ with all that lies in it, its tumours too."""
        own = self.organs.get(organ, ())
        if not own:
            return None
        tumors = self.tumors.get(organ, ()) or (self.any_tumor if len(self.organs) == 1 else ())
        labels = dict.fromkeys((*own, *tumors, *self.lesions.get(organ, ())))
        return SourceMask(paths, tuple(labels), may_be_empty=True)

    def tumor_mask(self, organ: OrganName, paths: tuple[Path, ...]) -> SourceMask | None:
        own = self.tumors.get(organ, ())
        if own:
            return SourceMask(paths, own, may_be_empty=True)
        if self.any_tumor:
            return SourceMask(paths, self.any_tumor, may_be_empty=True, of_several_organs=len(self.organs) > 1)
        return None


def scheme_of_names(names: Mapping[int, str]) -> LabelScheme:
    """Tell organs and tumours from the names of labels: `liver`, `left kidney`, `cancer`, `kidney tumour`.

    A name with any other word (`hepatic vessel`, `colon cancer`) is none of ours.

    Examples
    --------
    >>> scheme_of_names({1: "pancreas", 2: "cancer"}).any_tumor
    (2,)
    """
    organs: dict[OrganName, Labels] = {}
    tumors: dict[OrganName, Labels] = {}
    lesions: dict[OrganName, Labels] = {}
    any_tumor: Labels = ()
    for value, name in sorted(names.items()):
        words = set(_WORD.findall(name.lower())) - _FILLERS
        named = {_ORGANS[word] for word in words & _ORGANS.keys()}
        rest = words - _ORGANS.keys()
        if not words or len(named) > 1:
            continue
        group = _group(rest, organs=organs, tumors=tumors, lesions=lesions)
        if group is not None and named:
            [organ] = named
            group[organ] = (*group.get(organ, ()), value)
        elif group is tumors:
            any_tumor += (value,)
    return LabelScheme(organs, tumors, any_tumor, lesions)


def _group(rest: set[str], **groups: dict[OrganName, Labels]) -> dict[OrganName, Labels] | None:
    """Return where a label belongs by what its name says beside an organ."""
    if not rest:
        return groups["organs"]
    if rest <= _TUMORS:
        return groups["tumors"]
    return groups["lesions"] if rest <= {"cyst", "cysts"} else None


def labelled_rows(
    *,
    case_id: str,
    ct: SourceCT,
    masks: tuple[Path, ...],
    scheme: LabelScheme,
    options: ImportOptions,
    first_number: int,
    patient_id: str = "",
    lesion_type: str = "",
) -> Iterator[SourceRow]:
    """Give the rows of one CT whose masks, if any, hold many labels: one per organ that the scheme knows."""
    organs = [organ for organ in options.organs if organ in known_organs(scheme, options)]
    for number, organ in enumerate(organs, start=first_number):
        yield SourceRow(
            number=number,
            where=f"row {number} ({organ})",
            case_id=case_id,
            patient_id=patient_id,
            organ=organ,
            ct=ct,
            organ_mask=scheme.organ_mask(organ, masks) if masks else None,
            tumor_mask=scheme.tumor_mask(organ, masks) if masks else None,
            origin=options.origin,
            generator=options.generator,
            stand_in=options.stand_in,
            lesion_type=lesion_type,
        )


def known_organs(scheme: LabelScheme, options: ImportOptions) -> set[OrganName]:
    """Return the organs that a scheme has labels of; where it has tumours alone, the one that was asked for."""
    known = {*scheme.organs, *scheme.tumors}
    return known if known or len(options.organs) > 1 or not scheme.any_tumor else set(options.organs)


def check_options(options: ImportOptions, scheme: LabelScheme, *, where: str) -> None:
    """Refuse options that don't go together, or ask for what the labels don't hold."""
    check_generator(options.origin, options.generator, where=where)
    if options.origin != Origin.HEALTHY and not scheme.knows_tumors:
        raise DomainError(
            f"{where}: origin {options.origin} needs a label of the tumour; name it with --label-map, as tumor=2."
        )
    if not known_organs(scheme, options).intersection(options.organs):
        raise DomainError(
            f"{where}: no label is {' or '.join(options.organs)}; say which with --label-map, as liver=1,tumor=2."
        )
