"""How long reading takes, by what was read so far or else by a plan: of all cases alike, so that it tells nothing."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from django.db.models import QuerySet

from readerstudy.models.reading import Reading
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study

PLANNED_MS = 60_000  # a case, where nothing is known
FEWEST = 10  # answers that an expectation is made of
FEWEST_OWN = 5
LATEST = 500  # answers that are looked at
STEP = 5  # minutes


@dataclass(frozen=True)
class ExpectedTime:
    minutes: int
    from_answers: bool
    """Whether it is the pace of this study's readers so far, or a plan."""


def expected_time(*, study: Study, n_cases: int) -> ExpectedTime:
    """Return how long all cases take at the median pace of the study's latest answers, practice among them."""
    times = _latest_times(Reading.objects.filter(item__case__study=study))
    enough = len(times) >= FEWEST
    return ExpectedTime(_minutes(n_cases, median(times) if enough else PLANNED_MS), enough)


def left_of_sitting(item: SequenceItem, n_cases: int) -> int | None:
    """Return the minutes that so many cases take at the reader's own pace; None until it shows."""
    times = _latest_times(Reading.objects.filter(item__sequence=item.sequence_id))
    return _minutes(n_cases, median(times)) if len(times) >= FEWEST_OWN else None


def _latest_times(readings: QuerySet[Reading]) -> list[int]:
    times = readings.exclude(active_ms=None).order_by("-pk").values_list("active_ms", flat=True)[:LATEST]
    return [time for time in times if time is not None]


def _minutes(n_cases: int, case_ms: float) -> int:
    return max(STEP, STEP * round(n_cases * case_ms / 60_000 / STEP))
