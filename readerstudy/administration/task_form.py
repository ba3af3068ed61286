"""What readers are asked, and what is shown of a case where it is the organ."""

from typing import Any

from django import forms

from readerstudy.domain.organ_task import ORGAN_TASK

CROP_FIELDS = ("side_mm", "spacing_mm", "surroundings", "margin_mm")
TASKS = [
    ("origin", "Real or synthetic: the visual Turing test"),
    ("organ", "In which organ: crops around the tumours"),
]
SURROUNDINGS = [
    ("kept", "Shown"),
    ("masked", "Masked: one gray beyond the margin"),
]
TOLD_OF_ORIGIN = "Some cases are real, some synthetic."
OF_ORIGIN_ALONE = {
    "reading": {"controls", "host_only", "attributes", "max_run"},
    "analysis": {"unsure_policy", "equivalence_margin"},
}
"""What the form does not show for organ recognition, which has no use for it."""

Sections = dict[str, dict[str, Any]]


class TaskForm(forms.Form):
    """The task, and the crops of organ recognition."""

    task = forms.ChoiceField(
        choices=TASKS,
        initial="origin",
        label="What readers are asked",
        help_text="In the second, readers name the organ; the answers are the organs included below, and unsure.",
    )
    side_mm = forms.FloatField(
        required=False,
        min_value=10,
        max_value=200,
        initial=60,
        label="Side of the cube (mm)",
        help_text="Cut out around the tumour; larger than the largest tumour.",
    )
    spacing_mm = forms.FloatField(
        required=False,
        min_value=0.4,
        max_value=5,
        initial=1,
        label="Spacing (mm)",
        help_text="Of slices and pixels, the same for every case, so that it can’t tell the organ.",
    )
    surroundings = forms.ChoiceField(
        required=False,
        choices=SURROUNDINGS,
        label="Around the tumour",
        help_text="Shown, the anatomy helps to tell the organ; masked, the tumour alone has to.",
    )
    margin_mm = forms.FloatField(
        required=False,
        min_value=0,
        max_value=50,
        initial=5,
        label="Margin (mm)",
        help_text="Around the tumour, where all else is masked.",
    )

    def of_task(self, sections: Sections) -> Sections:
        """Return the sections of a design that the task has, with what is left to its defaults left out."""
        if self.cleaned_data["task"] != ORGAN_TASK:
            return {section: part for section, part in sections.items() if section != "crop"}
        kept = {
            section: {name: value for name, value in part.items() if name not in OF_ORIGIN_ALONE.get(section, set())}
            for section, part in sections.items()
        }
        kept["crop"] = {name: value for name, value in kept["crop"].items() if value not in (None, "")}
        if kept["reading"]["told_prevalence"] == TOLD_OF_ORIGIN:
            del kept["reading"]["told_prevalence"]
        return kept
