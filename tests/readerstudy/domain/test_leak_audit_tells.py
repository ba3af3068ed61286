"""Twelve planted tells, each alone, in CTs drawn, written and measured as a study's: found and named at 30 + 30 cases.

`benchmarks/leak_audit.py` does the same with more tells, many sets of each, and two hundred sets without any.
"""

import pandas as pd
import pytest
from scipy.stats import rankdata

from benchmarks.leak_audit_cases import TELLS, Tell, draw_cases
from readerstudy.analysis.leak_audit import audit_leaks
from readerstudy.domain.leak_audit.features import FEATURES, data_set_features

PER_ARM = 30
TWELVE = [
    "distance between slices",
    "number of slices",
    "bytes (another compression)",
    "place in the readers' orders",
    "noise",
    "HU offset",
    "sharpness",
    "table",
    "field of view",
    "source data set",
    "tumour size",
    "number of lesions",
]


@pytest.mark.parametrize("tell", [tell for tell in TELLS if tell.name in TWELVE], ids=lambda tell: tell.name)
def test_a_planted_tell_is_found_and_named(tell: Tell):
    cases = pd.DataFrame(draw_cases(tell, per_arm=PER_ARM, seed=3)).assign(organ="liver")
    cases["generator"] = ["" if truth == "real" else "gan" for truth in cases["truth"]]
    sources = data_set_features(cases)
    cases = cases.join(sources.columns)
    assert auc(cases[tell.features[0]], cases["truth"]) >= 0.95

    result = audit_leaks(cases, [*FEATURES, *sources.features], permutations=999, seed=3)

    assert result.found
    assert set(tell.features) & {one.feature for part in result.results for one in part.tells}


def auc(values: pd.Series, truth: pd.Series) -> float:
    """How well the values tell the arms apart, whichever has the higher ones."""
    real = (truth == "real").to_numpy()
    area = (rankdata(values)[real].sum() - PER_ARM * (PER_ARM + 1) / 2) / PER_ARM**2
    return max(area, 1 - area)


def test_there_are_twelve():
    assert {tell.name for tell in TELLS} >= set(TWELVE)
    assert len(TWELVE) == 12
