"""What the audit looks at."""

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """The three places where the arms may differ by anything but the tumour's look."""

    NON_PIXEL = "non-pixel"
    SURROUNDINGS = "outside the tumour"
    TUMOR = "tumour size, place and number"


@dataclass(frozen=True)
class Feature:
    """One number measured of every case; `words` names it in a sentence, with its unit."""

    name: str
    part: Part
    words: str
