"""What study staff type in. Whether a design makes sense is the domain's question, not these forms'."""

from __future__ import annotations

import secrets
import tomllib
from typing import Any, cast

from django import forms
from django.http import QueryDict

from readerstudy.administration.task_form import CROP_FIELDS, TOLD_OF_ORIGIN, TaskForm
from readerstudy.analysis.reporting.plan import Wish
from readerstudy.domain.case_plan import method_names
from readerstudy.domain.design import OrganDesign, StudyDesign
from readerstudy.domain.eligibility import CRITERIA, ELIGIBILITY
from readerstudy.domain.queries.datasets import OrganSources
from readerstudy.domain.realism import ATTRIBUTES
from readerstudy.models.vocabulary import Origin

MAX_DESIGN_BYTES = 100_000
RESPONSES = [
    ("label", "Real, synthetic or unsure"),
    ("label+confidence", "The same, and how sure: slightly, fairly, very"),
    ("rating-6", "Six steps from definitely synthetic to definitely real"),
]
LESION_CUES = [
    ("slice", "Cases open at a slice through it"),
    ("marker", "They open there, and a marker points to it"),
    ("none", "Not shown: readers look for it"),
]
MATCHED = [
    ("diameter", "Diameter"),
    ("lesions", "Number of lesions"),
    ("spacing", "Spacing of slices and pixels"),
    ("phase", "Contrast phase"),
    ("dataset", "Data set"),
    ("region", "Part of the organ"),
]
ATTRIBUTES_ASKED = [(one.name, one.asks) for one in ATTRIBUTES.values()]
CHANGES = [
    ("until-next", "Until it is submitted"),
    ("until-sitting-ends", "Until the sitting is ended: readers can go back within it"),
]
SAME_PATIENT = [
    ("never", "One case of a patient"),
    ("other-sitting", "Several, in different sittings, where patients are too few"),
    ("allowed", "Several, far apart, where patients are too few"),
]
DROPOUTS = [
    ("as-read", "Count as far as they read"),
    ("left-out", "Are left out"),
]
UNSURE_POLICIES = [
    ("middle", "A step between synthetic and real"),
    ("exclude", "Left out, as in the published tables"),
]
SECTIONS = {
    "crop": CROP_FIELDS,
    "matching": ("on", "same_patient"),
    "reading": (
        "practice",
        "controls",
        "host_only",
        "told_prevalence",
        "response",
        "lesion_cue",
        "comments",
        "rationale_mark",
        "attributes",
        "practice_feedback",
        "change_answers",
        "sittings",
        "washout_days",
        "repeats",
        "max_run",
        "cases_per_reader",
        "anchors",
        "consent",
        "debrief",
    ),
    "gallery": ("eligibility", "criteria", "max_rejected"),
    "analysis": ("dropouts", "unsure_policy", "equivalence_margin", "alpha"),
}


class LinesField(forms.CharField):
    """A list, a line each; empty lines are left out."""

    widget = forms.Textarea(attrs={"rows": 5})

    def prepare_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else "\n".join(value)

    def clean(self, value: Any) -> Any:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


def _new_seed() -> int:
    return secrets.randbelow(2**31)


