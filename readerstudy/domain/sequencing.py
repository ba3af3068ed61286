"""Drawing a reader's order: once, at invitation, stored, never shown as a rule. `orders` holds the rules."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Count

from readerstudy.domain.case_plan import PlannedCase
from readerstudy.domain.design import StudyDesign, parse_design
from readerstudy.domain.orders import OrderedCase, Rules, draw_order
from readerstudy.domain.persons import persons
from readerstudy.models.case import Case
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.study import Study


def draw_sequence(*, reader: Reader, draw: int = 1, rotation: int | None = None) -> Sequence:
    """Draw and store the order of one reader's readings.

    It follows from the study's design, the reader's code, how many orders they had before (`draw`) and the number of
    readers before (`rotation`, counted where it is not given), over the cases in the order of their codes. The caller
    is inside a transaction: of two readers invited at once, one waits.

    Raises
    ------
    DomainError
        If the design's rules can't be kept with the study's cases.
    """
    study = Study.objects.select_for_update().get(pk=reader.study_id)
    design = parse_design(study.design)
    if rotation is None:
        rotation = Sequence.objects.filter(reader__study=study).count()
    drawn_for = reader.code if draw == 1 else f"{reader.code} draw {draw}"  # no code has a blank
    asked = rules(design)
    order = draw_order(ordered_cases(study), asked, seed=design.seed, reader_code=drawn_for, rotation=rotation)
    sequence = Sequence.objects.create(reader=reader, algorithm=asked.algorithm, rotation=rotation, draw=draw)
    SequenceItem.objects.bulk_create(
        SequenceItem(
            sequence=sequence,
            position=position,
            case_id=UUID(place.case.key),
            sitting=str(place.sitting),
            repeat_index=place.repeat_index,
        )
        for position, place in enumerate(order, start=1)
    )
    return sequence


def rehearse(design: StudyDesign, planned: Iterable[PlannedCase]) -> None:
    """Draw an order of every rotation for planned cases, so that a design whose rules can't be kept is refused early.

    Raises
    ------
    DomainError
        If they can't.
    """
    person = persons()
    cases = [
        OrderedCase(
            key=str(n),
            organ=plan.slot.organ.name,
            is_real=not plan.slot.generator,
            person=person[plan.scan.volume.patient_key],
            practice=plan.slot.practice,
            control=plan.slot.control,
            host_only=plan.slot.host_only,
            generator=plan.slot.generator,
        )
        for n, plan in enumerate(planned)
    ]
    for rotation in range(design.reading.sittings * design.n_blocks):
        draw_order(cases, rules(design), seed=design.seed, reader_code="", rotation=rotation)


def rules(design: StudyDesign) -> Rules:
    reading = design.reading
    return Rules(
        sittings=reading.sittings,
        repeats=reading.repeats,
        max_run=reading.max_run,
        cases_per_reader=reading.cases_per_reader,
        anchors=reading.anchors,
        may_meet=design.matching.same_patient == "allowed",
    )


def shared_codes(study: Study) -> set[str]:
    """Return the codes of the cases that every reader was asked to read; empty where each was asked to read all."""
    if study.read_elsewhere or not parse_design(study.design).reading.cases_per_reader:
        return set()
    items = SequenceItem.objects.filter(sequence__reader__study=study, repeat_index=0, case__practice=False)
    asked = items.values_list("case__code").annotate(readers=Count("sequence")).order_by()
    readers = Sequence.objects.filter(reader__study=study).count()
    return {code for code, count in asked if count == readers}


def ordered_cases(study: Study) -> list[OrderedCase]:
    """Return the study's cases as the rules of an order look at them."""
    person = persons()
    truths = {
        truth.case_id: truth for truth in GroundTruth.objects.filter(case__study=study).select_related("source__volume")
    }
    cases = []
    for case in Case.objects.filter(study=study).order_by("code"):
        truth = truths[case.pk]
        patient = truth.source.volume.patient_key if truth.source else ""
        cases.append(
            OrderedCase(
                key=str(case.pk),
                organ=case.organ,
                is_real=truth.truth == GroundTruth.Truth.REAL,
                person=person.get(patient, case.code),
                practice=case.practice,
                control=truth.control,
                host_only=case.host_only,
                generator=truth.generator,
            )
        )
    return cases
