"""What pages and reports say of an organ-recognition study: one sentence first, then limits and tables, all as text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.recognition import ORIGINS, UNSURE, Recognition
from readerstudy.analysis.reporting.agreement_table import MEASURES
from readerstudy.analysis.reporting.numbers import p_value, percent, rounded
from readerstudy.analysis.reporting.order import natural

ORIGIN_WORDS = {POOLED: "All cases", "real": "Real tumours", "synthetic": "Synthetic tumours"}
OPEN, TOLD = "open", "told"  # tones of the headline: as guessing gives, or not
NO_INTERVAL = "Answers do not vary over readers and patients, so there is no interval, and nothing to conclude."
FEW_READERS = 5
MANY_UNSURE = 0.2
UNEQUAL = 1.2  # the largest organ's cases over the smallest's


@dataclass(frozen=True)
class Share:
    """A proportion as text: percent, interval, and what it is of; all empty where it is not estimable."""

    percent: str = ""
    interval: str = ""
    fraction: str = ""


@dataclass(frozen=True)
class MatrixRow:
    """One organ's cases: how many got each answer, and what share of them that is (0 to 1, for shading)."""

    organ: str
    cells: list[tuple[int, float, bool]]
    total: int


@dataclass(frozen=True)
class Matrix:
    origin: str
    answers: list[str]
    rows: list[MatrixRow]


@dataclass(frozen=True)
class OrganCells:
    recall: Share
    precision: Share
    n_unsure: int


@dataclass(frozen=True)
class OrganRow:
    """One reader's recall and precision, an entry for each organ."""

    reader: str
    is_pooled: bool
    cells: list[OrganCells]


@dataclass(frozen=True)
class ReaderRow:
    """One reader, all organs together; `p` and `test` against guessing, `kappa` with the truth."""

    reader: str
    is_pooled: bool
    n_cases: int
    n_unsure: int
    macro: Share
    micro: Share
    of_all: str
    p: str
    kappa: str
    kappa_interval: str


@dataclass(frozen=True)
class OriginTables:
    """What is shown of all cases, of the real or of the synthetic ones."""

    origin: str
    words: str
    organs: list[OrganRow]
    readers: list[ReaderRow]


@dataclass(frozen=True)
class AgreementRow:
    measure: str
    value: str
    interval: str
    observed: str
    n_cases: int
    reason: str


@dataclass(frozen=True)
class RepeatRow:
    reader: str
    value: str
    interval: str
    observed: str
    n_cases: int
    n_changed: int
    reason: str


@dataclass(frozen=True)
class RecognitionFindings:
    headline: str
    verdict: str
    tone: str
    origins: list[str]
    limits: list[str]
    organs: list[str]
    matrices: list[Matrix]
    tables: list[OriginTables]
    agreement: list[AgreementRow]
    repeats: list[RepeatRow]
    confidence: str
    chance: str
    n_readers: int
    n_cases: int
    n_readings: int


def find_recognition(found: Recognition, readings: pd.DataFrame, *, alpha: float) -> RecognitionFindings:
    """Return everything that is said of an organ-recognition study's readings."""
    confidence = f"{100 * (1 - alpha):g} %"
    headline, verdict, tone = _headline(found, confidence)
    present = [origin for origin in ORIGINS if found.pooled(origin)]
    if len(present) == 2:  # all of them, and the one kind that there is: the same
        present = [POOLED]
    return RecognitionFindings(
        headline=headline,
        verdict=verdict,
        tone=tone,
        origins=[_of_origin(found, origin) for origin in present[1:]],
        limits=list(_limits(found, readings)),
        organs=list(found.organs),
        matrices=[_matrix(found, origin) for origin in present],
        tables=[_tables(found, origin) for origin in present],
        agreement=_agreement(found.agreement),
        repeats=[_repeat(row) for row in found.repeats.to_dict("records")],
        confidence=confidence,
        chance=percent(1 / len(found.organs)),
        n_readers=found.n_readers,
        n_cases=found.n_cases,
        n_readings=found.n_readings,
    )


