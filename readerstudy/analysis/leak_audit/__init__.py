"""Can anything but the tumour's look tell the arms of a study apart? A permutation test over measured features.

`measures` measures a case, `comparisons` says which cases are compared and how labels may be exchanged,
`evidence` weighs one part of the features in one comparison, `audit` brings them together, `report` holds the
outcome and puts it into words.
"""

from readerstudy.analysis.leak_audit.audit import audit_leaks
from readerstudy.analysis.leak_audit.comparisons import MIN_PATIENTS, TooFewCases
from readerstudy.analysis.leak_audit.feature import Feature, Part
from readerstudy.analysis.leak_audit.report import (
    SURROUNDINGS_ARE_SHOWN,
    UNSEEN,
    UNSEEN_OF_ORGANS,
    LeakAudit,
    PartResult,
)
from readerstudy.analysis.leak_audit.tell import Tell

__all__ = [
    "MIN_PATIENTS",
    "SURROUNDINGS_ARE_SHOWN",
    "UNSEEN",
    "UNSEEN_OF_ORGANS",
    "Feature",
    "LeakAudit",
    "Part",
    "PartResult",
    "Tell",
    "TooFewCases",
    "audit_leaks",
]