class StudyForm(TaskForm):
    """The part of a design that is the same for all organs."""

    title = forms.CharField(max_length=200, help_text="Readers see it.")
    slug = forms.RegexField(
        r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=80,
        label="Short name",
        help_text="Part of addresses and file names, such as liver-2026; it cannot be changed later.",
        error_messages={"invalid": "Use small letters, digits and single hyphens, such as liver-2026."},
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        initial=_new_seed,
        help_text="Of the selection of cases, of the synthesis and of the reading orders.",
    )
    practice = forms.IntegerField(
        min_value=0,
        max_value=50,
        initial=3,
        label="Practice cases",
        help_text="Read first, never counted; of patients that no case uses, first from data sets that no case uses.",
    )
    controls = forms.IntegerField(
        min_value=0,
        initial=0,
        label="Positive controls",
        help_text="Deliberately poor synthetic cases among the others, counted apart: readers who look must find them.",
    )
    host_only = forms.IntegerField(
        min_value=0,
        initial=0,
        label="Host-only control",
        help_text="Cases with the tumour hidden behind a gray ball, half of them real, of patients of their own, "
        "counted apart: whoever guesses the arm there has found a tell.",
    )
    told_prevalence = forms.CharField(
        max_length=500,
        initial=TOLD_OF_ORIGIN,
        label="What readers are told",
        help_text="About how many cases are real, or of each organ. Shown to readers and exported.",
    )
    response = forms.ChoiceField(
        choices=RESPONSES,
        label="Answers",
        help_text="Confidence and the six steps give ratings, and with them the area under the ROC curve. For the "
        "organ, the first two stand for the organs and unsure; six steps there are none.",
    )
    lesion_cue = forms.ChoiceField(
        choices=LESION_CUES,
        label="Where the tumour is",
        help_text="The same in both arms. Where nothing is shown, readers may answer “no tumour seen”, counted apart.",
    )
    comments = forms.BooleanField(
        required=False, label="Ask for comments", help_text="A text beside each answer, if the reader has one to make."
    )
    rationale_mark = forms.BooleanField(
        required=False,
        label="Ask what gave it away",
        help_text="Readers may mark one place in the image; it is exported in the CT’s millimetres.",
    )
    attributes = forms.MultipleChoiceField(
        required=False,
        choices=ATTRIBUTES_ASKED,
        widget=forms.CheckboxSelectMultiple,
        label="Ask how real it looks, from 1 to 5",
        help_text="With each answer, all that are ticked; exported, and compared between the arms after closing.",
    )
    practice_feedback = forms.BooleanField(
        required=False,
        label="Tell readers the truth of practice cases",
        help_text="After each one. It teaches what to look for and changes how all later cases are read (Higaki 2022): "
        "without it, readers are as naive as a reviewer assumes.",
    )
    change_answers = forms.ChoiceField(
        choices=CHANGES,
        label="Answers can be changed",
        help_text="Every change is kept with its time. Going back makes readings less independent of each other.",
    )
    sittings = forms.IntegerField(
        min_value=1,
        max_value=20,
        initial=1,
        label="Sittings",
        help_text="The cases are shared out among them; readers take the parts in turn.",
    )
    washout_days = forms.IntegerField(
        min_value=0,
        max_value=365,
        initial=0,
        label="Days between sittings",
        help_text="Calendar days, from midnight to midnight; readers are told the day that the next sitting opens.",
    )
    repeats = forms.IntegerField(
        min_value=0,
        initial=0,
        label="Hidden repeats",
        help_text="So many cases come again in a later sitting, for the agreement of readers with themselves.",
    )
    cases_per_reader = forms.IntegerField(
        min_value=0,
        initial=0,
        label="Cases for each reader",
        help_text="0: all of them. Otherwise the anchors, and one of several equal blocks, which readers take in turn.",
    )
    anchors = forms.IntegerField(
        min_value=0,
        initial=0,
        label="Anchors among them",
        help_text="Cases that all readers read: the tests over readers rest on these alone.",
    )
    max_run = forms.IntegerField(
        min_value=0,
        initial=0,
        label="Longest run of one truth",
        help_text="0 sets no limit, which is best: a limit helps a reader who counts.",
    )
    consent = forms.CharField(
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        label="Consent",
        help_text="Readers agree to this text before they read, or do not take part. Empty: they are asked for none.",
    )
    debrief = forms.BooleanField(
        required=False,
        label="Debrief readers",
        help_text="Once the study is closed, readers see their answers beside the truth.",
    )
    dropouts = forms.ChoiceField(
        choices=DROPOUTS,
        initial="as-read",
        label="Readers who withdraw or do not finish",
        help_text="Fixed by opening; the results say how many there were.",
    )
    eligibility = LinesField(
        required=False,
        initial=ELIGIBILITY,
        label="A patient is not fit where",
        help_text="One reason a line, for both arms alike: another patient takes the case’s place.",
    )
    criteria = LinesField(
        required=False,
        initial=CRITERIA,
        label="A case is not fit where",
        help_text="One reason a line: the tumour is made anew in its host, or another patient takes its place. How a "
        "tumour looks is no reason: leaving out what looks synthetic decides the result.",
    )
    max_rejected = forms.FloatField(
        min_value=0,
        max_value=1,
        initial=0.25,
        label="Rejected at the most",
        help_text="Share of the cases, from 0 to 1.",
    )
    on = forms.MultipleChoiceField(
        required=False,
        choices=MATCHED,
        initial=["diameter"],
        label="Match synthetic cases to the real ones in",
        widget=forms.CheckboxSelectMultiple,
    )
    same_patient = forms.ChoiceField(choices=SAME_PATIENT, label="Cases of one patient")
    unsure_policy = forms.ChoiceField(
        choices=UNSURE_POLICIES,
        label="“Unsure” in the headline test",
        help_text="Fixed before anyone reads; the results show both.",
    )
    equivalence_margin = forms.FloatField(
        min_value=0.001,
        max_value=0.499,
        initial=0.1,
        label="Equivalence margin",
        help_text="Readers count as guessing when their accuracy is shown to lie within .5 ± this.",
    )
    alpha = forms.FloatField(min_value=0.0001, max_value=0.499, initial=0.05, label="Significance level")
    stand_ins_allowed = forms.BooleanField(
        required=False,
        label="Allow stand-ins for real tumours",
        help_text="For demonstrations only: such a study shows nothing about real tumours, and every page says so.",
    )

    def design(self, organs: list[dict[str, Any]]) -> dict[str, Any]:
        """Return what STUDY.toml would hold, with the organs' entries given."""
        answers = self.cleaned_data
        sections = {section: {name: answers[name] for name in names} for section, names in SECTIONS.items()}
        study = {name: answers[name] for name in ("title", "slug", "task", "seed", "stand_ins_allowed")}
        return {**study, "organs": organs, **self.of_task(sections)}

    @classmethod
    def filled_from(cls, design: StudyDesign) -> StudyForm:
        """Return the form with what a preset says; its name and seed are the study's own affair."""
        initial = {name: getattr(getattr(design, part), name) for part, names in SECTIONS.items() for name in names}
        return cls(initial=initial | {"title": design.title, "task": design.task})


