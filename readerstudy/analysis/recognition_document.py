"""An organ-recognition study's figures as the content of analysis.json, without NaN."""

from typing import Any

from readerstudy.analysis.analysis import software
from readerstudy.analysis.recognition import Recognition
from readerstudy.analysis.recognition_bootstrap import REPLICATES, SEED
from readerstudy.analysis.records import records
from readerstudy.analysis.reporting.recognition import RecognitionFindings

DEFINITIONS = {
    "right": "the organ that was named is the one that the tumour is in",
    "unsure": (
        "a column of its own in the confusion matrix; left out of recall, precision, accuracy, kappa with the truth "
        "and the test against guessing, and counted beside; in of_all figures not recognised"
    ),
    "recall": "of an organ: right / its cases with an answer that names an organ",
    "precision": "of an organ: right / answers that name it",
    "micro": "right / answers that name an organ, all organs together",
    "macro": "the mean of the organs' recalls: what the headline says; guessing gives one over the number of organs",
    "binomial_p": (
        "exact binomial test of micro against guessing, two-sided; of all readers together it takes answers as "
        "independent, which they are not: the interval stands for it"
    ),
    "kappa": "Cohen's kappa with the truth; between readers with unsure as an answer of its own",
    "intervals": (
        "of a reader Wilson's, of macro after Zou and Donner; of all readers percentiles of a bootstrap over readers "
        "and patients"
    ),
    "origin": "all: every case; real, synthetic: those with a patient's, or a synthetic tumour",
    "hidden_repeats": "left out of all but the agreement of readers with themselves; the first reading counts",
}


def recognition_document(found: Recognition, findings: RecognitionFindings, *, alpha: float) -> dict[str, Any]:
    """Return the document."""
    return {
        "task": "organ",
        "organs": list(found.organs),
        "chance": 1 / len(found.organs),
        "software": software(),
        "alpha": alpha,
        "bootstrap_replicates": REPLICATES,
        "bootstrap_seed": SEED,
        "n_readings": found.n_readings,
        "n_readers": found.n_readers,
        "n_cases": found.n_cases,
        "n_patients_with_several_cases": found.n_patients_with_several_cases,
        "headline": f"{findings.headline} {findings.verdict}".strip(),
        "definitions": DEFINITIONS,
        "warnings": findings.limits,
        **{name: records(table) for name, table in found.tables.items()},
    }