def _headline(found: Recognition, confidence: str) -> tuple[str, str, str]:
    pooled = found.pooled()
    k = len(found.organs)
    chance = f"guessing among {k} organs gives {percent(1 / k)} %"
    if not pooled or pd.isna(pooled["macro"]):
        return f"Not every organ was named of some case, so no accuracy can be given; {chance}.", "", OPEN
    macro, low, high = (float(pooled[name]) for name in ("macro", "macro_low", "macro_high"))
    if pd.isna(low):
        return f"{percent(macro)} % of the tumours' organs were named right; {chance}.", NO_INTERVAL, OPEN
    who = "One reader" if found.n_readers == 1 else f"{found.n_readers} readers"
    sentence = (
        f"{who} named the organ of {percent(macro)} % of the tumours right (mean of the organs, {confidence} interval "
        f"{percent(low)}–{percent(high)} %); {chance}."
    )
    if low > 1 / k:
        return sentence, "They told the organs apart better than by guessing.", TOLD
    if high < 1 / k:
        return sentence, "They named the right organ less often than by guessing.", TOLD
    return (
        sentence,
        f"That is what guessing would give, and so would readers who are right in up to {percent(high)} %: it does not "
        "show that nothing tells the organs apart.",
        OPEN,
    )


def _of_origin(found: Recognition, origin: str) -> str:
    pooled = found.pooled(origin)
    found_share = share(pooled, "macro")
    if not found_share.percent:
        return f"{ORIGIN_WORDS[origin]}: not estimable, since of some organ no answer named one."
    interval = f" ({found_share.interval} %)" if found_share.interval else ""
    return f"{ORIGIN_WORDS[origin]}: {found_share.percent} %{interval}."


def _limits(found: Recognition, readings: pd.DataFrame) -> Iterator[str]:
    if 0 < found.n_readers < FEW_READERS:
        who = "One reader stands" if found.n_readers == 1 else f"{found.n_readers} readers stand"
        yield f"{who} for few others: with fewer than five, the intervals of all readers are too narrow."
    pooled = found.pooled()
    if pooled and pooled["n_cases"] and pooled["n_unsure"] / pooled["n_cases"] > MANY_UNSURE:
        yield (
            f"{percent(pooled['n_unsure'] / pooled['n_cases'])} % of the answers were unsure and are left out of "
            "recall, precision and accuracy; with them counted as not recognised, readers were right in "
            f"{percent(pooled['of_all'])} %."
        )
    counts = readings.drop_duplicates("case_id")["organ"].value_counts()
    if len(counts) > 1 and counts.max() > UNEQUAL * counts.min():
        most = str(counts.idxmax())
        yield (
            f"The organs have unequal numbers of cases: a reader who always says {most} is right in "
            f"{percent(counts.max() / counts.sum())} %. Go by recall, the mean of the organs and kappa, not by the "
            "share of all answers and its test."
        )
    if found.n_patients_with_several_cases:
        yield (
            f"{found.n_patients_with_several_cases} patients or hosts show several cases: each reader's own intervals "
            "and tests take cases as independent and are too narrow; those of all readers draw patients whole."
        )


def _matrix(found: Recognition, origin: str) -> Matrix:
    rows = found.confusion[(found.confusion["reader_id"] == POOLED) & (found.confusion["origin"] == origin)]
    answers = [*found.organs, UNSURE]
    counts = {(str(row["organ"]), str(row["answer"])): int(row["n"]) for row in rows.to_dict("records")}
    table = []
    for organ in found.organs:
        numbers = [counts[organ, answer] for answer in answers]
        total = sum(numbers)
        cells = [
            (n, round(n / total, 3) if total else 0.0, answer == organ)
            for n, answer in zip(numbers, answers, strict=True)
        ]
        table.append(MatrixRow(organ, cells, total))
    return Matrix(ORIGIN_WORDS[origin], answers, table)


