"""The data dictionary: every column of every table of an export, declared once.

The columns of `readings.csv` are declared in `frame`; those of the other tables here.
"""

from dataclasses import dataclass

import pandas as pd

from readerstudy.analysis import frame
from readerstudy.analysis.metrics import COLUMNS as METRICS_COLUMNS

FRACTION = "fraction 0..1"


@dataclass(frozen=True)
class Described:
    type: str
    meaning: str


CASES = {
    "case_id": Described("text", "the case's code, as in readings.csv"),
    "organ": Described("text", "liver, pancreas or kidney"),
    "truth": Described("text", "real (positive) or synthetic (negative)"),
    "generator": Described("text", "what made the synthetic tumour; empty for a real one"),
    "control": Described("0/1", "1 = a deliberately poor synthetic case, counted apart"),
    "host_only": Described("0/1", "1 = shown with its tumour hidden behind a ball, in either arm; counted apart"),
    "stand_in": Described("true/false", "whether a lesion only takes a real tumour's place; empty = not recorded"),
    "diameter_mm": Described("mm", "diameter of the sphere of the tumour's volume; empty = not recorded"),
    "patient_id": Described("text", "cases with the same one are of one patient or host; empty = not recorded"),
    "dataset": Described("text", "the imported data set that the CT came from; empty = read elsewhere"),
    "row": Described("whole number", "its place in the imported list, from 1; empty = read elsewhere"),
    "synthesis_version": Described("text", "version of the synthesis method; empty = real, or made elsewhere"),
    "synthesis_seed": Described("whole number", "seed of the synthesis; empty = real, or made elsewhere"),
    "synthesis_model": Described("text", "name and SHA-256 of the trained model; empty = made by none of ours"),
    "synthesis_rejected": Described(
        "whole number", "samples that the model's filter rejected before the one shown; empty = no trained model"
    ),
    "n_assigned": Described("whole number", "readers whose order holds the case"),
    "n_readings": Described("whole number", "of them who read it: its first readings"),
    "n_wrong": Described("whole number", "of them: real called synthetic, or synthetic called real"),
    "n_unsure": Described("whole number", "of them: unsure"),
    "n_not_seen": Described("whole number", "of them: no tumour seen"),
}
READERS = {
    "reader_id": Described("text", "the reader's code, as in readings.csv"),
    "years": Described("whole number", "of experience; empty = not told"),
    "specialty": Described("text", "empty = not told"),
    "order_drawn_by": Described("text", "the algorithm that drew the reader's order; empty = not recorded"),
    "n_assigned": Described("whole number", "readings asked for, hidden repeats too, practice left out"),
    "n_read": Described("whole number", "of them answered"),
    "n_unsure": Described("whole number", "of those unsure"),
}
GALLERY_REVIEWS = {
    "case_id": Described("text", "the case's code, as in readings.csv"),
    "version": Described("whole number", "1 = as first drawn, 2 = what replaced it, and so on"),
    "truth": Described("text", "real (positive) or synthetic (negative); not known to who reviewed"),
    "generator": Described("text", "what made the synthetic tumour; empty for a real one"),
    "accepted": Described("true/false", "false = rejected and replaced"),
    "reason": Described("text", "the criterion of the design; empty where accepted"),
    "actor": Described("text", "key of the staff user who reviewed, as in audit_log.csv"),
    "at": Described("time", "when, ISO 8601 with time zone"),
    "dataset": Described("text", "where a version that was replaced came from; empty = see cases.csv"),
    "row": Described("whole number", "its place in the imported list; empty = see cases.csv"),
    "synthesis_version": Described("text", "version of the method that made it; empty = see cases.csv"),
    "synthesis_seed": Described("whole number", "its seed; empty = see cases.csv"),
}
GALLERY_RATES = {
    "truth": Described("text", "real (positive) or synthetic (negative)"),
    "generator": Described("text", "what made the synthetic tumours; empty for real ones"),
    "n_cases": Described("whole number", "cases of the arm in the study"),
    "n_reviewed": Described("whole number", "of them reviewed as they are"),
    "n_shown": Described("whole number", "versions that were reviewed, those replaced too"),
    "n_rejected": Described("whole number", "of those rejected"),
    "share": Described(FRACTION, "rejected over reviewed versions; empty = none was reviewed"),
    "p_value": Described(FRACTION, "Fisher's exact test against the real cases' rejections"),
}
AUDIT_LOG = {
    "number": Described("whole number", "the event's place in the study's chain, from 1"),
    "at": Described("time", "when, ISO 8601 with time zone"),
    "actor": Described("text", "a reader's code, a staff user's key, or the command line"),
    "actor_key": Described("text", "whose the event is, as its hash takes it"),
    "address_key": Described("text", "from where, as its hash takes it; empty = command line or worker"),
    "action": Described("text", "what was done"),
    "detail": Described("JSON", "what is known about it"),
    "sha256": Described("text", "hash of the event and of the one before it: see docs/operations.md"),
}
REMARKS = {
    "reader_id": Described("text", "the reader's code, as in readings.csv"),
    "case_id": Described("text", "the case's code, as in readings.csv"),
    "repeat_index": Described("whole number", "as in readings.csv"),
    "comment": Described("text", "empty = none"),
    "mark_x_mm": Described("mm", "where the reader marked what gave it away, in the CT's RAS+ space; empty = no mark"),
    "mark_y_mm": Described("mm", "the same, towards anterior"),
    "mark_z_mm": Described("mm", "the same, towards superior"),
}
REALISM = {
    "reader_id": Described("text", "the reader's code, as in readings.csv"),
    "case_id": Described("text", "the case's code, as in readings.csv"),
    "repeat_index": Described("whole number", "as in readings.csv"),
    **{
        name: Described("1 to 5", f"how real the tumour's {what} looks: 1 = synthetic, 5 = real; empty = not asked")
        for name, what in (("shape", "shape"), ("margin", "margin"), ("texture", "texture"), ("place", "place"))
    },
}
REVISIONS = {
    "reader_id": Described("text", "the reader's code, as in readings.csv"),
    "case_id": Described("text", "the case's code, as in readings.csv"),
    "repeat_index": Described("whole number", "as in readings.csv"),
    "revision": Described("whole number", "1 = the first answer; the last one counts"),
    "received_at": Described("time", "when the server had it, ISO 8601 with time zone"),
    "label": Described("text", "as in readings.csv"),
    "rating": Described("number", "as in readings.csv"),
    "active_s": Described("seconds", "of work on the case before this answer and after the one before it"),
}
SUPERSEDED = {
    "reader_id": Described("text", "the reader's code, as in readers.csv"),
    "draw": Described("whole number", "1 = the first order drawn for the reader, and so on"),
    "superseded_at": Described("time", "when another order took its place, ISO 8601 with time zone"),
    "case_id": Described("text", "the case's code, as in cases.csv"),
    "repeat_index": Described("whole number", "as in readings.csv"),
    "order": Described("whole number", "place in that order"),
    "session": Described("text", "the sitting"),
    "revision": Described("whole number", "1 = the first answer; the last one counted until then"),
    "received_at": Described("time", "when the server had it, ISO 8601 with time zone"),
    "label": Described("text", "as in readings.csv"),
    "rating": Described("number", "as in readings.csv"),
    "active_s": Described("seconds", "of work on the case before this answer and after the one before it"),
}
REALISM_SUMMARY = {
    "attribute": Described("text", "shape, margin, texture or place"),
    "generator": Described("text", "what made the synthetic tumours; all = every one"),
    "n_readers": Described("whole number", "readers who rated tumours of both arms"),
    "median_real": Described("1 to 5", "median level of real (positive) cases"),
    "median_synthetic": Described("1 to 5", "the same of synthetic ones"),
    **{
        f"{truth}_{level}": Described("whole number", f"{truth} cases' first readings at level {level}")
        for truth in ("real", "synthetic")
        for level in range(1, 6)
    },
    "superiority": Described(
        FRACTION, "chance that a real case has the higher level, ties half; mean over readers; 0.5 = no difference"
    ),
    "low": Described(FRACTION, "lower end of its 95 % interval (patients resampled)"),
    "high": Described(FRACTION, "upper end"),
}
PROBLEMS = {
    "reader_id": Described("text", "the reader's code, as in readings.csv"),
    "case_id": Described("text", "the case's code, as in readings.csv"),
    "repeat_index": Described("whole number", "as in readings.csv"),
    "reported_at": Described("time", "when, ISO 8601 with time zone"),
    "text": Described("text", "what the reader says is wrong with the case"),
}
DISPLAYS = {
    "reader_id": Described("text", "the reader's code, as in readings.csv"),
    "checked_at": Described("time", "when, ISO 8601 with time zone"),
    "passed": Described("true/false", "whether both numbers were seen"),
    "dark_shown": Described("text", "number drawn at 5 % on black"),
    "dark_seen": Described("text", "what the reader typed; empty = nothing seen"),
    "bright_shown": Described("text", "number drawn at 95 % on white"),
    "bright_seen": Described("text", "what the reader typed; empty = nothing seen"),
    "screen_width": Described("whole number", "of the screen, in CSS pixels"),
    "screen_height": Described("whole number", "of the screen, in CSS pixels"),
    "pixel_ratio": Described("number", "screen pixels in a CSS pixel"),
    "colour_depth": Described("whole number", "bits of a pixel"),
}
IMRMC_CASES = {
    "number": Described("whole number", "the case's number in the .imrmc files"),
    "case_id": Described("text", "its code, as in readings.csv"),
    "truth": Described("text", "real (positive) or synthetic (negative)"),
}
METRICS = {
    "reader_id": "reader's code; all = pooled over readers",
    "organ": "liver, pancreas or kidney; all = pooled",
    "generator": "what made the synthetic tumours; all = pooled. A real case counts against every generator of its "
    "organ that the same reader read",
    "n_real": "first readings of real cases, unsure ones too",
    "n_synthetic": "first readings of synthetic cases, unsure ones too",
    "tp": "real called real",
    "fn": "real called synthetic",
    "tn": "synthetic called synthetic",
    "fp": "synthetic called real",
    "unsure_real": "real, answered unsure",
    "unsure_synthetic": "synthetic, answered unsure",
    "sensitivity": "tp / (tp + fn)",
    "specificity": "tn / (tn + fp)",
    "accuracy": "(tp + tn) / (tp + fn + tn + fp)",
    "balanced_accuracy": "(sensitivity + specificity) / 2; .5 is chance",
}
BOUNDS = {"_low": "lower", "_high": "upper"}


