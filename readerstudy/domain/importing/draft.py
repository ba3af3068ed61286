"""A data set while it is imported: its files are in the store already, its rows are not saved yet.

`synthesis` is imported inside the functions, so that web processes never load it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from django.utils.crypto import salted_hmac

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.lesions import measure_lesions, touches
from readerstudy.domain.importing.source import Source, SourceMask, SourceRow
from readerstudy.domain.store import Shelf
from readerstudy.domain.volumes import write_mask, write_volume
from readerstudy.models.dataset import Dataset
from readerstudy.models.volume import OrganScan, Volume

if TYPE_CHECKING:
    from synthesis.volume import Volume as CTVolume

Mask = npt.NDArray[np.bool_]
_BACKGROUND = 0


@dataclass
class Draft:
    """Reads one CT after another, with its masks, and keeps their rows for `save_rows`.

    What is noted in `dataset.warnings` is stored, so it names rows by number, never a file or a case.
    """

    source: Source
    dataset: Dataset
    shelf: Shelf
    volumes: dict[str, Volume] = field(default_factory=dict)  # by content
    scans: list[OrganScan] = field(default_factory=list)
    _first_rows: dict[str, SourceRow] = field(default_factory=dict)  # by content
    _organ_rows: dict[tuple[str, str, str, str], SourceRow] = field(default_factory=dict)

    def add_ct(self, rows: list[SourceRow]) -> None:
        """Check and store one CT and the masks of all the rows that name it.

        Raises
        ------
        DomainError
            If a file is unusable, or the same CT came before for another patient or for the same organ;
            the message names the row and the file.
        """
        from synthesis.host import ct_hash
        from synthesis.io import InvalidVolume, read_ct

        try:
            ct = read_ct(rows[0].ct)
        except InvalidVolume as error:
            raise self._unusable(rows[0], rows[0].ct, error) from error
        content = ct_hash(ct)
        volume = self.volumes.get(content) or Volume(
            dataset=self.dataset,
            patient_key=patient_key(rows[0], dataset=self.dataset.name),
            content_sha256=content,
            shape=list(ct.shape),
            spacing_mm=list(ct.spacing_mm),
        )
        for row in rows:
            self._check_once(row, volume)
        scans = [scan for row in rows if (scan := self._read_scan(row, volume, ct))]
        if scans and content not in self.volumes:
            volume.file = write_volume(self.shelf, ct)
            self.volumes[content] = volume
        self.scans += scans

    def save_rows(self) -> None:
        """Save what belongs to the data set, which is saved already, as its files are."""
        Volume.objects.bulk_create(self.volumes.values())
        OrganScan.objects.bulk_create(self.scans)

    def _check_once(self, row: SourceRow, volume: Volume) -> None:
        """Refuse a CT that stands for two patients, or twice for the same organ."""
        content = volume.content_sha256
        first = self._first_rows.setdefault(content, row)
        if patient_key(row, dataset=self.dataset.name) != volume.patient_key:
            raise DomainError(
                f"{row.where}: {self._name(row.ct)} holds the same CT as {first.where}, for another patient;"
                " leave one out, or give both rows one patient_id."
            )
        same = self._organ_rows.setdefault((content, row.organ, row.origin, row.generator), row)
        if same is not row:
            raise DomainError(
                f"{row.where}: {self._name(row.ct)} holds the same CT as {same.where}, and its {row.organ}"
                " stands there already; leave one out."
            )

    def _read_scan(self, row: SourceRow, volume: Volume, ct: CTVolume) -> OrganScan | None:
        organ = self._read_mask(row, row.organ_mask, ct) if row.organ_mask else None
        if row.organ_mask and organ is None:
            self._note(row, f"the scan shows no {row.organ}, and was left out")
            return None
        scan = OrganScan(
            volume=volume,
            row=row.number,
            organ=row.organ,
            origin=row.origin,
            generator=row.generator,
            stand_in=row.stand_in,
        )
        if organ is not None:
            scan.organ_mask = write_mask(self.shelf, organ, ct.affine)
            scan.organ_volume_ml = _volume_ml(organ, ct)
            scan.largest_sphere_mm = _largest_sphere_mm(organ, row.organ, ct)
        tumor = self._read_mask(row, row.tumor_mask, ct) if row.tumor_mask else None
        if tumor is not None:
            scan.tumor_mask = write_mask(self.shelf, tumor, ct.affine)
            scan.lesions, scan.diameter_mm = measure_lesions(tumor, ct.spacing_mm)
        if organ is not None and tumor is not None and not touches(tumor, organ):
            self._note(row, f"the tumour does not touch the {row.organ}")
        return scan

    def _read_mask(self, row: SourceRow, mask: SourceMask, ct: CTVolume) -> Mask | None:
        """Return the joined mask on the CT's grid; None where the organ may be absent, and is."""
        from synthesis.io import InvalidVolume, MaskResampled

        joined = np.zeros(ct.shape, dtype=bool)
        for path in mask.paths:
            try:
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always", MaskResampled)
                    joined |= _read_part(path, mask, ct)
            except InvalidVolume as error:
                raise self._unusable(row, path, error) from error
            if any(issubclass(warning.category, MaskResampled) for warning in caught):
                self._note(row, "a mask lay on another grid and was resampled to its CT's by nearest neighbour")
        return joined if joined.any() else None

    def _note(self, row: SourceRow, sentence: str) -> None:
        self.dataset.warnings.append(f"Row {row.number}: {sentence}.")

    def _name(self, path: Path) -> str:
        """Return a file's place in the data set's folder, or its bare name in a folder of masks."""
        folder = self.source.folder.resolve()
        return str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name

    def _unusable(self, row: SourceRow, path: Path, error: Exception) -> DomainError:
        cause = str(error).removeprefix(f"{path.name}: ")
        return DomainError(f"{row.where}: {self._name(path)}: {cause}")


def patient_key(row: SourceRow, *, dataset: str) -> str:
    """Return the patient's pseudonym: a keyed hash, 32 hexadecimal digits.

    A `patient_id` means the same patient in every data set. Without one, the case stands for a patient of
    this data set alone: `case_001` of two collections are two people.
    """
    if row.patient_id:
        digest = salted_hmac("readerstudy.patient", row.patient_id, algorithm="sha256")
    else:
        digest = salted_hmac("readerstudy.case", f"{dataset}/{row.case_id}", algorithm="sha256")
    return digest.hexdigest()[:32]


def _read_part(path: Path, mask: SourceMask, ct: CTVolume) -> Mask:
    from synthesis.io import InvalidVolume, read_mask

    try:
        return read_mask(path, like=ct, labels=mask.labels)
    except InvalidVolume:
        if not mask.may_be_empty:
            raise
        # A sound mask has its background; where even that can't be read, more is wrong than an absent organ.
        read_mask(path, like=ct, labels=[_BACKGROUND])
        return np.zeros(ct.shape, dtype=bool)


def _largest_sphere_mm(organ: Mask, name: str, ct: CTVolume) -> float:
    """Return what the engines will find: the diameter of the largest sphere that the organ holds."""
    from synthesis import organs
    from synthesis.host import Host

    return Host(ct, organ, organs.organ(name)).largest_diameter_mm


def _volume_ml(organ: Mask, ct: CTVolume) -> float:
    from synthesis.masks import volume_mm3

    return volume_mm3(organ, ct.spacing_mm) / 1000
