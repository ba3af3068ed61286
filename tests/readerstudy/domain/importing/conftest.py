"""Folders of small CTs and masks, built as a research group would hand them in."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.dataset import Dataset
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.volume import OrganScan, Volume

SHAPE = (24, 20, 16)
AFFINE = np.array([[1.5, 0, 0, -18], [0, 1.5, 0, -15], [0, 0, 3.0, 40], [0, 0, 0, 1]], dtype=float)


class Folder:
    """A data set's folder: CTs of a body in air, masks of boxes, a manifest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def ct(self, name: str, *, seed: int = 0, **image: Any) -> str:
        hu = np.full(SHAPE, -1000, dtype=np.int16)
        hu[3:-3, 3:-3, :] = np.random.default_rng(seed).normal(50, 12, (18, 14, 16)).round()
        return self.nifti(name, **{"array": hu} | image)

    def mask(self, name: str, *boxes: tuple[int, int], label: int = 1, **image: Any) -> str:
        """Write a mask of cubes, each from corner `low` to `high` (exclusive) along all three axes."""
        array = np.zeros(SHAPE, dtype=np.uint8)
        for low, high in boxes:
            array[low:high, low:high, low:high] = label
        return self.nifti(name, **{"array": array} | image)

    def nifti(self, name: str, *, array: np.ndarray, affine: np.ndarray = AFFINE, **header: str) -> str:
        image = nib.Nifti1Image(array, affine)
        for field, value in header.items():
            image.header[field] = value.encode()
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(image, path)
        return name

    def manifest(self, *rows: dict[str, str], name: str = "manifest.csv") -> Path:
        path = self.path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, fieldnames=list(rows[0]))
            table.writeheader()
            table.writerows(rows)
        return path

    def text(self, text: str, *, name: str = "manifest.csv", encoding: str = "utf-8") -> Path:
        path = self.path / name
        path.write_bytes(text.encode(encoding))
        return path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "source")


def manifest_row(**cells: str) -> dict[str, str]:
    """A row of a patient's liver tumour, with whatever differs."""
    return {
        "case_id": "c1",
        "patient_id": "p1",
        "organ": "liver",
        "ct": "ct.nii.gz",
        "organ_mask": "organ.nii.gz",
        "organ_label": "",
        "tumor_mask": "tumor.nii.gz",
        "tumor_label": "",
        "origin": "real",
        "generator": "",
        "stand_in": "",
    } | cells


@pytest.fixture
def row() -> Any:
    return manifest_row


def stored_paths(data_root: Path) -> list[Path]:
    return [path for path in (data_root / "store").rglob("*") if path.is_file()]


@pytest.fixture
def stored(data_root: Path) -> Any:
    """The files of the store, asked for anew with each call."""
    return lambda: stored_paths(data_root)


def take(path: Path, *, name: str = "hospital", layout: str = "manifest", **more: Any) -> Dataset:
    return import_dataset(name=name, path=path, layout=layout, actor="ada", **more)


@pytest.fixture
def patient(folder: Folder) -> Folder:
    """A CT with a liver and a tumour of two lesions in it."""
    folder.ct("ct.nii.gz")
    folder.mask("organ.nii.gz", (4, 14))
    folder.mask("tumor.nii.gz", (5, 8), (10, 12))
    return folder


@pytest.fixture
def refused(stored: Callable[[], list[Path]]) -> Callable[..., str]:
    """Check that an import is refused and leaves nothing; return what it said."""

    def check(path: Path, **more: Any) -> str:
        with pytest.raises(DomainError) as caught:
            take(path, **more)
        assert stored() == []
        for model in (Dataset, Volume, OrganScan, StoredFile, AuditEvent):
            assert model.objects.count() == 0, model
        return str(caught.value)

    return check
