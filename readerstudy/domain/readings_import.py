"""Loading readings made elsewhere as a closed study, with its results page and exports."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

import pandas as pd
from django.db import transaction
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.readings_hash import readings_in_brief
from readerstudy.models.case import Case
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Label

IMPORT = "import readings"
ORDER_AS_RECORDED = "read elsewhere"
LONGEST_TEXT = {
    "reader_id": 40,
    "case_id": 80,
    "generator": 80,
    "session": 40,
    "patient_id": 80,
}  # what the tables hold
LONGEST_TIME_S = 2_000_000
LAST_PLACE = 2**31 - 1


def import_readings(
    *,
    slug: str,
    readings: pd.DataFrame,
    title: str = "",
    note: str = "",
    years: Mapping[str, float] | None = None,
    actor: str,
) -> Study:
    """Store a readings frame (`analysis.frame`) as a study that is closed from the beginning.

    `note` says what has to be known of the readings, and is shown wherever their figures are.

    Raises
    ------
    DomainError
        If the slug is taken or malformed, or a cell is not what the tables hold.
    """
    if Study.objects.filter(slug=slug).exists():
        raise DomainError(f"There is a study {slug} already; choose another slug.")
    _check_cells(readings)
    design = parse_design(_design(slug, title or slug, readings), where=slug)
    now = timezone.now()
    with transaction.atomic():
        study = Study.objects.create(
            slug=slug,
            title=design.title,
            design=design.to_json(),
            design_sha256=design.sha256(),
            read_elsewhere=True,
            state=Study.State.CLOSED,
            opened_at=now,
            closed_at=now,
        )
        cases = _create_cases(study, readings)
        for code, rows in readings.groupby("reader_id", sort=True):
            _create_readings(_create_reader(study, str(code), years or {}), rows, cases)
        said = {"note": note} if note else {}
        audit.record(actor=actor, action=IMPORT, study=study, **said, **readings_in_brief(study))
    return study


def _check_cells(readings: pd.DataFrame) -> None:
    for label in readings["label"].unique():
        if label not in Label.values:
            raise DomainError(f"label {label!r} is not one that a study can hold: {', '.join(Label.values)}.")
    for column, longest in LONGEST_TEXT.items():
        for text in readings[column].unique():
            if len(text) > longest:
                raise DomainError(f"{column} {text!r} is longer than {longest} letters; shorten it.")
    for time_s in readings["time_s"]:
        if time_s > LONGEST_TIME_S:
            raise DomainError(f"time_s {time_s:.0f} is more than {LONGEST_TIME_S}; give seconds.")


def _design(slug: str, title: str, readings: pd.DataFrame) -> dict[str, object]:
    """Say what was read: counts per organ and generator. Sizes are not known, so the widest range stands."""
    cases = readings[(readings["control"] == 0) & (readings["host_only"] == 0)].drop_duplicates("case_id")
    organs = [
        {
            "name": organ,
            "real": int((rows["truth"] == "real").sum()),
            "synthetic": rows.loc[rows["truth"] == "synthetic", "generator"].value_counts().sort_index().to_dict(),
            "diameter_mm": [0.1, 200],
        }
        for organ, rows in cases.groupby("organ", sort=True)
    ]
    return {"slug": slug, "title": title, "seed": 0, "organs": organs}


def _create_cases(study: Study, readings: pd.DataFrame) -> dict[str, Case]:
    rows = readings.drop_duplicates("case_id")
    cases = [
        Case(study=study, code=code, organ=organ, host_only=bool(hidden))
        for code, organ, hidden in zip(rows["case_id"], rows["organ"], rows["host_only"], strict=True)
    ]
    Case.objects.bulk_create(cases)
    GroundTruth.objects.bulk_create(
        GroundTruth(case=case, truth=truth, generator=generator, patient_code=patient, control=bool(control))
        for case, truth, generator, patient, control in zip(
            cases, rows["truth"], rows["generator"], rows["patient_id"], rows["control"], strict=True
        )
    )
    return {case.code: case for case in cases}


def _create_reader(study: Study, code: str, years: Mapping[str, float]) -> Reader:
    """Store a reader; years are whole in the table, so halves are rounded down."""
    return Reader.objects.create(study=study, code=code, years=int(years[code]) if code in years else None)


def _create_readings(reader: Reader, answers: pd.DataFrame, cases: dict[str, Case]) -> None:
    algorithm, positions = _order(reader.code, answers["order"])
    sequence = Sequence.objects.create(reader=reader, algorithm=algorithm)
    rows = answers.to_dict("records")
    items = SequenceItem.objects.bulk_create(
        SequenceItem(
            sequence=sequence,
            position=position,
            case=cases[row["case_id"]],
            repeat_index=row["repeat_index"],
            sitting=row["session"],
        )
        for position, row in zip(positions, rows, strict=True)
    )
    Reading.objects.bulk_create(
        Reading(
            item=item,
            label=row["label"],
            rating=None if pd.isna(row["rating"]) else row["rating"],
            submission=uuid.uuid4(),
            elapsed_ms=None if pd.isna(row["time_s"]) else round(row["time_s"] * 1000),
        )
        for item, row in zip(items, rows, strict=True)
    )


def _order(code: str, recorded: pd.Series[int]) -> tuple[str, Iterable[int]]:
    """Return how one reader's order came about, and the place of each answer in it."""
    if recorded.isna().all():
        return Sequence.ORDER_NOT_RECORDED, range(1, len(recorded) + 1)
    if recorded.isna().any() or not recorded.is_unique or not recorded.between(1, LAST_PLACE).all():
        raise DomainError(
            f"order of reader {code}: number the readings 1, 2, … through all sittings, each once, or leave all empty."
        )
    return ORDER_AS_RECORDED, recorded.tolist()


def import_note(study: Study) -> str:
    """Return what was said of a study's readings when they were imported; else empty."""
    event = study.audit_events.filter(action=IMPORT).first()
    return str(event.detail.get("note", "")) if event else ""
