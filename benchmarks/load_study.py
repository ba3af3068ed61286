"""In a process of its own, with an installation's settings: make the study that is read under load, open it, check it.

python -m benchmarks.load_study draw CASES | open READERS | check
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import django

ORGANS = ("liver", "pancreas", "kidney")
PRACTICE = 2
SHAPE = (64, 64, 24)


def draw(cases: int) -> None:
    """Make patients, and a study of so many cases in two sittings, which the workers are rung for."""
    from readerstudy.domain.case_sets import start_generation
    from tests import factories

    dataset = factories.make_dataset("patients")
    per_arm = cases // (2 * len(ORGANS))
    for organ in ORGANS:
        for _ in range(per_arm + PRACTICE):
            for origin in ("real", "synthetic"):
                factories.make_scan(dataset, organ=organ, origin=origin, shape=SHAPE, organ_radius_mm=18)
    organs = [factories.organ_data(name=organ, real=per_arm, synthetic={"gan": per_arm}) for organ in ORGANS]
    for slug in ("read", "beside"):
        factories.make_draft(slug=slug, organs=organs, reading={"practice": PRACTICE, "sittings": 2})
    _start("read", start_generation)


def open_and_invite(readers: int) -> None:
    """Open the study; print its readers' links as JSON. The other study's cases are rung for: workers have work."""
    from readerstudy.domain.case_sets import start_generation
    from readerstudy.domain.enrolment import invite_reader
    from readerstudy.models.study import Study
    from tests import factories

    study = Study.objects.get(slug="read")
    factories.open_audited(study)
    links = [invite_reader(study=study, code=f"R{n:02}", actor="load") for n in range(1, readers + 1)]
    _start("beside", start_generation)
    print(json.dumps([link[link.index("/invitation/") :] for link in links]))


def _start(slug: str, start_generation: Any) -> None:
    from readerstudy.models.study import Study

    start_generation(study=Study.objects.get(slug=slug), actor="load")


def check() -> None:
    """Check every order by the tests' own rules; print what is stored, as JSON."""
    from readerstudy.domain.design import parse_design
    from readerstudy.domain.orders import Place
    from readerstudy.domain.sequencing import ordered_cases, rules
    from readerstudy.models.case import SlicePack
    from readerstudy.models.reader import Reader
    from readerstudy.models.reading import Reading
    from readerstudy.models.study import Study
    from tests.readerstudy.domain.order_checks import check_counterbalance, check_order

    study = Study.objects.get(slug="read")
    design = parse_design(study.design)
    cases = {case.key: case for case in ordered_cases(study)}
    orders = [
        [
            Place(cases[str(item.case_id)], int(item.sitting), item.repeat_index)
            for item in reader.sequence.items.order_by("position")
        ]
        for reader in Reader.objects.filter(study=study).order_by("code")
    ]
    for order in orders:
        check_order(order, list(cases.values()), rules(design))
    check_counterbalance(orders, rules(design))
    stored = Reading.objects.values_list(
        "item__sequence__reader__code", "item__token", "revision", "submission", "label"
    )
    print(
        json.dumps(
            {
                "orders": len(orders),
                "asked": sum(len(order) for order in orders),
                "readings": [
                    [code, token, revision, str(submission), label]
                    for code, token, revision, submission, label in stored
                ],
                "answered_in_order": _answered_in_order(study),
                "packs": Counter(SlicePack.objects.values_list("state", flat=True)),
            }
        )
    )


def _answered_in_order(study: Any) -> bool:
    """Return whether every reader's answers came in the order that was drawn."""
    from readerstudy.models.reading import Reading

    readings = Reading.objects.filter(item__sequence__reader__study=study).order_by("pk")
    positions: dict[int, list[int]] = {}
    for sequence, position in readings.values_list("item__sequence_id", "item__position"):
        positions.setdefault(sequence, []).append(position)
    return all(places == sorted(places) for places in positions.values())


if __name__ == "__main__":
    django.setup()
    {"draw": lambda: draw(int(sys.argv[2])), "open": lambda: open_and_invite(int(sys.argv[2])), "check": check}[
        sys.argv[1]
    ]()
