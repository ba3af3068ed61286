import json
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from tqdm import tqdm

from readerstudy.domain.audit import COMMAND_LINE
from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.importing.layouts import LAYOUTS
from readerstudy.domain.importing.source import TUMOR, parse_label_map, parse_organ
from readerstudy.management.base import StudyCommand
from readerstudy.models.dataset import Dataset
from readerstudy.models.vocabulary import OrganName, Origin
from readerstudy.models.volume import OrganScan

DESCRIPTION = """\
Import CTs and their masks as a data set that studies draw cases from: whole or not at all.

manifest: a CSV with the header
  case_id,patient_id,organ,ct,organ_mask,organ_label,tumor_mask,tumor_label,origin,generator,stand_in
  and one row per CT and organ; paths are relative to the CSV; lesion_type may follow.
msd: the folder of dataset.json, imagesTr and labelsTr (Medical Segmentation Decathlon, nnU-Net).
kits: case_00000/imaging.nii.gz with case_00000/segmentation.nii.gz, and so on.
totalsegmentator: NAME.nii.gz with NAME_seg.nii.gz, or NAME/ct.nii.gz with NAME/segmentations/ORGAN.nii.gz.
dicom: any tree of CT series; masks as SEG or RTSTRUCT among them, or by --masks, as NIfTI too.

--origin real (or synthetic) takes the scans that show a tumour; a patient's scan that shows none becomes a host.
"""


def organ_argument(text: str) -> OrganName:
    try:
        return parse_organ(text, where="--organ")
    except DomainError as error:
        raise ArgumentTypeError(str(error)) from error


def label_map_argument(text: str) -> dict[str, tuple[int, ...]]:
    try:
        return parse_label_map(text, where="--label-map")
    except DomainError as error:
        raise ArgumentTypeError(str(error)) from error


class Command(StudyCommand):
    help = DESCRIPTION
    examples = (
        "python manage.py import_dataset hospital cases/manifest.csv --layout manifest",
        "python manage.py import_dataset msd-liver Task03_Liver --layout msd --origin real",
        "python manage.py import_dataset kits kits23/dataset --layout kits --origin real",
        "python manage.py import_dataset our-gan gan_output --layout msd --origin synthetic --generator our-gan",
        "python manage.py import_dataset ward series/ --layout dicom --masks segmentations/ --origin real",
        "python manage.py import_dataset hosts ct_folder --layout totalsegmentator --organ liver kidney",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="what studies call the data set")
        parser.add_argument("path", metavar="PATH", type=Path, help="the manifest's CSV, or the folder")
        parser.add_argument("--layout", required=True, choices=LAYOUTS, help="how PATH is arranged")
        parser.add_argument(
            "--origin",
            choices=Origin.values,
            default=Origin.HEALTHY,
            help="where rows have none; default: healthy",
        )
        parser.add_argument(
            "--generator",
            metavar="NAME",
            default="",
            help="what made synthetic tumours, where rows do not say",
        )
        parser.add_argument("--masks", metavar="PATH", type=Path, help="a file or folder of masks apart from the CTs")
        parser.add_argument(
            "--label-map",
            metavar="MAP",
            type=label_map_argument,
            default={},
            help="values in masks of many labels, as liver=5,pancreas=7,kidney=2;3,tumor=9",
        )
        parser.add_argument(
            "--organ",
            metavar="ORGAN",
            type=organ_argument,
            nargs="+",
            action="extend",
            help="import these organs alone",
        )
        parser.add_argument(
            "--stand-in",
            action="store_true",
            help="the tumours stand in for patients', where rows do not say",
        )
        parser.add_argument("--json", action="store_true", help="print what was imported as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        labels = options["label_map"]
        with tqdm(unit="CT", disable=not sys.stderr.isatty()) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            dataset = import_dataset(
                name=options["name"],
                path=options["path"],
                layout=options["layout"],
                actor=COMMAND_LINE,
                origin=options["origin"],
                generator=options["generator"],
                stand_in=options["stand_in"],
                masks=options["masks"],
                label_map={OrganName(name): values for name, values in labels.items() if name in OrganName.values},
                tumor_labels=labels.get(TUMOR, ()),
                organs=options["organ"] or tuple(OrganName),
                progress=show,
            )
        self.stdout.write(json.dumps(_summary(dataset)) if options["json"] else _sentences(dataset))


def _summary(dataset: Dataset) -> dict[str, Any]:
    scans = list(OrganScan.objects.filter(volume__dataset=dataset))
    return {
        "name": dataset.name,
        "layout": dataset.layout,
        "volumes": dataset.volumes.count(),
        "organ_scans": len(scans),
        "usable": sum(scan.usable for scan in scans),
        "organs": {organ: sum(scan.organ == organ for scan in scans) for organ in OrganName.values},
        "origins": {origin: sum(scan.origin == origin for scan in scans) for origin in Origin.values},
        "warnings": dataset.warnings,
    }


def _sentences(dataset: Dataset) -> str:
    summary = _summary(dataset)
    organs = ", ".join(f"{organ} {count}" for organ, count in summary["organs"].items() if count)
    first = (
        f"Imported {dataset.name}: {summary['volumes']} CTs, {summary['organ_scans']} organ scans ({organs}),"
        f" {summary['usable']} of them usable."
    )
    return "\n".join([first, *(f"Note: {warning}" for warning in dataset.warnings)])
