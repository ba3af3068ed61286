"""What differs between phantom patients: numbers drawn once, from which every voxel follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthesis.errors import UnusableInput

PHASES = ("none", "arterial", "portal", "delayed")

_PHASE_SECONDS = {"none": (0.0, 0.0), "arterial": (30.0, 42.0), "portal": (62.0, 85.0), "delayed": (150.0, 240.0)}
_PHASE_SHARES = (0.1, 0.2, 0.55, 0.15)

_UNENHANCED_HU = {
    "liver": 56.0,
    "spleen": 48.0,
    "pancreas": 40.0,
    "cortex": 33.0,
    "medulla": 30.0,
    "artery": 42.0,
    "portal vein": 42.0,
    "hepatic vein": 42.0,
    "cava": 42.0,
    "heart": 42.0,
    "bowel wall": 38.0,
    "muscle": 52.0,
}

_CURVE_SECONDS = (0.0, 20.0, 35.0, 70.0, 180.0, 300.0)
# Enhancement in HU at those times after the start of the injection. Typical of 120 kV and about 0.5 g iodine per
# kg of body weight: the late arterial phase has a bright aorta and a corticomedullary kidney, the portal venous
# phase the brightest liver, the delayed phase an equilibrium.
_ENHANCEMENT_HU = {
    "liver": (0.0, 3.0, 16.0, 56.0, 40.0, 30.0),
    "spleen": (0.0, 25.0, 78.0, 78.0, 48.0, 36.0),
    "pancreas": (0.0, 18.0, 68.0, 54.0, 32.0, 24.0),
    "cortex": (0.0, 60.0, 135.0, 145.0, 120.0, 95.0),
    "medulla": (0.0, 8.0, 32.0, 115.0, 125.0, 105.0),
    "artery": (0.0, 180.0, 280.0, 122.0, 78.0, 58.0),
    "portal vein": (0.0, 4.0, 60.0, 132.0, 82.0, 58.0),
    "hepatic vein": (0.0, 0.0, 8.0, 118.0, 80.0, 58.0),
    "cava": (0.0, 5.0, 55.0, 105.0, 78.0, 57.0),
    "heart": (0.0, 140.0, 190.0, 105.0, 72.0, 54.0),
    "bowel wall": (0.0, 12.0, 45.0, 52.0, 36.0, 28.0),
    "muscle": (0.0, 2.0, 7.0, 14.0, 17.0, 15.0),
}


@dataclass(frozen=True)
class PatientParameters:
    """Every number drawn for one patient and scan; scalars only, so `dataclasses.asdict` is plain JSON.

    Lengths are in mm, of the patient and not of the frame, unless said otherwise.
    """

    seed: int
    """Seeds the smooth random fields, vessel trees, bowel loops and noise."""
    columns: int
    rows: int
    slices: int
    pixel_mm: float
    slice_mm: float
    bottom_mm: float
    """Level of the lowest slice above the first lumbar vertebra (negative: below)."""
    shift_x_mm: float
    shift_y_mm: float
    """Where the patient lies in the field of view."""
    build: float
    """Size of skeleton and organs over the average."""
    girth: float
    """Width over the average for that skeleton."""
    belly: float
    """Depth in front of the spine over the average: more visceral fat pushes it out."""
    fat_front_mm: float
    fat_side_mm: float
    fat_back_mm: float
    liver_size: float
    spleen_size: float
    kidney_size: float
    pancreas_size: float
    stomach_size: float
    pancreas_fat: float
    """Lobulation and fatty infiltration of the pancreas, 0 (young) to 1 (old)."""
    bone_density: float
    phase: str
    delay_s: float
    """Seconds from injection to scan; 0 without contrast."""
    contrast_dose: float
    liver_offset_hu: float
    """Unenhanced liver above the average; negative in a fatty liver."""
    blood_offset_hu: float
    fat_hu: float
    fov_circle: bool
    """Whether the reconstruction left everything outside the inscribed circle at air."""
    table_gap_mm: float
    noise_hu: float
    noise_peak_per_mm: float
    """Spatial frequency at which the noise power is greatest."""
    blur_mm: float
    """Standard deviation of the in-plane point spread."""
    overlap: float
    """Width of the slice profile over the slice spacing."""

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.columns, self.rows, self.slices)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        return (self.pixel_mm, self.pixel_mm, self.slice_mm)

    @property
    def origin_mm(self) -> npt.NDArray[np.float64]:
        """RAS+ mm of the first voxel's center; the frame's origin lies at the scan's (0, 0, 0)."""
        return np.array(
            [
                -(self.columns - 1) / 2 * self.pixel_mm - self.shift_x_mm,
                -(self.rows - 1) / 2 * self.pixel_mm - self.shift_y_mm,
                self.slice_mm / 2 + self.bottom_mm,
            ]
        )

    def unenhanced_hu(self, tissue: str) -> float:
        """HU of a tissue before contrast."""
        offset = {"liver": self.liver_offset_hu, "muscle": 0.0}.get(tissue, self.blood_offset_hu)
        return _UNENHANCED_HU[tissue] + offset

    def enhancement_hu(self, tissue: str) -> float:
        """HU that the contrast medium adds to a tissue at the time of this scan."""
        return self.contrast_dose * float(np.interp(self.delay_s, _CURVE_SECONDS, _ENHANCEMENT_HU[tissue]))

    def tissue_hu(self, tissue: str) -> float:
        """Mean HU of a tissue in this scan."""
        return self.unenhanced_hu(tissue) + self.enhancement_hu(tissue)


