"""The readers' levels of realism joined with the truth: of closed studies alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from readerstudy.domain.participation import participation
from readerstudy.domain.reader_tables import last_readings
from readerstudy.domain.realism import ATTRIBUTES
from readerstudy.domain.unblinding import unblinded_cases
from readerstudy.models.study import Study

COLUMNS = ["reader_id", "case_id", "patient_id", "truth", "generator", "attribute", "level"]


def realism_ratings(study: Study) -> pd.DataFrame:
    """Return a row per counted first reading and attribute, without controls: what `realism_summary` takes."""
    return pd.DataFrame(_rows(study), columns=COLUMNS)


def _rows(study: Study) -> Iterator[tuple[Any, ...]]:
    cases = unblinded_cases(study)
    uncounted = {one.reader.pk for one in participation(study).left_out}
    for reading in last_readings(study):
        case, reader = cases.get(reading.item.case_id), reading.item.sequence.reader
        if (
            case is None
            or case.control
            or case.host_only
            or reading.item.repeat_index
            or reader is None
            or reader.pk in uncounted
        ):
            continue
        patient = case.patient_id or case.case_id
        rated = [name for name in ATTRIBUTES if name in reading.attributes]  # databases keep keys in an order of theirs
        for attribute in rated:
            level = reading.attributes[attribute]
            yield reader.code, case.case_id, patient, case.truth, case.generator, attribute, level
