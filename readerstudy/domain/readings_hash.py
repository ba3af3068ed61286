"""One hash for all of a study's readings, written into the trail when reading ends."""

import hashlib
from datetime import UTC
from typing import Any

from readerstudy.domain.canonical import canonical_json
from readerstudy.models.reading import Reading
from readerstudy.models.study import Study

FIELDS = (
    "item__sequence__reader__code",
    "item__sequence__former_reader__code",
    "item__position",
    "item__case__code",
    "item__repeat_index",
    "item__sitting",
    "revision",
    "label",
    "rating",
    "comment",
    "mark_mm",
    "attributes",
    "active_ms",
    "elapsed_ms",
    "viewer_version",
)
ROWS_AT_ONCE = 5_000


def readings_in_brief(study: Study) -> dict[str, Any]:
    """Return how many readings the study has, practice and revisions included, and their SHA-256.

    It is that of a line for each: a JSON list, as `canonical` writes it, of `FIELDS`, the submission and the time
    (UTC), ordered by submission, which all databases order alike.
    """
    digest, count = hashlib.sha256(), 0
    rows = Reading.objects.filter(item__case__study=study).order_by("submission")
    for *content, submission, at in rows.values_list(*FIELDS, "submission", "received_at").iterator(ROWS_AT_ONCE):
        line = canonical_json([*content, str(submission), at.astimezone(UTC).isoformat()])
        digest.update(line.encode() + b"\n")
        count += 1
    return {"readings": count, "readings_sha256": digest.hexdigest()}
