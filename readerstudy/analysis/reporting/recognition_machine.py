"""The readers of an organ-recognition study beside the radiomics machine that was asked for the same organs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.radiomics.question import EVERY, ORGAN
from readerstudy.analysis.recognition import Recognition
from readerstudy.analysis.reporting.numbers import percent
from readerstudy.analysis.reporting.recognition import ORIGIN_WORDS, Share, share

ORIGIN_OF = {EVERY: POOLED, "real": "real", "synthetic": "synthetic"}
READERS, MACHINE = "All readers", "Machine (radiomics)"


@dataclass(frozen=True)
class Compared:
    """One line: whose figures, of which cases; `n` answers or tumours; `organs` recall and precision of each organ."""

    origin: str
    who: str
    n: int
    macro: Share
    organs: list[tuple[Share, Share]]


def beside_machine(found: Recognition, result: Mapping[str, Any]) -> list[Compared]:
    """Return two lines, readers' and machine's, for each question that the machine was asked about these organs.

    Parameters
    ----------
    found : Recognition
    result : mapping
        What `radiomics.experiment.run_experiment` returned. Of its machines the tuned one counts, on tumours of
        patients whom it was not trained on.
    """
    lines = []
    for answer in result["questions"]:
        if answer["about"] == ORGAN and set(answer["names"]) == set(found.organs):
            lines += list(_pair(found, answer))
    return lines


def _pair(found: Recognition, answer: Mapping[str, Any]) -> Iterator[Compared]:
    origin = ORIGIN_OF[answer["among"]]
    pooled = found.pooled(origin)
    if not pooled:
        return
    words = ORIGIN_WORDS[origin]
    rows = found.by_organ[(found.by_organ["reader_id"] == POOLED) & (found.by_organ["origin"] == origin)]
    of_organ = {str(row["organ"]): row for row in rows.to_dict("records")}
    readers = [(share(of_organ[organ], "recall"), share(of_organ[organ], "precision")) for organ in found.organs]
    yield Compared(words, READERS, int(pooled["n_cases"]), share(pooled, "macro"), readers)
    test = answer["machines"]["tuned"]["test"]
    place = {name: n for n, name in enumerate(answer["names"])}
    machine = [
        (_of_class(test["classes"], place[organ], "recall"), _of_class(test["classes"], place[organ], "precision"))
        for organ in found.organs
    ]
    macro = _share(test["macro_recall"], test["macro_recall_low"], test["macro_recall_high"])
    yield Compared(words, MACHINE, answer["tumors"], macro, machine)


def _of_class(columns: Mapping[str, list[Any]], place: int, name: str) -> Share:
    return _share(*(columns[f"{name}{end}"][place] for end in ("", "_low", "_high")))


def _share(value: float | None, low: float | None, high: float | None) -> Share:
    if value is None:
        return Share()
    if low is None or high is None:
        return Share(percent(value))
    return Share(percent(value), f"{percent(max(low, 0))}–{percent(min(high, 1))}")
