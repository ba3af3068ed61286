"""All that pages, report and tables say in words and figures about a study's readings, made once."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from readerstudy.analysis.figures.collection import PRIMARY, Material
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.reporting.agreement_table import AgreementRow, RepeatRow, agreement_rows, repeat_rows
from readerstudy.analysis.reporting.effects_table import (
    AreaRow,
    EffectRow,
    ExperienceRow,
    area_rows,
    effect_rows,
    experience_rows,
)
from readerstudy.analysis.reporting.headline import Headline, generator_headlines
from readerstudy.analysis.reporting.host_only import HostOnlyRow, host_only_rows, host_only_sentences
from readerstudy.analysis.reporting.limits import limits
from readerstudy.analysis.reporting.numbers import p_value, percent, rounded
from readerstudy.analysis.reporting.published_layout import PublishedTable, published_tables
from readerstudy.analysis.reporting.reader_table import ReaderRow, UnsureRow, reader_rows, unsure_rows
from readerstudy.analysis.reporting.tables import PooledTest, ReaderResults, group_by_reader, pooled_tests

POLICIES = {"exclude": "left out", "middle": "half-way", "wrong": "as wrong (description only)"}
HARDEST = 20


@dataclass(frozen=True)
class PolicyRow:
    """One generator's pooled balanced accuracy by how unsure is counted; empty texts where there is none."""

    generator: str
    policy: str
    percent: str
    interval: str
    p: str
    reason: str


@dataclass(frozen=True)
class DifferenceRow:
    pair: str
    organ: str
    points: str
    interval: str
    p: str
    reason: str


@dataclass(frozen=True)
class HardCase:
    """A case that readers took wrongly."""

    case_id: str
    organ: str
    truth: str
    generator: str
    n_wrong: int
    n_unsure: int
    n_readings: int


@dataclass(frozen=True)
class Findings:
    headlines: list[Headline]
    limits: list[str]
    host_only: list[str]
    host_only_rows: list[HostOnlyRow]
    published: list[PublishedTable]
    readers: list[ReaderResults]
    each_reader: list[ReaderRow]
    unsure: list[UnsureRow]
    policies: list[PolicyRow]
    pooled: list[PooledTest]
    differences: list[DifferenceRow]
    agreement: list[AgreementRow]
    repeats: list[RepeatRow]
    drift: list[EffectRow]
    areas: list[AreaRow]
    experience: list[ExperienceRow]
    hardest: list[HardCase]
    confidence: str
    n_readers: int
    n_cases: int
    n_readings: int


def find(material: Material) -> Findings:
    """Return everything that is said of these readings."""
    document, tables = material.analysis.document, material.analysis.tables
    return Findings(
        headlines=generator_headlines(tables["headlines"]),
        limits=limits(material),
        host_only=host_only_sentences(tables["host_only"], alpha=document["alpha"]),
        host_only_rows=host_only_rows(tables["host_only"]),
        published=published_tables(material.analysis.metrics),
        readers=group_by_reader(material.analysis.metrics),
        each_reader=reader_rows(tables, margin=document["margins"][0]),
        unsure=unsure_rows(tables),
        policies=_policies(document),
        pooled=pooled_tests(tables["headlines"]),
        differences=_differences(document),
        agreement=agreement_rows(tables),
        repeats=repeat_rows(tables),
        drift=effect_rows(tables),
        areas=area_rows(tables),
        experience=experience_rows(tables),
        hardest=_hardest(tables["case_difficulty"]),
        confidence=material.confidence,
        n_readers=int(document["n_readers"]),
        n_cases=int(sum(document["n_cases"].values())),
        n_readings=int(document["n_readings"]),
    )


def _policies(document: dict[str, Any]) -> list[PolicyRow]:
    found = {
        (row["generator"], row["unsure_policy"]): row
        for row in document["mrmc"]
        if row["endpoint"] == "balanced_accuracy" and row["covariance"] == "unbiased" and row["organ"] == POOLED
    }
    generators = sorted({generator for generator, _ in found} - {POOLED})
    return [
        _policy(found[generator, policy], f"{words} (headline)" if policy == document["unsure_policy"] else words)
        for generator in generators
        for policy, words in POLICIES.items()
        if (generator, policy) in found
    ]


def _policy(row: dict[str, Any], words: str) -> PolicyRow:
    return PolicyRow(
        generator=row["generator"],
        policy=words,
        percent="" if row["estimate"] is None else f"{percent(row['estimate'])} %",
        interval="" if row["ci_low"] is None else f"{percent(row['ci_low'])}–{percent(row['ci_high'])}",
        p="" if row["p_value"] is None else p_value(row["p_value"]),
        reason=row["reason"] or "",
    )


def _differences(document: dict[str, Any]) -> list[DifferenceRow]:
    wanted = {**PRIMARY, "unsure_policy": document["unsure_policy"]}
    rows = [row for row in document["mrmc_differences"] if wanted.items() <= row.items()]
    several = len({row["organ"] for row in rows} - {POOLED}) > 1
    shown = [row for row in rows if several or row["organ"] != POOLED]
    shown.sort(key=lambda row: (row["generator_a"], row["generator_b"], row["organ"] != POOLED, row["organ"]))
    return [_difference(row) for row in shown]


def _difference(row: dict[str, Any]) -> DifferenceRow:
    known = row["p_value"] is not None
    return DifferenceRow(
        pair=f"{row['generator_a']} − {row['generator_b']}",
        organ="all organs" if row["organ"] == POOLED else row["organ"],
        points=_points(row["difference"]) if row["difference"] is not None else "",
        interval=f"{_points(row['ci_low'])} to {_points(row['ci_high'])}" if known else "",
        p=p_value(row["p_value"]) if known else "",
        reason=row["reason"] or "",
    )


def _points(fraction: float) -> str:
    return rounded(100 * fraction, 1).replace("-", "−")


def _hardest(difficulty: pd.DataFrame) -> list[HardCase]:
    """Return the cases taken wrongly by the greatest share of their readers, from the table `case_difficulty`."""
    wrong = difficulty[difficulty["n_wrong"] > 0].head(HARDEST)
    return [
        HardCase(
            case_id=row["case_id"],
            organ=row["organ"],
            truth=row["truth"],
            generator=row["generator"],
            n_wrong=int(row["n_wrong"]),
            n_unsure=int(row["n_unsure"]),
            n_readings=int(row["n_readers"]),
        )
        for row in wrong.to_dict("records")
    ]