class OrganForm(forms.Form):
    """The part of a design that is asked for one organ; its prefix is the organ's name."""

    use_required_attribute = False  # an organ that is left out may be left empty

    include = forms.BooleanField(required=False)
    real = forms.IntegerField(min_value=0, initial=25, label="Real cases")
    synthetic = forms.IntegerField(min_value=0, initial=25, label="Synthetic cases")
    generator = forms.ChoiceField(label="Synthesised by")
    smallest_mm = forms.FloatField(min_value=0.1, initial=5, label="Diameter from (mm)")
    largest_mm = forms.FloatField(min_value=0.1, initial=20, label="Diameter to (mm)")
    real_from = forms.MultipleChoiceField(required=False, label="Real cases from", widget=forms.CheckboxSelectMultiple)
    hosts_from = forms.MultipleChoiceField(required=False, label="Hosts from", widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, answers: QueryDict | None = None, *, sources: OrganSources, preset: StudyDesign | None = None
    ) -> None:
        super().__init__(answers, prefix=sources.organ)
        self.organ = sources.organ
        self.sources = sources
        self._choose("generator", [*sorted(method_names()), *sources.synthetic])
        self._choose("real_from", sources.datasets(Origin.REAL))
        self._choose("hosts_from", sources.datasets(Origin.HEALTHY))
        self.fields["include"].label = f"Include the {sources.organ}"
        self.fields["include"].initial = bool(sources.real and sources.hosts)
        if preset:
            self._fill_from(next((organ for organ in preset.organs if organ.name == sources.organ), None))

    @property
    def is_included(self) -> bool:
        return bool(self["include"].value())

    @property
    def dataset_fields(self) -> list[forms.BoundField]:
        return [self["real_from"], self["hosts_from"]]

    def organ_design(self) -> dict[str, Any]:
        """Return this organ's entry of STUDY.toml, without the keys that were left to their defaults."""
        answers = self.cleaned_data
        design: dict[str, Any] = {
            "name": self.organ,
            "real": answers["real"],
            "synthetic": {answers["generator"]: answers["synthetic"]},
            "diameter_mm": [answers["smallest_mm"], answers["largest_mm"]],
        }
        for name in ("real_from", "hosts_from"):
            if answers[name]:
                design[name] = answers[name]
        return design

    def _fill_from(self, organ: OrganDesign | None) -> None:
        """Begin with what a preset asks of this organ; a generator that is not here is left to be chosen."""
        self.initial["include"] = organ is not None
        if organ is None:
            return
        generator, count = next(iter(organ.synthetic.items()))
        low, high = organ.diameter_mm
        self.initial.update(real=organ.real, synthetic=count, smallest_mm=low, largest_mm=high, generator=generator)

    def _choose(self, field: str, names: list[str]) -> None:
        choice = cast(forms.ChoiceField, self.fields[field])
        choice.choices = [(name, name) for name in names]


