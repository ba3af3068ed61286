"""The one schema of a study, as `STUDY.toml` writes it and `Study.design` stores it."""

from __future__ import annotations

import re
import secrets
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from readerstudy.analysis.frame import POOLED
from readerstudy.domain.canonical import canonical_sha256
from readerstudy.domain.eligibility import CRITERIA, ELIGIBILITY
from readerstudy.domain.errors import DomainError
from readerstudy.domain.host_only import ball_diameter_mm
from readerstudy.domain.orders import most_repeats
from readerstudy.domain.organ_checks import check_organ_task
from readerstudy.domain.organ_task import ORGAN_TASK, TOLD
from readerstudy.domain.shares import least_anchors, n_blocks, sizes_that_fit, suffice
from readerstudy.domain.texts import check_text

Count = Annotated[int, Field(ge=0, le=10_000, strict=True)]
YesNo = Annotated[bool, Field(strict=True)]
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ADDRESSES_IN_USE = {"new"}
RealismAttribute = Literal["shape", "margin", "texture", "place"]
NEAREST = 4
LONGEST_CONSENT = 10_000
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


def _check_lines(text: str) -> str:
    try:
        return check_text(text, what="it", longest=LONGEST_CONSENT)
    except DomainError as error:
        raise ValueError(str(error).removesuffix(".")) from None


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
    on: list[Literal["diameter", "lesions", "spacing", "phase", "dataset", "region"]] = ["diameter"]
    same_patient: Literal["never", "other-sitting", "allowed"] = "never"


class CropDesign(_Part):
    """What an organ-recognition study shows around a tumour: a cube, on one grid for every case."""

    side_mm: Annotated[float, Field(ge=10, le=200)] = 60.0
    spacing_mm: Annotated[float, Field(ge=0.4, le=5)] = 1.0
    surroundings: Literal["kept", "masked"] = "kept"
    margin_mm: Annotated[float, Field(ge=0, le=50)] = 5.0

    @property
    def kept_mm(self) -> float | None:
        """How far around the tumour is shown; None where all of the cube is."""
        return self.margin_mm if self.surroundings == "masked" else None


class ReadingDesign(_Part):
    response: Literal["label", "label+confidence", "rating-6"] = "label"
    lesion_cue: Literal["slice", "marker", "none"] = "slice"
    practice: Annotated[int, Field(ge=0, le=50, strict=True)] = 0
    controls: Count = 0
    host_only: Count = 0
    practice_feedback: YesNo = False
    repeats: Count = 0
    sittings: Annotated[int, Field(ge=1, le=20, strict=True)] = 1
    washout_days: Annotated[int, Field(ge=0, le=365, strict=True)] = 0
    cases_per_reader: Count = 0
    anchors: Count = 0
    change_answers: Literal["until-next", "until-sitting-ends"] = "until-next"
    max_run: Count = 0
    told_prevalence: OneLine = "Some cases are real, some synthetic."
    attributes: list[RealismAttribute] = []
    comments: YesNo = False
    rationale_mark: YesNo = False
    debrief: YesNo = False
    consent: Annotated[str, AfterValidator(_check_lines)] = ""

    @model_validator(mode="after")
    def _sittings_allow_the_rest(self) -> ReadingDesign:
        if self.sittings == 1 and self.repeats:
            raise ValueError(f"repeats = {self.repeats} come in a later sitting: set sittings to 2 or more")
        if self.sittings == 1 and self.washout_days:
            raise ValueError(f"washout_days = {self.washout_days} lie between sittings: set sittings to 2 or more")
        if self.repeats and not self.washout_days:
            raise ValueError("repeats need days between the sittings: set washout_days to 1 or more (28 is usual)")
        if self.practice_feedback and not self.practice:
            raise ValueError("practice_feedback needs practice cases: set practice to 1 or more")
        if len(set(self.attributes)) < len(self.attributes):
            raise ValueError("attributes: name each one once")
        if self.max_run == 1:
            raise ValueError(
                "max_run = 1 lets every answer be told from the one before; 0 sets no limit, 2 is the least"
            )
        return self


