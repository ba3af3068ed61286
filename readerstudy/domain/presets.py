"""Designs to begin with, as files that `create_study` takes and the form is filled from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from readerstudy.domain.design import StudyDesign, load_design

FOLDER = Path(__file__).resolve().parent.parent / "presets"


@dataclass(frozen=True)
class Preset:
    name: str
    label: str
    says: str

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.toml"

    def design(self) -> StudyDesign:
        return load_design(self.path)


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("pixel2cancer", "Pixel2Cancer", "50 cases an organ, half of them real; invite 3 readers."),
        Preset("difftumor", "DiffTumor", "60 cases an organ, half of them real; invite 2 readers."),
        Preset("early-stage", "Early stage", "Tumours below 20 mm, two sittings four weeks apart, 15 hidden repeats."),
        Preset("organs", "Organ recognition", "In which organ is an early tumour? Masked crops, 40 cases an organ."),
    )
}