def sample_patient(
    rng: np.random.Generator,
    *,
    shape: tuple[int, int, int] | None = None,
    phase: str | None = None,
) -> PatientParameters:
    """Draw a patient and a scan of the upper abdomen.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : three ints, optional
        Voxels along i, j, k. Without it, 256 x 256 and as many slices of 2.5 to 4 mm as the range needs. The
        field of view and the scanned range do not depend on it.
    phase : str, optional
        One of `PHASES`; drawn when not given.

    Raises
    ------
    UnusableInput
        When the phase is not known.
    """
    if phase is not None and phase not in PHASES:
        raise UnusableInput(f"Unknown contrast phase {phase!r}: use one of {', '.join(PHASES)}.")
    drawn_phase = str(rng.choice(PHASES, p=_PHASE_SHARES))
    chosen = phase or drawn_phase
    build = float(np.clip(rng.normal(1.0, 0.055), 0.88, 1.13))
    girth = float(rng.uniform(0.94, 1.08))
    adiposity = float(rng.beta(2.0, 2.6))
    fat_side = 5 + 27 * adiposity * float(rng.uniform(0.7, 1.2))
    belly = 0.95 + 0.3 * adiposity * float(rng.uniform(0.5, 1.2))
    width = 2 * (build * girth * 143 + fat_side)
    range_mm = build * float(rng.uniform(238, 272))
    slice_mm = float(rng.choice((2.5, 3.0, 3.0, 3.5, 4.0)))
    columns, rows, slices = shape or (256, 256, round(range_mm / slice_mm))
    return PatientParameters(
        seed=int(rng.integers(2**32)),
        columns=columns,
        rows=rows,
        slices=slices,
        pixel_mm=max(320.0, width * float(rng.uniform(1.04, 1.16))) / columns,
        slice_mm=slice_mm if shape is None else range_mm / slices,
        bottom_mm=-build * float(rng.uniform(128, 148)),
        shift_x_mm=float(rng.normal(0, 4)),
        shift_y_mm=float(rng.normal(0, 6)),
        build=build,
        girth=girth,
        belly=belly,
        fat_front_mm=4 + 26 * adiposity * float(rng.uniform(0.5, 1.3)),
        fat_side_mm=fat_side,
        fat_back_mm=5 + 20 * adiposity * float(rng.uniform(0.6, 1.3)),
        liver_size=float(rng.uniform(0.92, 1.09)),
        spleen_size=float(rng.uniform(0.82, 1.18)),
        kidney_size=float(rng.uniform(0.9, 1.1)),
        pancreas_size=float(rng.uniform(0.94, 1.08)),
        stomach_size=float(rng.uniform(0.7, 1.12)),
        pancreas_fat=float(rng.uniform(0.1, 1.0)),
        bone_density=float(rng.uniform(0.65, 1.25)),
        phase=chosen,
        delay_s=float(rng.uniform(*_PHASE_SECONDS[chosen])),
        contrast_dose=float(rng.uniform(0.82, 1.18)),
        liver_offset_hu=float(np.clip(rng.normal(0, 6), -18, 10)),
        blood_offset_hu=float(rng.normal(0, 2.5)),
        fat_hu=float(rng.uniform(-112, -98)),
        fov_circle=bool(rng.random() < 0.5),
        table_gap_mm=float(rng.uniform(1, 7)),
        noise_hu=float(rng.uniform(8, 17)),
        noise_peak_per_mm=float(rng.uniform(0.13, 0.2)),
        blur_mm=float(rng.uniform(0.6, 0.95)),
        overlap=float(rng.uniform(1.0, 1.4)),
    )


@dataclass(frozen=True)
class LesionParameters:
    """Every number drawn for one lesion of the phantom's own; scalars only.

    The lesion's brightness is the organ's before contrast plus `unenhanced_hu`, and of the organ's enhancement
    the share `uptake`, so that it fits whichever phase the host is in.
    """

    organ: str
    seed: int
    center_x_mm: float
    center_y_mm: float
    center_z_mm: float
    """Where growth starts, in RAS+ mm of the scan."""
    diameter_mm: float
    """Diameter of the sphere of the lesion's volume."""
    irregularity: float
    """Standard deviation of the logarithm of the local speed of growth."""
    margin_mm: float
    """Mean width of the passage from tumour to organ; wide in infiltrative tumours."""
    displacement: float
    """Share of the lesion's radius by which vessels at its centre are pushed aside."""
    unenhanced_hu: float
    uptake: float
    texture_hu: float
    texture_mm: float
    necrosis: float
    """Share of the radius, from the centre, that may be necrotic; 0 for none."""
    necrosis_hu: float
    rim_hu: float
    """Brighter (or darker) margin: a capsule or a rim of viable tumour."""
