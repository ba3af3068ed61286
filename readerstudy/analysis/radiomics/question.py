"""What is asked of the features: which organ a tumour is of, or whether it is real."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.frame import ORGANS
from readerstudy.analysis.radiomics.table import ORIGINS, Tumors

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

ORGAN, ORIGIN = "organ", "origin"
EVERY = "real and synthetic"
FEWEST_PATIENTS = 10
"""Of a class: with fewer, five folds leave a training set of which nothing can be said."""


@dataclass(frozen=True)
class Question:
    """One question, and the tumours that it is asked of.

    Attributes
    ----------
    about : str
        `ORGAN` or `ORIGIN`: the column that the answer stands in.
    among : str
        `real`, `synthetic` or `EVERY`.
    names : list of str
        The classes.
    tumors : Tumors
    """

    about: str
    among: str
    names: list[str]
    tumors: Tumors

    @property
    def features(self) -> FloatArray:
        return self.tumors.features.to_numpy(dtype=np.float64)

    @property
    def classes(self) -> IntArray:
        """The class of each tumour, as a place in `names`."""
        places = {name: place for place, name in enumerate(self.names)}
        return np.asarray([places[name] for name in self.tumors.rows[self.about]], dtype=np.intp)

    @property
    def patients(self) -> IntArray:
        place, _ = pd.factorize(self.tumors.rows["patient_id"])
        return np.array(place, dtype=np.intp)

    @property
    def chance(self) -> float:
        """What guessing gives as balanced accuracy."""
        return 1 / len(self.names)


def questions(tumors: Tumors) -> Iterator[Question]:
    """Yield every question for which at least two classes have `FEWEST_PATIENTS` patients."""
    origin = tumors.rows["origin"].to_numpy(dtype=str)
    arms = [arm for arm in ORIGINS if (origin == arm).any()]
    for among in [*arms, *([EVERY] if len(arms) > 1 else [])]:
        yield from _question(ORGAN, among, tumors.only(np.isin(origin, [among] if among != EVERY else arms)))
    if len(arms) > 1:
        yield from _question(ORIGIN, EVERY, tumors)


def too_few(tumors: Tumors) -> list[str]:
    """Say which classes have too few patients to be asked about."""
    said = []
    for arm in ORIGINS:
        own = tumors.rows[tumors.rows["origin"] == arm]
        for organ, patients in own.groupby("organ")["patient_id"].nunique().items():
            if patients < FEWEST_PATIENTS:
                said.append(f"{arm} tumours of the {organ}: {patients} patient{'' if patients == 1 else 's'}")
    return said


def _question(about: str, among: str, tumors: Tumors) -> Iterator[Question]:
    patients = tumors.rows.groupby(about)["patient_id"].nunique()
    order = list(ORGANS if about == ORGAN else ORIGINS)
    named = sorted(patients.index, key=lambda name: (order.index(name) if name in order else len(order), name))
    names = [str(name) for name in named if patients[name] >= FEWEST_PATIENTS]
    if len(names) < 2:
        return
    kept = tumors.only(tumors.rows[about].isin(names).to_numpy())
    if kept.features.shape[1]:
        yield Question(about, among, names, kept)
