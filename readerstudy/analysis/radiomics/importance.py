"""Which features the machine goes by: what it loses when a group of them is shuffled.

Radiomics features come in families that say the same; shuffling one alone costs nothing, as its relatives stand in for
it. So groups of features that go together are shuffled together.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from readerstudy.analysis.radiomics.machine import Machine

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

TOGETHER = 0.7
"""Mean rank correlation, in absolute value, from which features make one group."""


@dataclass(frozen=True)
class FeatureGroup:
    """Features that rise and fall together; `name` is the one most like the others."""

    name: str
    members: list[str]
    columns: IntArray


def feature_groups(features: pd.DataFrame) -> list[FeatureGroup]:
    """Return the features in groups, by average linkage of Spearman's correlation."""
    names = [str(name) for name in features]
    if len(names) == 1:
        return [FeatureGroup(names[0], names, np.arange(1))]
    filled = features.fillna(features.median()).to_numpy(dtype=np.float64)
    alike = np.abs(np.corrcoef(rankdata(filled, axis=0), rowvar=False))
    distance = np.clip(1 - alike, 0.0, None)
    np.fill_diagonal(distance, 0.0)
    label = fcluster(linkage(squareform(distance, checks=False), "average"), 1 - TOGETHER, "distance")
    groups = []
    for number in np.unique(label):
        columns = np.flatnonzero(label == number)
        middle = columns[alike[np.ix_(columns, columns)].sum(axis=1).argmax()]
        groups.append(FeatureGroup(names[middle], [names[column] for column in columns], columns))
    return groups


def shuffled_answers(
    machine: Machine, features: FloatArray, groups: list[FeatureGroup], rng: np.random.Generator
) -> IntArray:
    """Return the machine's answers (groups, tumours) with each group's features shuffled among the tumours."""
    answers = np.empty((len(groups), len(features)), dtype=np.intp)
    for place, group in enumerate(groups):
        shuffled = features.copy()
        shuffled[:, group.columns] = features[rng.permutation(len(features))][:, group.columns]
        answers[place] = machine.answers(shuffled)
    return answers
