"""Writing what readers are told after a study: once, by closing it, where its design says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import pandas as pd

from readerstudy.analysis.frame import POOLED, counted
from readerstudy.analysis.metrics import PROPORTIONS, metrics
from readerstudy.analysis.recognition import recognise
from readerstudy.domain.organ_task import ORGAN_TASK, answerable_organs, is_organ_task
from readerstudy.domain.results import build_readings
from readerstudy.models.debrief import Debrief
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study


def write_debriefs(*, study: Study) -> None:
    """Store for every counted reader their answers beside the truth, and how often they were right.

    The study is closed by now, in the caller's transaction: before that there is nothing that a reader could reach.
    """
    if not study.design["reading"]["debrief"]:
        return
    readings = build_readings(study)
    if readings.empty:
        return
    keys = dict(Reader.objects.filter(study=study, withdrawn_at=None).values_list("code", "pk"))
    told = _told_of_organs(study, readings) if is_organ_task(study.design) else _told(study, readings)
    for code, payload in told:
        if code in keys:
            Debrief.objects.create(reader_id=keys[code], payload=payload)


def _told(study: Study, readings: pd.DataFrame) -> Iterator[tuple[str, dict[str, Any]]]:
    figures = metrics(counted(readings), alpha=study.design["analysis"]["alpha"])
    own = figures[(figures["organ"] == "all") & (figures["generator"] == "all")].set_index("reader_id")
    for code, rows in readings.groupby("reader_id", sort=True):
        yield str(code), {"sittings": _sittings(rows), **_figures(own, str(code))}


def _told_of_organs(study: Study, readings: pd.DataFrame) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each reader's answers beside the organs, and how many of each organ's tumours they named right."""
    organs = answerable_organs(study.design)
    found = recognise(readings, organs=organs, alpha=study.design["analysis"]["alpha"]).by_organ
    own = found[found["origin"] == POOLED].assign(n_answered=lambda table: table["n_cases"] - table["n_unsure"])
    for code, rows in readings.groupby("reader_id", sort=True):
        mine = own[own["reader_id"] == code]
        of_organs = mine[["organ", "n_answered", "n_right", "n_unsure"]].to_dict("records")
        counts = {name: int(mine[name].sum()) for name in ("n_answered", "n_right")}
        figures = counts | {"organs": [{str(name): value for name, value in one.items()} for one in of_organs]}
        sittings = _sittings(rows.assign(truth=rows["organ"]))
        yield str(code), {"task": ORGAN_TASK, "sittings": sittings, "figures": figures if len(mine) else None}


def _sittings(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each sitting's cases in the order in which the reader had them, numbered as the reading room did."""
    records = rows.sort_values("order", kind="stable").to_dict("records")
    return [
        {
            "sitting": sitting,
            "cases": [
                {
                    "number": number,
                    "organ": record["organ"],
                    "answer": record["label"],
                    "truth": record["truth"],
                    "again": bool(record["repeat_index"]),
                }
                for number, record in enumerate(records_of, start=1)
            ],
        }
        for sitting, records_of in groupby(records, key=lambda record: record["session"])
    ]


def _figures(own: pd.DataFrame, code: str) -> dict[str, Any]:
    """Return the reader's sensitivity, specificity and accuracy with their counts; None where not estimable."""
    if code not in own.index:
        return {"figures": None}
    row: Mapping[Any, Any] = own.loc[code].to_dict()
    shares = {name: None if pd.isna(row[name]) else round(float(row[name]), 4) for name in PROPORTIONS}
    numbers = ("n_real", "n_synthetic", "tp", "fn", "tn", "fp", "unsure_real", "unsure_synthetic")
    return {"figures": shares | {name: int(row[name]) for name in numbers}}
