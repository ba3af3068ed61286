"""One hash for a study's case set: equal where every case is the same to the byte, in what it is and what it shows."""

import hashlib

from readerstudy.domain.canonical import canonical_json
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.study import Study

ALGORITHM = "cases-2"  # names `FIELDS` in frozen protocols: another list gives other hashes
FIELDS = (
    "case__code",
    "case__organ",
    "case__practice",
    "case__host_only",
    "truth",
    "generator",
    "control",
    "stand_in",
    "source__volume__patient_key",
    "source__volume__content_sha256",
    "synthesis_run__request",
    "synthesis_run__seed",
    "synthesis_run__recipe",
    "case__pack__file__sha256",
    "case__pack__shape",
    "case__pack__spacing_mm",
    "case__pack__cue_slice",
    "case__pack__cue_point",
)


def case_set_sha256(study: Study) -> str:
    """Return the SHA-256 of the study's cases, practice included, in the order of their codes."""
    digest = hashlib.sha256()
    rows = GroundTruth.objects.filter(case__study=study).order_by("case__code")
    for row in rows.values_list(*FIELDS).iterator():
        digest.update(canonical_json(row).encode() + b"\n")
    return digest.hexdigest()
