"""A data set while it is imported: its files are in the store already, its rows are not saved yet.

`synthesis` is imported inside the functions, so that web processes never load it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.lesions import lesion_rows, touches, touching, tumor_fields
from readerstudy.domain.importing.masks import Held, Mask, read_masks
from readerstudy.domain.importing.source import Source, SourceMask, SourceRow
from readerstudy.domain.store import Shelf
from readerstudy.domain.thumbnails import write_thumbnail
from readerstudy.domain.volumes import write_mask, write_volume
from readerstudy.models.dataset import Dataset
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import Lesion, OrganScan, Volume

if TYPE_CHECKING:
    from synthesis.host import Host
    from synthesis.volume import Volume as CTVolume


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
    lesions: list[Lesion] = field(default_factory=list)
    _first_rows: dict[str, SourceRow] = field(default_factory=dict)  # by content
    _organ_rows: dict[tuple[str, str, str, str], SourceRow] = field(default_factory=dict)
    _maps: dict[Path, Held] = field(default_factory=dict)  # of the CT at hand, as long as more is taken from them
    _uses: Counter[Path] = field(default_factory=Counter)
    _labels: dict[Path, tuple[int, ...]] = field(default_factory=dict)

    def add_ct(self, rows: list[SourceRow]) -> None:
        """Check and store one CT and the masks of all the rows that name it.

        Raises
        ------
        DomainError
            If a file is unusable, or the same CT came before for another patient or for the same organ;
            the message names the row and the file.
        """
        from synthesis.errors import UnusableInput
        from synthesis.host import ct_hashes
        from synthesis.survey import noise_hu, shows_head

        try:
            ct = rows[0].ct.read()
        except UnusableInput as error:
            raise self._unusable(rows[0], rows[0].ct.path, error) from error
        content, voxels = ct_hashes(ct)
        volume = self.volumes.get(content) or Volume(
            dataset=self.dataset,
            patient_key=patient_key(rows[0], dataset=self.dataset.name),
            content_sha256=content,
            voxels_sha256=voxels,
            shape=list(ct.shape),
            spacing_mm=list(ct.spacing_mm),
        )
        for row in rows:
            self._check_once(row, volume)
        masks = [mask for row in rows for mask in (row.organ_mask, row.tumor_mask) if mask]
        self._uses = Counter(path for mask in masks for path in mask.paths)
        self._labels = {
            path: tuple({label: None for mask in masks if path in mask.paths for label in mask.labels})
            for path in self._uses
        }
        self._maps = {}
        scans = [scan for row in rows if (scan := self._read_scan(row, volume, ct))]
        if scans and content not in self.volumes:
            volume.file = write_volume(self.shelf, ct)
            volume.noise_hu = noise_hu(ct)
            volume.shows_head = shows_head(ct)
            self.volumes[content] = volume
        self.scans += scans

    def save_rows(self) -> None:
        """Save what belongs to the data set, which is saved already, as its files are."""
        Volume.objects.bulk_create(self.volumes.values())
        OrganScan.objects.bulk_create(self.scans)
        Lesion.objects.bulk_create(self.lesions)

    def _check_once(self, row: SourceRow, volume: Volume) -> None:
        """Refuse a CT that stands for two patients, or twice for the same organ."""
        content = volume.content_sha256
        first = self._first_rows.setdefault(content, row)
        if patient_key(row, dataset=self.dataset.name) != volume.patient_key:
            raise DomainError(
                f"{row.where}: {self._name(row.ct.path)} holds the same CT as {first.where}, for another patient;"
                " leave one out, or give both rows one patient_id."
            )
        same = self._organ_rows.setdefault((content, row.organ, row.origin, row.generator), row)
        if same is not row:
            raise DomainError(
                f"{row.where}: {self._name(row.ct.path)} holds the same CT as {same.where}, and its {row.organ}"
                " stands there already; leave one out."
            )

    def _read_scan(self, row: SourceRow, volume: Volume, ct: CTVolume) -> OrganScan | None:
        organ = self._read_mask(row, row.organ_mask, ct)
        tumor = self._read_mask(row, row.tumor_mask, ct)
        if row.organ_mask and organ is None:
            self._note(row, f"the scan shows no {row.organ}, and was left out")
            return None
        if row.tumor_mask and row.tumor_mask.of_several_organs and organ is not None and tumor is not None:
            tumor = touching(tumor, organ)
            organ = organ if tumor is None else organ | tumor
        origin = self._origin(row, shows_tumor=tumor is not None)
        if origin is None:
            return None
        scan = OrganScan(
            volume=volume,
            row=row.number,
            organ=row.organ,
            origin=origin,
            generator=row.generator,
            stand_in=row.stand_in,
        )
        if organ is not None and tumor is not None and not touches(tumor, organ):
            self._note(row, f"the tumour does not touch the {row.organ}")
        host = self._add_organ(scan, organ, tumor, ct) if organ is not None else None
        if tumor is not None:
            self._add_tumor(scan, tumor, host, ct, row)
        scan.thumbnail = write_thumbnail(self.shelf, ct, tumor, organ)
        return scan

    def _origin(self, row: SourceRow, *, shows_tumor: bool) -> Origin | None:
        """Return what the scan is by what its masks show; None, and a note, where it is of no use."""
        if row.origin == Origin.HEALTHY and shows_tumor:
            self._note(row, f"the {row.organ} has a tumour, so it is no host, and was left out; --origin real takes it")
            return None
        if row.origin == Origin.HEALTHY or shows_tumor:
            return row.origin
        if row.origin == Origin.REAL and row.organ_mask:
            self._note(row, f"the {row.organ} has no tumour, so it was taken for a host")
            return Origin.HEALTHY
        self._note(row, f"the {row.organ} has no tumour, and was left out")
        return None

    def _add_organ(self, scan: OrganScan, organ: Mask, tumor: Mask | None, ct: CTVolume) -> Host:
        from synthesis import organs
        from synthesis.host import Host
        from synthesis.masks import volume_mm3

        scan.organ_mask = write_mask(self.shelf, organ, ct.affine)
        scan.organ_volume_ml = volume_mm3(organ, ct.spacing_mm) / 1000
        host = Host(ct, organ, organs.organ(scan.organ))
        scan.largest_sphere_mm = host.largest_diameter_mm
        healthy = organ if tumor is None else organ & ~tumor
        try:
            rest = host if tumor is None or not healthy.any() else Host(ct, healthy, host.organ)
            scan.parenchyma_hu, scan.phase = rest.parenchyma_hu, rest.phase
        except organs.ImplausibleOrgan:
            self.dataset.warnings.append(
                f"Row {scan.row}: the mask of the {scan.organ} hardly lies over soft tissue; check that it is one."
            )
        return host

    def _add_tumor(self, scan: OrganScan, tumor: Mask, host: Host | None, ct: CTVolume, row: SourceRow) -> None:
        from synthesis.lesions import measure_lesions
        from synthesis.regions import region_at

        scan.tumor_mask = write_mask(self.shelf, tumor, ct.affine)
        lesions = measure_lesions(ct.hu, tumor, ct.spacing_mm, organ=host.organ_mask if host else None)
        scan.lesions = len(lesions)
        for name, value in tumor_fields(lesions).items():
            setattr(scan, name, value)
        scan.region = region_at(host, lesions[0].center) if host else ""
        self.lesions += lesion_rows(scan, lesions, host, kind=row.lesion_type)

    def _read_mask(self, row: SourceRow, mask: SourceMask | None, ct: CTVolume) -> Mask | None:
        """Return the joined mask on the CT's grid; None where there is none, or it may be empty, and is."""
        if mask is None:
            return None
        joined: Mask | None = None
        for path in mask.paths:
            held = self._read_map(row, path, ct)
            part = held.mask(mask.labels)
            shows = bool(part.any())
            if not mask.may_be_empty and not shows:
                raise self._empty(row, path, mask.labels, held)
            if shows:
                joined = part if joined is None else joined | part
        return joined

    def _read_map(self, row: SourceRow, path: Path, ct: CTVolume) -> Held:
        """Return what a mask file holds, read once for all that is taken from it."""
        from synthesis.errors import UnusableInput

        held = self._maps.pop(path, None)
        if held is None:
            try:
                held = read_masks(path, like=ct, labels=self._labels[path])
            except UnusableInput as error:
                raise self._unusable(row, path, error) from error
            if held.resampled:
                self._note(row, "a mask lay on another grid and was resampled to its CT's by nearest neighbour")
        self._uses[path] -= 1
        if self._uses[path]:
            self._maps[path] = held
        return held

    def _note(self, row: SourceRow, sentence: str) -> None:
        self.dataset.warnings.append(f"Row {row.number}: {sentence}.")

    def _name(self, path: Path) -> str:
        """Return a file's place in the data set's folder, or its bare name in a folder of masks."""
        folder = self.source.folder.resolve()
        return str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name

    def _unusable(self, row: SourceRow, path: Path, error: Exception) -> DomainError:
        cause = str(error).removeprefix(f"{path.name}: ")
        return DomainError(f"{row.where}: {self._name(path)}: {cause}")

    def _empty(self, row: SourceRow, path: Path, labels: tuple[int, ...], held: Held) -> DomainError:
        asked = f"no voxel with label {' or '.join(map(str, labels))}" if labels else "no voxel but zeros"
        cause = f"the mask has {asked} (it holds {held.held()})"
        return DomainError(f"{row.where}: {self._name(path)}: {cause}; check the file and the labels.")


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
