"""What a study's readers answer with, and the rating that each answer stands for: higher = more surely real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readerstudy.domain.errors import DomainError
from readerstudy.domain.organ_task import answerable_organs
from readerstudy.models.vocabulary import Label


@dataclass(frozen=True)
class Choice:
    """One answer: its button, its key, and its rating where that does not depend on a confidence.

    `direction` is the sign that a confidence counts with: 1 for real and for an organ, -1 for synthetic, 0 where none
    is asked.
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


ORGAN_KEYS = {Label.LIVER: "R", Label.PANCREAS: "T", Label.KIDNEY: "Y"}  # beside U for unsure; the viewer has L, P, K


def asked_of(design: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a stored design asks with each case: its `reading` part, and the `organs` that can be answered."""
    return {**design["reading"], "organs": answerable_organs(design)}


def answer_scale(asked: Mapping[str, Any]) -> AnswerScale:
    """Return the scale that the `reading` part of a design asks for, of organs where `asked` names them."""
    scale = SCALES[asked["response"]]
    if asked.get("organs"):
        return _organ_scale(scale, asked["organs"])
    if asked["lesion_cue"] == "none":
        return AnswerScale((*scale.choices, NOT_SEEN), scale.confidences)
    return scale


def _organ_scale(scale: AnswerScale, organs: Sequence[str]) -> AnswerScale:
    """Return a scale of organs that asks for confidence as `scale` does: 1 to 3 in the organ, 0 for unsure."""
    direction = 1 if scale.confidences else 0
    named = [Choice(Label(name), name.capitalize(), ORGAN_KEYS[Label(name)], direction=direction) for name in organs]
    unsure = next(choice for choice in scale.choices if choice.label == Label.UNSURE)
    return AnswerScale((*named, unsure), scale.confidences)


def _same(wanted: int | None, given: object) -> bool:
    return type(given) is type(wanted) and given == wanted  # True is no 1


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values)
