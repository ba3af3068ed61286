"""Tables of features that are drawn, so that what can be told from them is known."""

import numpy as np
import pandas as pd

from readerstudy.analysis.frame import ORGANS

CLASSES = ("shape", "firstorder", "glcm", "glrlm")
FEATURES = 24
FACTORS = 6  # that the features mix: like radiomics, they go together


def feature_table(
    *, patients=60, each=1, organs=ORGANS, arms=("real",), organ_shift=0.0, arm_shift=0.0, patient_shift=0.0, seed=0
):
    """Tumours of `patients` patients, `each` of them with so many of one organ.

    Their features are alike but for what is planted: shifts, in standard deviations, of a quarter of the features by
    organ, or by arm, and of all of them at random by patient.
    """
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), each)
    organ, arm = patient % len(organs), patient // len(organs) % len(arms)
    mixing = rng.normal(size=(FACTORS, FEATURES)) / np.sqrt(FACTORS)
    values = rng.normal(size=(patient.size, FACTORS)) @ mixing + 0.5 * rng.normal(size=(patient.size, FEATURES))
    values[:, : FEATURES // 4] += organ_shift * organ[:, np.newaxis]
    values[:, : FEATURES // 4] += arm_shift * arm[:, np.newaxis]
    values += patient_shift * rng.normal(size=(patients, FEATURES))[patient]
    described = pd.DataFrame(
        {
            "case_id": [f"c{number}" for number in range(patient.size)],
            "patient_id": [f"p{number}" for number in patient],
            "organ": np.array(organs)[organ],
            "origin": np.array(arms)[arm],
            "generator": np.where(np.array(arms)[arm] == "synthetic", "automaton", ""),
            "diameter_mm": rng.uniform(5, 20, patient.size).round(1),
        }
    )
    names = [f"{CLASSES[place % len(CLASSES)]}_f{place}" for place in range(FEATURES)]
    return described.join(pd.DataFrame(values, columns=names))