def _tables(found: Recognition, origin: str) -> OriginTables:
    by_organ = found.by_organ[found.by_organ["origin"] == origin]
    by_reader = found.by_reader[found.by_reader["origin"] == origin]
    readers = sorted({str(name) for name in by_reader["reader_id"]} - {POOLED}, key=natural)
    return OriginTables(
        origin=origin,
        words=ORIGIN_WORDS[origin],
        organs=[_organ_row(by_organ, reader, found.organs) for reader in [*readers, POOLED]],
        readers=[_reader_row(by_reader, reader) for reader in [*readers, POOLED]],
    )


def _organ_row(table: pd.DataFrame, reader: str, organs: Sequence[str]) -> OrganRow:
    rows = table[table["reader_id"] == reader].set_index("organ")
    cells = []
    for organ in organs:
        row = {str(name): value for name, value in rows.loc[organ].to_dict().items()}
        answered = int(row["n_cases"] - row["n_unsure"])
        cells.append(
            OrganCells(
                recall=share(row, "recall", f"{int(row['n_right'])}/{answered}"),
                precision=share(row, "precision", f"{int(row['n_right'])}/{int(row['n_called'])}"),
                n_unsure=int(row["n_unsure"]),
            )
        )
    return OrganRow(reader, reader == POOLED, cells)


def _reader_row(table: pd.DataFrame, reader: str) -> ReaderRow:
    row = {str(name): value for name, value in table[table["reader_id"] == reader].iloc[0].to_dict().items()}
    answered = int(row["n_cases"] - row["n_unsure"])
    return ReaderRow(
        reader=reader,
        is_pooled=reader == POOLED,
        n_cases=int(row["n_cases"]),
        n_unsure=int(row["n_unsure"]),
        macro=share(row, "macro"),
        micro=share(row, "micro", f"{int(row['n_right'])}/{answered}"),
        of_all="" if pd.isna(row["of_all"]) else percent(row["of_all"]),
        p="" if pd.isna(row["binomial_p"]) else p_value(row["binomial_p"]),
        kappa="" if pd.isna(row["kappa"]) else rounded(row["kappa"], 2),
        kappa_interval=_interval(row["kappa_low"], row["kappa_high"]),
    )


def share(row: Mapping[Any, Any], name: str, fraction: str = "") -> Share:
    """Return a row's figure of that name with its interval."""
    if pd.isna(row[name]):
        return Share(fraction=fraction)
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    interval = "" if pd.isna(low) else f"{percent(max(low, 0))}–{percent(min(high, 1))}"
    return Share(percent(row[name]), interval, fraction)


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return ""
    return f"{rounded(low, 2)} to {rounded(high, 2)}"


def _agreement(table: pd.DataFrame) -> list[AgreementRow]:
    rows = table[(table["origin"] == POOLED) & (table["n_readers"] > 1)]
    by_measure = {str(row["measure"]): row for row in rows.to_dict("records")}
    return [
        AgreementRow(words, *_coefficient(by_measure[measure]), reason=str(by_measure[measure]["reason"] or ""))
        for measure, words in MEASURES.items()
        if measure in by_measure
    ]


def _repeat(row: Mapping[Any, Any]) -> RepeatRow:
    value, interval, observed, n_cases = _coefficient(row)
    return RepeatRow(
        str(row["reader_id"]), value, interval, observed, n_cases, int(row["n_changed"]), str(row["reason"] or "")
    )


def _coefficient(row: Mapping[Any, Any]) -> tuple[str, str, str, int]:
    value = "" if pd.isna(row["value"]) else rounded(row["value"], 2)
    observed = "" if pd.isna(row["observed"]) else f"{percent(row['observed'])} %"
    return value, _interval(row["ci_low"], row["ci_high"]), observed, int(row["n_cases"])
