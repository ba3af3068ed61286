"""The one schema of a study, as `STUDY.toml` writes it and `Study.design` stores it.

The schema is whole; what has no function yet is in `_LATER`: stored at its default, refused when set.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from readerstudy.analysis.frame import POOLED
from readerstudy.domain.errors import DomainError

Count = Annotated[int, Field(ge=0, le=10_000, strict=True)]
YesNo = Annotated[bool, Field(strict=True)]
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ADDRESSES_IN_USE = {"new"}
OrganNames = Literal["liver", "pancreas", "kidney"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _check_slug(slug: str) -> str:
    if not SLUG.fullmatch(slug) or slug in ADDRESSES_IN_USE:
        raise ValueError("use lower-case letters, digits and single dashes, such as liver-2026 (but not new)")
    return slug


def _check_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("use one line of printable text")
    return text


OneLine = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_check_printable)]


def _singular(name: object) -> object:
    return "kidney" if name == "kidneys" else name


class OrganDesign(_Part):
    """How many cases of one organ, from where, and how large their tumours."""

    name: Annotated[OrganNames, BeforeValidator(_singular)]
    real: Count
    synthetic: dict[str, Count]
    diameter_mm: tuple[float, float]
    real_from: list[str] = []
    hosts_from: list[str] = []

    @model_validator(mode="after")
    def _diameters_in_order(self) -> OrganDesign:
        low, high = self.diameter_mm
        if not 0 < low <= high <= 200:
            raise ValueError(f"diameter_mm must be [low, high] with 0 < low <= high <= 200, not [{low:g}, {high:g}]")
        return self

    @model_validator(mode="after")
    def _generators_have_names_of_their_own(self) -> OrganDesign:
        if POOLED in self.synthetic:
            raise ValueError(f"synthetic: {POOLED!r} stands for every generator in results; import it by another name")
        return self

    @property
    def total(self) -> int:
        return self.real + sum(self.synthetic.values())


class Matching(_Part):
    on: list[Literal["diameter", "lesions", "spacing", "phase"]] = ["diameter"]
    same_patient: Literal["never", "other-sitting", "allowed"] = "never"


class ReadingDesign(_Part):
    response: Literal["label", "label+confidence", "rating-6"] = "label"
    lesion_cue: Literal["slice", "marker", "none"] = "slice"
    practice: Annotated[int, Field(ge=0, le=50)] = 0
    controls: Count = 0
    practice_feedback: YesNo = False
    repeats: Count = 0
    sittings: Annotated[int, Field(ge=1, le=20)] = 1
    washout_days: Annotated[int, Field(ge=0, le=365)] = 0
    change_answers: Literal["until-next", "until-sitting-ends"] = "until-next"
    max_run: Count = 0
    told_prevalence: OneLine = "Some cases are real, some synthetic."
    attributes: list[Literal["shape", "margin", "texture", "place"]] = []
    comments: YesNo = False
    rationale_mark: YesNo = False
    debrief: YesNo = False


class AnalysisDesign(_Part):
    unsure_policy: Literal["middle", "exclude"] = "middle"
    equivalence_margin: Annotated[float, Field(gt=0, lt=0.5)] = 0.10
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    holm_family: list[Literal["organ", "generator"]] = ["organ", "generator"]


class StudyDesign(_Part):
    slug: Annotated[str, Field(max_length=80), AfterValidator(_check_slug)]
    title: Annotated[OneLine, Field(max_length=200)]
    task: Literal["origin", "organ"] = "origin"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(default_factory=lambda: secrets.randbits(32))
    stand_ins_allowed: YesNo = False
    organs: Annotated[list[OrganDesign], Field(min_length=1)]
    matching: Matching = Matching()
    reading: ReadingDesign = ReadingDesign()
    analysis: AnalysisDesign = AnalysisDesign()

    @model_validator(mode="after")
    def _organs_make_a_study(self) -> StudyDesign:
        names = [organ.name for organ in self.organs]
        if len(set(names)) < len(names):
            raise ValueError("each organ may stand in one [[organs]] table only")
        if not any(organ.total for organ in self.organs):
            raise ValueError("the study asks for no case at all")
        return self

    @property
    def n_cases(self) -> int:
        """Cases that count: practice is not among them."""
        return sum(organ.total for organ in self.organs)

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    def sha256(self) -> str:
        canonical = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


# Parts of the schema whose function comes later: only the value given here is accepted.
_LATER: dict[tuple[str, str], object] = {
    ("", "task"): "origin",
    ("matching", "on"): ["diameter"],
    ("matching", "same_patient"): "never",
    ("reading", "controls"): 0,
    ("reading", "practice_feedback"): False,
    ("reading", "repeats"): 0,
    ("reading", "sittings"): 1,
    ("reading", "washout_days"): 0,
    ("reading", "change_answers"): "until-next",
    ("reading", "max_run"): 0,
    ("reading", "attributes"): [],
    ("reading", "debrief"): False,
    ("analysis", "unsure_policy"): "middle",
    ("analysis", "holm_family"): ["organ", "generator"],
}


def parse_design(data: dict[str, Any], *, where: str = "The design") -> StudyDesign:
    """Check a design given as the mapping that `STUDY.toml` holds; `where` names it in an error."""
    try:
        design = StudyDesign.model_validate(data)
    except ValidationError as error:
        raise DomainError(f"{where}: {_sentence(error)}") from None
    refused = [
        _not_yet(section, key, only) for (section, key), only in _LATER.items() if _set(design, section, key) != only
    ]
    if refused:
        raise DomainError(f"{where}: not available in this version: {', '.join(refused)}. Leave these keys out.")
    return design


def load_design(path: Path) -> StudyDesign:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DomainError(f"{path}: cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DomainError(f"{path}: is not a TOML file: {error}.") from None
    return parse_design(data, where=str(path))


def _set(design: StudyDesign, section: str, key: str) -> object:
    return getattr(getattr(design, section) if section else design, key)


def _not_yet(section: str, key: str, only: object) -> str:
    name = f"{section}.{key}" if section else key
    return f"{name} (only {json.dumps(only)})"


def _sentence(error: ValidationError) -> str:
    """Say every mistake with the key it is at: `organs[0].real should be …; …`."""
    return "; ".join(_mistake(item["loc"], item["type"], item["msg"]) for item in error.errors()) + "."


def _mistake(location: tuple[int | str, ...], kind: str, message: str) -> str:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    message = message.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"unknown key {key}"
    if kind == "missing":
        return f"{key} is missing"
    return f"{key}: {message[0].lower()}{message[1:]}" if key else message
