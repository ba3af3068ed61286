"""What staff type in to import a data set."""

from typing import Any

from django import forms
from django.conf import settings

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.layouts import LAYOUTS
from readerstudy.domain.importing.runs import Asked
from readerstudy.domain.importing.source import parse_label_map
from readerstudy.models.vocabulary import OrganName, Origin

LAYOUT_LABELS = {
    "manifest": "Manifest (manifest.csv)",
    "msd": "MSD (dataset.json)",
    "kits": "KiTS (case_00000, …)",
    "totalsegmentator": "TotalSegmentator",
    "dicom": "DICOM",
}
ORIGIN_LABELS = {
    Origin.HEALTHY: "Healthy hosts",
    Origin.REAL: "Patients’ tumours",
    Origin.SYNTHETIC: "Made elsewhere",
}


class ImportForm(forms.Form):
    """What holds for every import; the manifest's own columns go before it."""

    name = forms.RegexField(
        r"^[-a-zA-Z0-9_]{1,80}$",
        max_length=80,
        help_text="What studies call the data set, such as msd-liver.",
        error_messages={"invalid": "Use letters, digits, hyphens and underscores, such as msd-liver."},
    )
    layout = forms.ChoiceField(choices=[(name, LAYOUT_LABELS[name]) for name in LAYOUTS])
    origin = forms.ChoiceField(choices=list(ORIGIN_LABELS.items()), help_text="Of rows that do not say it themselves.")
    generator = forms.CharField(
        max_length=80, required=False, help_text="What made the tumours, where they are synthetic."
    )
    organs = forms.MultipleChoiceField(
        choices=OrganName, required=False, widget=forms.CheckboxSelectMultiple, label="Organs"
    )
    labels = forms.CharField(
        required=False,
        label="Values in the masks",
        help_text="Where they differ from the layout’s own: liver=5,pancreas=7,kidney=2;3,tumor=9",
    )
    stand_in = forms.BooleanField(
        required=False,
        label="Its tumours are stand-ins",
        help_text="For demonstrations: they only take the place of patients’ tumours.",
    )

    def clean_labels(self) -> dict[str, tuple[int, ...]]:
        text = self.cleaned_data["labels"]
        try:
            return parse_label_map(text, where="The values") if text else {}
        except DomainError as error:
            raise forms.ValidationError(str(error)) from None

    def asked(self) -> Asked:
        answers = self.cleaned_data
        return Asked(
            origin=answers["origin"],
            generator=answers["generator"],
            stand_in=answers["stand_in"],
            organs=tuple(answers["organs"]),
            labels=answers["labels"],
            masks=answers.get("masks", ""),
        )


class FolderImportForm(ImportForm):
    """An import of a folder below `IMPORT_ROOT`."""

    place = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)
    masks = forms.CharField(
        required=False,
        label="Folder of the masks",
        help_text="Where they do not lie beside the CTs; its place in the import folder, such as hospital/masks.",
    )


class ArchiveImportForm(ImportForm):
    """An import of a zip that is sent along."""

    archive = forms.FileField(
        label="Zip archive",
        error_messages={"required": "Choose the zip."},
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "archive"
        ].help_text = f"Of the folder that the layout describes, up to {settings.UPLOAD_MAX_MB} MB."
        self.fields["archive"].widget.attrs["data-max-mb"] = settings.UPLOAD_MAX_MB
