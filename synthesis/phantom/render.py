"""From a patient's parameters to a CT with its organ labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthesis.phantom import bowel, frame, organs, vessels
from synthesis.phantom import lesion as lesions
from synthesis.phantom.canvas import Canvas
from synthesis.phantom.parameters import LesionParameters, PatientParameters
from synthesis.phantom.scanner import scan
from synthesis.volume import Volume


@dataclass(frozen=True, eq=False)
class Phantom:
    """A phantom patient's CT and what is in it.

    Attributes
    ----------
    ct : Volume
    labels : uint8 array [i, j, k]
        Numbers as in `LABELS`; a lesion keeps its organ's number.
    tumor_mask : bool array [i, j, k]
        Empty without a lesion.
    """

    ct: Volume
    labels: npt.NDArray[np.uint8]
    tumor_mask: npt.NDArray[np.bool_]


def draw_anatomy(patient: PatientParameters, lesion: LesionParameters | None = None) -> Canvas:
    """Paint a patient from the back of the picture to the front, short of the lesion itself.

    A lesion only pushes the vessels of its neighbourhood aside here.
    """
    displacement = None
    if lesion is not None:
        center = lesions.center_in_frame(lesion, patient)
        displacement = vessels.Displacement(center, lesion.diameter_mm / 2 / patient.build, lesion.displacement)
    canvas = frame.start(patient)
    bowel.add_small_bowel(canvas, patient)
    bowel.add_colon(canvas, patient)
    bowel.add_stomach(canvas, patient)
    bowel.add_duodenum(canvas, patient)
    organs.add_spleen(canvas, patient)
    liver = organs.add_liver(canvas, patient)
    vessels.add_liver_vessels(canvas, patient, liver, displacement)
    frame.add_chest(canvas, patient)
    frame.add_back_muscles(canvas, patient)
    frame.add_spine(canvas, patient)
    frame.add_ribs(canvas, patient)
    hila = organs.add_kidneys(canvas, patient)
    organs.add_gallbladder(canvas, patient)
    organs.add_adrenals(canvas, patient)
    vessels.add_great_vessels(canvas, patient, hila)
    organs.add_pancreas(canvas, patient)
    return canvas


def render_patient(parameters: PatientParameters, *, lesion: LesionParameters | None = None) -> Phantom:
    """Image a patient, with a lesion or without.

    The same parameters give the same voxels, and a lesion changes them only at and right around itself.

    Raises
    ------
    LesionFitError
        When the organ leaves the lesion no room where it was placed.
    """
    canvas = draw_anatomy(parameters, lesion)
    mask = np.zeros(parameters.shape, dtype=np.bool_)
    if lesion is not None:
        mask = lesions.add_lesion(canvas, parameters, lesion)
    affine = np.diag([*parameters.spacing_mm, 1.0])
    affine[:3, 3] = parameters.origin_mm
    return Phantom(Volume(scan(canvas.hu, parameters), affine), canvas.labels, mask)


def sample_lesion(
    parameters: PatientParameters,
    *,
    organ: str,
    diameter_mm: tuple[float, float],
    rng: np.random.Generator,
) -> LesionParameters:
    """Draw a lesion of a patient: its place in the organ, its size and its looks.

    Parameters
    ----------
    organ : {"liver", "pancreas", "kidney"}
    diameter_mm : two floats
        Range of the diameter of the sphere of the lesion's volume.

    Raises
    ------
    LesionFitError
        When the organ is too small; the message says what fits.
    """
    labels = draw_anatomy(parameters).labels
    return lesions.draw_lesion(parameters, labels, organ=organ, diameter_mm=diameter_mm, rng=rng)
