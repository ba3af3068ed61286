"""A reader at work: where they are and what they may see. `answers` records what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.answer_scale import answer_scale, asked_of
from readerstudy.domain.blinding import case_payload, how_shown
from readerstudy.domain.errors import DomainError, UnknownCaseError
from readerstudy.domain.organ_task import answerable_organs, is_masked
from readerstudy.domain.pace import expected_time, left_of_sitting
from readerstudy.domain.realism import attributes_asked
from readerstudy.domain.revisiting import changeable_item, earlier_cases
from readerstudy.domain.sittings import UNTIL_SITTING_ENDS, awaits_end, has_begun, items_of
from readerstudy.domain.store import get_store
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study

STAND_IN_NOTICE = "Demonstration: the “real” tumours of this study are stand-ins, not patients' tumours."


class NotOpenError(DomainError):
    """The study is not open for reading."""


def begin_reading(*, reader: Reader) -> None:
    """Note that the reader has left the instructions."""
    with transaction.atomic():
        if Reader.objects.filter(pk=reader.pk, instructed_at=None).update(instructed_at=timezone.now()):
            audit.record(actor=reader, action="begin reading", study=reader.study)


def current_state(*, reader: Reader) -> dict[str, Any]:
    """Return what the reading page shows: this case, the next one to fetch ahead, and the progress."""
    require_open(reader)
    return _state(reader, open_next(reader=reader))


def _state(reader: Reader, open_items: list[SequenceItem]) -> dict[str, Any]:
    """Return the state of a reader who is shown these cases."""
    items, earlier = items_of(reader), _earlier(reader)
    if not open_items:
        return {"done": not awaits_end(reader), **earlier, "progress": _progress(items, None)}
    current, shown = open_items[0], how_shown(reader.study.design)
    return {
        "done": False,
        **earlier,
        "case": case_payload(current, **shown).to_json(),
        "next": case_payload(open_items[1], **shown).to_json() if len(open_items) > 1 else None,
        "progress": _progress(items, current),
    }


def _earlier(reader: Reader) -> dict[str, Any]:
    can_go_back = reader.study.design["reading"]["change_answers"] == UNTIL_SITTING_ENDS
    return {"earlier": earlier_cases(reader)} if can_go_back else {}


def open_next(*, reader: Reader) -> list[SequenceItem]:
    """Note that the reader is shown the next case, if there is one in the sitting; return it and the one after."""
    shown = _shown(reader)
    for item in shown[:1]:
        _open(item)
    return shown


def _open(item: SequenceItem) -> None:
    if item.opened_at is None:  # an update that finds nothing to do would wait for its turn all the same
        SequenceItem.objects.filter(pk=item.pk, opened_at=None).update(opened_at=timezone.now())


def state_after(*, reader: Reader, shown: list[SequenceItem] | None = None) -> dict[str, Any]:
    """Return where the reader goes after an answer; a study closed meanwhile has nothing more to show.

    `shown` is what `open_next` returned; without it, it is looked up.
    """
    try:
        require_open(reader)
        return current_state(reader=reader) if shown is None else _state(reader, shown)
    except NotOpenError as error:
        return {"done": True, "message": str(error)}


@dataclass(frozen=True)
class CaseSlices:
    """Where the slices lie of a case that a reader may see now."""

    file: StoredFile
    offsets: Sequence[int]

    def read(self, number: int) -> bytes:
        """Return one gzip member."""
        if not 0 <= number < len(self.offsets) - 1:
            raise UnknownCaseError("There is no such slice.")
        return get_store().read_range(self.file, *self.offsets[number : number + 2])


def find_slices(*, reader: Reader, token: str) -> CaseSlices:
    """Return the slices of a case that the reader is at, will be at next, or may still change the answer of."""
    require_open(reader)
    item = next((item for item in _shown(reader) if item.token == token), None) or changeable_item(reader, token)
    if item is None:
        raise UnknownCaseError("There is no such slice.")
    return CaseSlices(item.case.pack.ready_file, item.case.pack.offsets)


def _shown(reader: Reader) -> list[SequenceItem]:
    """Return the case that the reader is at, and the one to fetch ahead; none of a sitting that was not begun."""
    unanswered = items_of(reader).filter(readings=None).select_related("sequence", "case__pack__file")
    return [item for item in unanswered[:2] if has_begun(item)]


def _progress(items: QuerySet[SequenceItem], current: SequenceItem | None) -> dict[str, Any]:
    """Count within practice, or within the sitting's cases that count: "7/24" never tells more than the place."""
    practice = current is not None and current.case.practice
    counted = items.filter(case__practice=practice)
    if current:
        counted = counted.filter(sitting=current.sitting)
    upto = Q(position__lte=current.position) if current else Q()
    numbers = counted.order_by().aggregate(total=Count("pk"), position=Count("pk", filter=upto))
    position, total = numbers["position"], numbers["total"]
    minutes_left = None if practice or current is None else left_of_sitting(current, total - position + 1)
    return {"position": position, "total": total, "practice": practice, "minutes_left": minutes_left}


def shown_item(reader: Reader, token: str) -> SequenceItem | None:
    """Return the reader's case by that token, if it was shown; also one that was left out since."""
    items = SequenceItem.objects.filter(sequence__reader=reader, token=token, opened_at__isnull=False)
    return items.select_related("case__pack").first()


def has_finished(*, reader: Reader) -> bool:
    """Return whether every case of every sitting has its answer, and the last sitting is ended; opens none.

    Raises
    ------
    NotOpenError
        If the study is not open.
    """
    require_open(reader)
    return not items_of(reader).filter(readings=None).exists() and not awaits_end(reader)


def require_open(reader: Reader) -> None:
    state = reader.study.state
    if reader.withdrawn_at:
        raise NotOpenError("You have withdrawn from this study.")
    if state == Study.State.CLOSED:
        raise NotOpenError("This study is closed. Thank you for your time.")
    if state != Study.State.OPEN:
        raise NotOpenError("This study is not open for reading.")


def outline(*, reader: Reader) -> dict[str, Any]:
    """Return what the pages around the viewer say: the study's title, who reads, what readers are told."""
    reading = reader.study.design["reading"]
    return {
        "study_title": reader.study.title,
        "reader_code": reader.code,
        "told_prevalence": reading["told_prevalence"],
        "response": reading["response"],
        "scale": answer_scale(asked_of(reader.study.design)),
        "organs": answerable_organs(reader.study.design),
        "masked": is_masked(reader.study.design),
        "lesion_cue": reading["lesion_cue"],
        "attributes": attributes_asked(reading),
        "practice_feedback": reading["practice_feedback"],
        "can_go_back": reading["change_answers"] == UNTIL_SITTING_ENDS,
        "comments": reading["comments"],
        "rationale_mark": reading["rationale_mark"],
        "host_only": bool(reading.get("host_only")),
        "sittings": reading["sittings"],
        "washout_days": reading["washout_days"],
        "begun": reader.instructed_at is not None,
        "stand_in_notice": STAND_IN_NOTICE if reader.study.design["stand_ins_allowed"] else "",
    }


def extent(*, reader: Reader) -> dict[str, Any]:
    """Return how many cases the reader has, practice apart, and how long they are expected to take."""
    items = items_of(reader)
    practice = items.filter(case__practice=True).count()
    total = items.count() - practice
    expected = expected_time(study=reader.study, n_cases=total)
    return {"n_cases": total, "n_practice": practice, "expected": expected}