class DesignFileForm(forms.Form):
    """A whole STUDY.toml, pasted or chosen; `cleaned_data["design"]` is what it says."""

    text = forms.CharField(
        required=False,
        label="Paste a STUDY.toml",
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false"}),
    )
    file = forms.FileField(required=False, label="or choose the file")

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        try:
            answers["design"] = tomllib.loads(self._toml(answers))
        except (ValueError, RecursionError) as error:  # as in `load_design`
            raise forms.ValidationError(f"This is not TOML: {error}.") from error
        return answers

    @staticmethod
    def _toml(answers: dict[str, Any]) -> str:
        if file := answers.get("file"):
            if file.size > MAX_DESIGN_BYTES:
                raise forms.ValidationError(f"{file.name} is too large for a STUDY.toml.")
            return bytes(file.read()).decode("utf-8-sig")
        if not answers.get("text"):
            raise forms.ValidationError("Paste a STUDY.toml or choose a file.")
        return str(answers["text"])


class InvitationForm(forms.Form):
    code = forms.CharField(max_length=40, label="Code", help_text="R1, R2, …: stands for the reader in every export.")
    years = forms.IntegerField(min_value=0, max_value=80, label="Years of experience")
    specialty = forms.CharField(max_length=120, required=False, label="Specialty")


class AmendmentForm(forms.Form):
    change = forms.CharField(max_length=500, label="What changes")
    reason = forms.CharField(max_length=500, label="Why")


class PlanForm(forms.Form):
    """What a study shall be able to show; the names are those of `reporting.plan.Wish`."""

    use_required_attribute = False

    accuracy = forms.FloatField(
        label="Expected balanced accuracy", help_text="0.5 is chance; 0.65 is a modest ability to tell."
    )
    margin = forms.FloatField(label="Equivalence margin", help_text="Around 0.5, fixed before the study.")
    power = forms.FloatField(label="Wanted power")
    n_readers = forms.IntegerField(label="Readers")
    n_real = forms.IntegerField(label="Real cases")
    n_synthetic = forms.IntegerField(label="Synthetic cases")
    alpha = forms.FloatField(label="Level of the tests")
    reader_sd = forms.FloatField(
        label="SD between readers", help_text="Of their true balanced accuracies; 0.05 where nothing is known."
    )
    correlation = forms.FloatField(
        label="Correlation of two readers", help_text="Due to their common cases; 0.3 where nothing is known."
    )

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        if not self.errors:
            try:
                answers["wish"] = Wish(**answers)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from error
        return answers