class GalleryDesign(_Part):
    """The quality control before opening: what makes a case unfit, in both arms alike, and how many may be."""

    eligibility: Annotated[list[OneLine], Field(max_length=20)] = list(ELIGIBILITY)
    criteria: Annotated[list[OneLine], Field(max_length=20)] = list(CRITERIA)
    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.25

    @model_validator(mode="after")
    def _reasons_are_told_apart(self) -> GalleryDesign:
        if not self.reasons:
            raise ValueError("name at least one criterion or eligibility rule to reject a case by")
        if len(set(self.reasons)) < len(self.reasons):
            raise ValueError("each criterion and each eligibility rule may stand once only")
        return self

    @property
    def reasons(self) -> list[str]:
        return [*self.eligibility, *self.criteria]


class AnalysisDesign(_Part):
    unsure_policy: Literal["middle", "exclude"] = "middle"
    equivalence_margin: Annotated[float, Field(gt=0, lt=0.5)] = 0.10
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    holm_family: list[Literal["organ", "generator"]] = ["organ", "generator"]
    dropouts: Literal["as-read", "left-out"] = "as-read"


class StudyDesign(_Part):
    slug: Annotated[str, Field(max_length=80), AfterValidator(_check_slug)]
    title: Annotated[OneLine, Field(max_length=200)]
    task: Literal["origin", "organ"] = "origin"
    seed: Annotated[int, Field(ge=0, lt=2**63, strict=True)] = Field(default_factory=lambda: secrets.randbits(32))
    stand_ins_allowed: YesNo = False
    organs: Annotated[list[OrganDesign], Field(min_length=1)]
    crop: CropDesign = CropDesign()
    matching: Matching = Matching()
    reading: ReadingDesign = ReadingDesign()
    gallery: GalleryDesign = GalleryDesign()
    analysis: AnalysisDesign = AnalysisDesign()

    @model_validator(mode="after")
    def _organs_make_a_study(self) -> StudyDesign:
        names = [organ.name for organ in self.organs]
        if len(set(names)) < len(names):
            raise ValueError("each organ may stand in one [[organs]] table only")
        if not any(organ.total for organ in self.organs):
            raise ValueError("the study asks for no case at all")
        return self

    @model_validator(mode="before")
    @classmethod
    def _told_what_is_asked(cls, data: Any) -> Any:
        if not (isinstance(data, dict) and data.get("task") == ORGAN_TASK):
            return data
        reading = data.get("reading", {})
        return data | {"reading": {"told_prevalence": TOLD} | reading} if isinstance(reading, dict) else data

    @model_validator(mode="after")
    def _organs_can_be_told(self) -> StudyDesign:
        if self.task == ORGAN_TASK:
            check_organ_task(self)
        elif "crop" in self.model_fields_set:
            raise ValueError('crop is for task = "organ"; leave it out where readers tell real from synthetic')
        return self

    @model_validator(mode="after")
    def _cases_fill_the_sittings(self) -> StudyDesign:
        reading, n_cases = self.reading, self.reading.cases_per_reader or self.n_cases
        if n_cases < reading.sittings:
            raise ValueError(
                f"{n_cases} cases do not fill {reading.sittings} sittings; {n_cases} sittings are the most"
            )
        most = most_repeats(n_cases, reading.sittings)
        if reading.repeats > most:
            raise ValueError(
                f"reading.repeats = {reading.repeats} do not fit: of {n_cases} cases in {reading.sittings} sittings, "
                f"{most} at most can come again in a later one"
            )
        return self

    @model_validator(mode="after")
    def _readers_can_share(self) -> StudyDesign:
        reading, n_cases = self.reading, self.n_cases
        if not reading.cases_per_reader:
            if reading.anchors:
                raise ValueError(
                    f"reading.anchors = {reading.anchors} are the cases that all readers read where each reads a part: "
                    "set reading.cases_per_reader"
                )
            return self
        arms = [count for organ in self.organs for count in (organ.real, *organ.synthetic.values()) if count]
        if not reading.anchors or not suffice(arms, reading.anchors):
            least = least_anchors(arms)
            raise ValueError(
                f"reading.anchors = {reading.anchors} are too few: the tests over readers rest on the cases that all "
                "of them read, two of each organ and arm at the least; "
                + (f"{least} anchors are enough" if least else "let every reader read all cases")
            )
        if reading.cases_per_reader not in (fits := sizes_that_fit(n_cases, reading.anchors)):
            raise ValueError(
                f"reading.cases_per_reader = {reading.cases_per_reader} does not fit: of {n_cases} cases, "
                f"{reading.anchors} of them anchors, a reader can have {_listed(fits, reading.cases_per_reader)}"
            )
        return self

    @model_validator(mode="after")
    def _runs_can_be_limited(self) -> StudyDesign:
        n_real = sum(organ.real for organ in self.organs) + self.reading.host_only // 2
        n_synthetic = self.n_cases - n_real + self.reading.controls + self.reading.host_only
        fewer, more = sorted((n_real, n_synthetic))
        least = -(-more // (fewer + 1))
        among = ", controls among them" if self.reading.controls or self.reading.host_only else ""
        if 0 < self.reading.max_run < least:
            raise ValueError(
                f"reading.max_run = {self.reading.max_run} can't be kept with {n_real} real and "
                f"{n_synthetic} synthetic cases{among}: {least} is the least, 0 sets no limit"
            )
        return self

    @model_validator(mode="after")
    def _host_only_items_are_balanced(self) -> StudyDesign:
        wanted = self.reading.host_only
        if wanted % 2:
            raise ValueError(
                f"reading.host_only = {wanted} can't be half real and half synthetic: {wanted - 1} or {wanted + 1} can"
            )
        if wanted and not self.host_only_organs:
            raise ValueError(
                f"reading.host_only = {wanted} needs an organ with real and with synthetic cases, to show hosts of both"
            )
        return self

    @model_validator(mode="after")
    def _patients_come_again_in_other_sittings(self) -> StudyDesign:
        if self.matching.same_patient == "other-sitting" and not (
            self.reading.sittings > 1 and self.reading.washout_days
        ):
            raise ValueError(
                'matching.same_patient = "other-sitting" needs other sittings: set reading.sittings to 2 or more and '
                "reading.washout_days to 1 or more"
            )
        return self

    @property
    def shown_crop(self) -> CropDesign | None:
        """What is shown around a tumour; None where the whole CT is."""
        return self.crop if self.task == ORGAN_TASK else None

    @property
    def n_cases(self) -> int:
        """Cases that count: neither practice, controls nor host-only items are among them."""
        return sum(organ.total for organ in self.organs)

    @property
    def host_only_organs(self) -> list[OrganDesign]:
        """Organs with cases of both arms, of which host-only items can be shown."""
        return [organ for organ in self.organs if organ.real and organ.total > organ.real]

    @property
    def host_only_mm(self) -> float:
        """Diameter of the ball that hides the tumour of every host-only item."""
        return ball_diameter_mm(organ.diameter_mm[1] for organ in self.organs)

    @property
    def n_blocks(self) -> int:
        """Into how many blocks the cases beside the anchors are dealt; 1 where every reader reads all."""
        return n_blocks(self.n_cases, self.reading.cases_per_reader, self.reading.anchors)

    def to_json(self) -> dict[str, Any]:
        """Return what is stored and hashed. Keys that came later are left out at their default: old hashes hold."""
        whole, changed = self.model_dump(mode="json"), self.model_dump(mode="json", exclude_defaults=True)
        for section, key in _CAME_LATER:
            part, set_here = (whole[section], changed.get(section, {})) if section else (whole, changed)
            if key not in set_here:
                del part[key]
        return whole

    def sha256(self) -> str:
        return canonical_sha256(self.to_json())


_CAME_LATER: tuple[tuple[str, str], ...] = (
    ("", "gallery"),
    ("", "crop"),
    ("reading", "consent"),
    ("analysis", "dropouts"),
    ("reading", "cases_per_reader"),
    ("reading", "anchors"),
    ("reading", "host_only"),
)


def parse_design(data: dict[str, Any], *, where: str = "The design") -> StudyDesign:
    """Check a design given as the mapping that `STUDY.toml` holds; `where` names it in an error."""
    try:
        return StudyDesign.model_validate(data)
    except ValidationError as error:
        raise DomainError(f"{where}: {_sentence(error)}") from None


def load_design(path: Path) -> StudyDesign:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DomainError(f"{path}: cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, or a number of thousands of digits
        raise DomainError(f"{path}: is not a TOML file: {error}.") from None
    return parse_design(data, where=str(path))


def _listed(numbers: list[int], wanted: int) -> str:
    """Return the few numbers that lie nearest to what was wanted."""
    nearest = sorted(sorted(numbers, key=lambda number: abs(number - wanted))[:NEAREST])
    return " or ".join(map(str, nearest)) if nearest else "all of them only (0)"


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
