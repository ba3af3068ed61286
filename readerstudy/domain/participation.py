"""Who and what counts in a study's figures: its written rule on readers who leave, and cases that were left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from readerstudy.domain.queries.readers import ReaderProgress, reader_progress
from readerstudy.domain.withdrawals import LEFT_OUT, dropout_rule
from readerstudy.models.case_exclusion import CaseExclusion
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.study import Study


@dataclass(frozen=True)
class Participation:
    """`incomplete` withdrew or did not finish; `rule` says whether they count."""

    rule: str
    n_readers: int
    incomplete: list[ReaderProgress]
    excluded: list[CaseExclusion]
    n_superseded: int

    @property
    def left_out(self) -> list[ReaderProgress]:
        return self.incomplete if self.rule == LEFT_OUT else []

    def sentences(self) -> list[str]:
        """Say what is not as in a study that all readers finished; nothing where there is nothing to say."""
        told = []
        if self.incomplete:
            who = "; ".join(_how_far(reader) for reader in self.incomplete)
            counted = "they are left out" if self.rule == LEFT_OUT else "what they read counts"
            told.append(
                f"{len(self.incomplete)} of {self.n_readers} readers withdrew or did not finish ({who}); by the "
                f"protocol's rule, {counted}."
            )
        if self.excluded:
            which = "; ".join(f"{exclusion.case.code}: {exclusion.reason}" for exclusion in self.excluded)
            told.append(
                f"{_count(len(self.excluded), 'case was', 'cases were')} left out for every reader while they read, "
                f"with a reason ({which})."
            )
        if self.n_superseded:
            told.append(
                f"{_count(self.n_superseded, 'reading was', 'readings were')} made in orders that were drawn anew "
                "afterwards; they are stored, and not counted."
            )
        return told

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "incomplete": [
                {"reader_id": one.reader.code, "read": one.done, "of": one.total, "withdrew": one.withdrawn}
                for one in self.incomplete
            ],
            "left_out": [one.reader.code for one in self.left_out],
            "excluded_cases": [{"case_id": one.case.code, "reason": one.reason} for one in self.excluded],
            "superseded_readings": self.n_superseded,
        }


def participation(study: Study) -> Participation:
    """Return who took part, and how; of a study read elsewhere that is not known."""
    readers = [] if study.read_elsewhere else [one for one in reader_progress(study) if _took_part(one)]
    superseded = Reading.objects.filter(item__sequence__former_reader__study=study, item__case__practice=False)
    return Participation(
        rule=dropout_rule(study),
        n_readers=len(readers),
        incomplete=[one for one in readers if one.withdrawn or not one.finished],
        excluded=list(CaseExclusion.objects.filter(case__study=study).select_related("case")),
        n_superseded=superseded.values("item").distinct().count(),
    )


def _took_part(reader: ReaderProgress) -> bool:
    return reader.done > 0 or reader.reader.accepted_at is not None


def left_out_readers(study: Study) -> list[Reader]:
    """Return the readers who do not count: none where the rule takes what was read."""
    return [one.reader for one in participation(study).left_out] if dropout_rule(study) == LEFT_OUT else []


def _how_far(reader: ReaderProgress) -> str:
    withdrew = ", withdrew" if reader.withdrawn else ""
    return f"{reader.reader.code} read {reader.done} of {reader.total}{withdrew}"


def _count(n: int, one: str, several: str) -> str:
    return f"{n} {one if n == 1 else several}"