def dictionary() -> pd.DataFrame:
    """Return one row per file and column: `file`, `column`, `type`, `meaning`."""
    tables = {
        "readings.csv": {name: Described(_type(name), column.meaning) for name, column in frame.COLUMNS.items()},
        "metrics.csv": {name: _metric(name) for name in METRICS_COLUMNS},
        "cases.csv": CASES,
        "readers.csv": READERS,
        "imrmc_cases.csv": IMRMC_CASES,
        "remarks.csv": REMARKS,
        "realism.csv": REALISM,
        "realism_summary.csv": REALISM_SUMMARY,
        "revisions.csv": REVISIONS,
        "superseded.csv": SUPERSEDED,
        "problems.csv": PROBLEMS,
        "displays.csv": DISPLAYS,
        "gallery.csv": GALLERY_RATES,
        "gallery_reviews.csv": GALLERY_REVIEWS,
        "audit_log.csv": AUDIT_LOG,
    }
    rows = [
        (file, name, described.type, described.meaning)
        for file, columns in tables.items()
        for name, described in columns.items()
    ]
    return pd.DataFrame(rows, columns=["file", "column", "type", "meaning"])


def _type(name: str) -> str:
    dtype = frame.COLUMNS[name].dtype
    if dtype == frame.TEXT_DTYPE:
        return "text"
    return "number" if dtype == frame.FLOAT_DTYPE else "whole number"


def _metric(name: str) -> Described:
    for suffix, side in BOUNDS.items():
        if name.endswith(suffix):
            return Described(FRACTION, f"{side} end of the interval of {name.removesuffix(suffix)}")
    kind = "text" if name in ("reader_id", "organ", "generator") else "whole number"
    is_count = name.startswith(("n_", "unsure_")) or name in ("tp", "fn", "tn", "fp")
    return Described(kind if is_count or kind == "text" else FRACTION, METRICS[name])
