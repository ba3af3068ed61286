"""What a study's readers answer with, and the rating that each answer stands for: higher = more surely real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readerstudy.domain.errors import DomainError
from readerstudy.models.vocabulary import Label


@dataclass(frozen=True)
class Choice:
    """One answer: its button, its key, and its rating where that does not depend on a confidence.

    `direction` is the sign that a confidence counts with: 1 for real, -1 for synthetic, 0 where none is asked.
    """

    label: Label
    name: str
    key: str
    rating: int | None = None
    direction: int = 0


@dataclass(frozen=True)
class Confidence:
    level: int
    name: str
    key: str


@dataclass(frozen=True)
class AnswerScale:
    choices: tuple[Choice, ...]
    confidences: tuple[Confidence, ...] = ()

    def rate(self, *, label: object, rating: object, confidence: object) -> tuple[Label, int | None]:
        """Return an answer's label and rating.

        Raises
        ------
        DomainError
            If it is no answer of this scale.
        """
        choice = next((one for one in self.choices if one.label == label and _same(one.rating, rating)), None)
        if choice is None:
            raise DomainError(self._refusal(label))
        if not (self.confidences and choice.direction):
            if confidence is not None:
                raise DomainError(f"confidence is not asked for the answer {choice.label}.")
            return choice.label, choice.rating
        level = next((one.level for one in self.confidences if _same(one.level, confidence)), None)
        if level is None:
            raise DomainError(f"confidence must be one of {_listed(one.level for one in self.confidences)}.")
        return choice.label, choice.direction * level

    def _refusal(self, label: object) -> str:
        labels = list(dict.fromkeys(choice.label for choice in self.choices))
        if label not in labels:
            return f"label must be one of {_listed(labels)}."
        ratings = [choice.rating for choice in self.choices if choice.label == label]
        wanted = "left out" if ratings == [None] else f"one of {_listed(ratings)}"
        return f"rating of the answer {label} must be {wanted}."


REAL = Choice(Label.REAL, "Real", "R")
SYNTHETIC = Choice(Label.SYNTHETIC, "Synthetic", "S")
UNSURE = Choice(Label.UNSURE, "Unsure", "U")
NOT_SEEN = Choice(Label.NOT_SEEN, "No tumour seen", "O")

SCALES = {
    "label": AnswerScale((REAL, SYNTHETIC, UNSURE)),
    "label+confidence": AnswerScale(
        (
            Choice(Label.REAL, "Real", "R", direction=1),
            Choice(Label.SYNTHETIC, "Synthetic", "S", direction=-1),
            Choice(Label.UNSURE, "Unsure", "U", rating=0),
        ),
        (Confidence(1, "Slightly", "Q"), Confidence(2, "Fairly", "W"), Confidence(3, "Very", "E")),
    ),
    "rating-6": AnswerScale(
        (
            Choice(Label.SYNTHETIC, "Definitely synthetic", "Q", rating=1),
            Choice(Label.SYNTHETIC, "Probably synthetic", "W", rating=2),
            Choice(Label.SYNTHETIC, "Possibly synthetic", "E", rating=3),
            Choice(Label.REAL, "Possibly real", "R", rating=4),
            Choice(Label.REAL, "Probably real", "T", rating=5),
            Choice(Label.REAL, "Definitely real", "Y", rating=6),
        )
    ),
}


def answer_scale(reading: Mapping[str, Any]) -> AnswerScale:
    """Return the scale that the `reading` part of a design asks for."""
    scale = SCALES[reading["response"]]
    if reading["lesion_cue"] == "none":
        return AnswerScale((*scale.choices, NOT_SEEN), scale.confidences)
    return scale


def _same(wanted: int | None, given: object) -> bool:
    return type(given) is type(wanted) and given == wanted  # True is no 1


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values)
