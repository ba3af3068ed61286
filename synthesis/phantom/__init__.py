"""A procedural phantom of the abdomen in CT.

Where no freely licensed patients are to be had, phantom patients stand in: organs with vessels, fat, bone and
table in one of four contrast phases, imaged with correlated noise and point spread. Sample, then apply:

>>> import numpy as np
>>> rng = np.random.default_rng(1)
>>> patient = sample_patient(rng, shape=(48, 48, 16))
>>> phantom = render_patient(patient)
>>> phantom.ct.shape
(48, 48, 16)
"""

from synthesis.phantom.canvas import LABELS
from synthesis.phantom.lesion import ORGAN_LABELS, LesionFitError
from synthesis.phantom.parameters import PHASES, LesionParameters, PatientParameters, sample_patient
from synthesis.phantom.render import Phantom, render_patient, sample_lesion

__all__ = [
    "LABELS",
    "ORGAN_LABELS",
    "PHASES",
    "LesionFitError",
    "LesionParameters",
    "PatientParameters",
    "Phantom",
    "render_patient",
    "sample_lesion",
    "sample_patient",
]
