"""Damaged data sets: whole ones of every kind of file, one file of which is changed by a seeded list of edits."""

from __future__ import annotations

import gzip
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from hypothesis import strategies as st
from pydicom import uid

from readerstudy.models.vocabulary import OrganName

from .dicom_builder import Series, body, contour, enhanced, expected_ras, segmentation, structures, transcode

AFFINE = np.array([[1.5, 0, 0, -18], [0, 1.5, 0, -15], [0, 0, 3.0, 40], [0, 0, 0, 1]], dtype=float)
SYNTAXES = {
    "plain": uid.ExplicitVRLittleEndian,
    "deflated": uid.DeflatedExplicitVRLittleEndian,
    "rle": uid.RLELossless,
    "jpeg-ls": uid.JPEGLSLossless,
    "jpeg-2000": uid.JPEG2000Lossless,
    "jpeg": "1.2.840.10008.1.2.4.70",
}
KINDS = ("flip", "byte", "zeros", "ones", "cut", "drop", "repeat", "number")
NUMBERS = (0, 1, -1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, -0x80000000, 0x01000000)


@dataclass(frozen=True)
class Edit:
    """One change of a file; `place` is a share of its length, most of them near the beginning, where headers are."""

    kind: str
    place: float
    value: int

    def apply(self, content: bytearray) -> None:
        at = int(self.place**3 * max(len(content) - 1, 0))
        length = self.value % 61 + 4
        if self.kind == "flip" and content:
            content[at] ^= 1 << self.value % 8
        elif self.kind == "byte" and content:
            content[at] = self.value % 256
        elif self.kind == "zeros":
            content[at : at + length] = bytes(min(length, len(content) - at))
        elif self.kind == "ones":
            content[at : at + length] = b"\xff" * min(length, len(content) - at)
        elif self.kind == "cut":
            del content[at:]
        elif self.kind == "drop":
            del content[at : at + length]
        elif self.kind == "repeat":
            content[at:at] = content[at : at + length]
        elif self.kind == "number":
            content[at : at + 4] = struct.pack("<i", NUMBERS[self.value % len(NUMBERS)])[: len(content) - at]


@dataclass(frozen=True)
class Damage:
    """What is done to which file of which data set; `unpacked`: to what a gzip file holds."""

    template: int
    target: float
    unpacked: bool
    edits: tuple[Edit, ...]


EDITS = st.builds(Edit, st.sampled_from(KINDS), st.floats(0, 1, allow_nan=False, exclude_max=True), st.integers(0, 255))
DAMAGES = st.builds(
    Damage,
    st.integers(0, 10**6),
    st.floats(0, 1, allow_nan=False, exclude_max=True),
    st.booleans(),
    st.lists(EDITS, min_size=1, max_size=4).map(tuple),
)


@dataclass(frozen=True)
class Template:
    """A whole data set, and how it is imported."""

    name: str
    path: Path
    layout: str
    options: dict[str, Any]
    masks: str = ""

    def damaged(self, damage: Damage, folder: Path) -> tuple[Path, dict[str, Any]]:
        """Write the data set to a folder with one of its files damaged; return what is imported, and how."""
        shutil.copytree(self.path, folder)
        files = sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix != ".csv")
        target = files[int(damage.target * len(files))]
        content = target.read_bytes()
        packed = damage.unpacked and target.suffix == ".gz"
        edited = bytearray(gzip.decompress(content) if packed else content)
        for edit in damage.edits:
            edit.apply(edited)
        target.write_bytes(gzip.compress(edited, 1, mtime=0) if packed else bytes(edited))
        options = self.options | ({"masks": folder / self.masks} if self.masks else {})
        return folder / "cts" if self.masks else folder, {"layout": self.layout, **options}


def templates(root: Path) -> list[Template]:
    """Write the whole data sets below a folder."""
    made = [_nifti(root / "nifti")]
    for name, syntax in SYNTAXES.items():
        series = Series(root / name / "cts", np.tile(body()[:4], (1, 3, 3)))
        if name != "plain":
            for path in series.paths:
                transcode(path, syntax)
        made.append(Template(name, root / name, "dicom", {}))
    enhanced(_parent(root / "multi-frame" / "cts" / "one.dcm"), body())
    made.append(Template("multi-frame", root / "multi-frame", "dicom", {}))
    organ, tumor = (np.zeros(body().shape, dtype=bool) for _ in range(2))
    organ[1:8, 4:16, 4:15], tumor[3:6, 7:12, 6:11] = True, True
    options = {"origin": "real", "organs": [OrganName.LIVER]}
    series = Series(root / "seg" / "cts")
    segmentation(root / "seg" / "masks" / "one.dcm", series, {"liver": organ, "liver tumour": tumor})
    made.append(Template("seg", root / "seg", "dicom", options, masks="masks"))
    series = Series(root / "structures" / "cts")
    outlines = {"liver": ((1, 8), (4, 15), (4, 14)), "tumor": ((3, 6), (7, 11), (6, 10))}
    structures(
        root / "structures" / "masks" / "one.dcm",
        series,
        {
            name: [contour(n, rows, columns) for n in range(*slices)]
            for name, (slices, rows, columns) in outlines.items()
        },
    )
    made.append(Template("structures", root / "structures", "dicom", options, masks="masks"))
    return made


def _nifti(path: Path) -> Template:
    path.mkdir(parents=True)
    ct = expected_ras(body())
    organ, tumor = (np.zeros(ct.shape, dtype=np.uint8) for _ in range(2))
    organ[4:15, 4:16, 1:8], tumor[6:11, 7:12, 3:6] = 1, 1
    for name, array in (("ct", ct), ("organ", organ), ("tumor", tumor)):
        nib.save(nib.Nifti1Image(array, AFFINE), path / f"{name}.nii.gz")
    nib.save(nib.Nifti1Image(np.where(ct > -500, ct + 2, ct), AFFINE), path / "plain.nii")
    nib.save(nib.Nifti2Image(ct.astype(np.float32) + 1, AFFINE), path / "second.nii.gz")
    (path / "manifest.csv").write_text(
        "case_id,organ,ct,organ_mask,tumor_mask,origin\n"
        "c1,liver,ct.nii.gz,organ.nii.gz,tumor.nii.gz,real\n"
        "c2,liver,plain.nii,,,healthy\n"
        "c3,liver,second.nii.gz,organ.nii.gz,,healthy\n"
    )
    return Template("nifti", path, "manifest", {})


def _parent(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    return path
