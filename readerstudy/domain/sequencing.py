"""Drawing a reader's order: once, at invitation, stored, never shown as a rule."""

import hashlib

import numpy as np

from readerstudy.models.case import Case
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import Sequence, SequenceItem

ALGORITHM = "shuffle-1"


def draw_sequence(*, reader: Reader, seed: int) -> Sequence:
    """Store the order of one reader's cases: practice first, then all others in uniformly random order.

    The draw follows from the study's seed and the reader's code, over the cases in the order of their codes.
    """
    rng = np.random.default_rng([seed, *hashlib.sha256(reader.code.encode()).digest()])
    cases = list(Case.objects.filter(study=reader.study).order_by("code"))
    practice = [case for case in cases if case.practice]
    counted = [case for case in cases if not case.practice]
    ordered = [practice[n] for n in rng.permutation(len(practice))] + [
        counted[n] for n in rng.permutation(len(counted))
    ]
    sequence = Sequence.objects.create(reader=reader, algorithm=ALGORITHM)
    SequenceItem.objects.bulk_create(
        SequenceItem(sequence=sequence, position=position, case=case) for position, case in enumerate(ordered, start=1)
    )
    return sequence
