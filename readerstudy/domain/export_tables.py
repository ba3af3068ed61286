"""The tables of an export that the database fills: cases, readers and the audit log."""

from __future__ import annotations

import pandas as pd
from django.db.models import Count, Q

from readerstudy.analysis.exports.dictionary import AUDIT_LOG, CASES, READERS
from readerstudy.analysis.exports.tables import read_cases, read_readers
from readerstudy.domain.trail.export import pseudonymous_row
from readerstudy.domain.unblinding import UnblindedCase, unblinded_cases
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun

COUNTS = ["n_readings", "n_wrong", "n_unsure", "n_not_seen"]
NOT_DRAWN_HERE = {Sequence.ORDER_NOT_RECORDED: ""}


def cases_table(study: Study, readings: pd.DataFrame) -> pd.DataFrame:
    """Return one row per counted case of a closed study, read or not: the columns of `dictionary.CASES`."""
    cases = unblinded_cases(study)
    truths = (
        GroundTruth.objects.filter(case__study=study, case__practice=False, case__exclusion=None)
        .select_related("source__volume__dataset", "synthesis_run")
        .order_by("case__code")
    )
    assigned = SequenceItem.objects.filter(sequence__reader__study=study, repeat_index=0, case__practice=False)
    readers = dict(assigned.values_list("case").annotate(Count("pk")))
    rows = [
        _case(cases[truth.case_id], truth) | {"n_assigned": readers.get(truth.case_id, 0)}
        for truth in truths.iterator()
    ]
    counts = read_cases(readings).set_index("case_id")[COUNTS]
    table = pd.DataFrame(rows, columns=[name for name in CASES if name not in COUNTS])
    table = table.join(counts, on="case_id").fillna(dict.fromkeys(COUNTS, 0))
    return table.astype(dict.fromkeys(("row", "synthesis_seed", "synthesis_rejected", *COUNTS), "Int64"))[list(CASES)]


def readers_table(study: Study, readings: pd.DataFrame) -> pd.DataFrame:
    """Return one row per reader, also of those who read nothing: the columns of `dictionary.READERS`."""
    asked = Count("sequence__items", filter=Q(sequence__items__case__practice=False))
    readers = Reader.objects.filter(study=study).select_related("sequence").annotate(n_assigned=asked).order_by("code")
    rows = [
        {
            "reader_id": reader.code,
            "years": reader.years,
            "specialty": reader.specialty,
            "order_drawn_by": NOT_DRAWN_HERE.get(reader.sequence.algorithm, reader.sequence.algorithm),
            "n_assigned": reader.n_assigned,
        }
        for reader in readers
    ]
    counts = read_readers(readings).set_index("reader_id")[["n_read", "n_unsure"]]
    table = pd.DataFrame(rows, columns=[name for name in READERS if name not in counts])
    table = table.join(counts, on="reader_id").fillna(dict.fromkeys(counts, 0))
    return table.astype(dict.fromkeys(("years", *counts), "Int64"))[list(READERS)]


def audit_log_table(study: Study) -> pd.DataFrame:
    """Return the study's audit trail: the columns of `dictionary.AUDIT_LOG`."""
    events = study.audit_events.select_related("actor").order_by("number")
    return pd.DataFrame([pseudonymous_row(event) for event in events], columns=list(AUDIT_LOG))


def _case(case: UnblindedCase, truth: GroundTruth) -> dict[str, object]:
    source, run = truth.source, truth.synthesis_run
    return {
        "case_id": case.case_id,
        "organ": case.organ,
        "truth": case.truth,
        "generator": case.generator,
        "control": case.control,
        "host_only": case.host_only,
        "stand_in": str(truth.stand_in).lower() if source else "",
        "diameter_mm": run.diameter_mm if run else source.diameter_mm if source else None,
        "patient_id": case.patient_id,
        "dataset": source.volume.dataset.name if source else "",
        "row": source.row if source else None,
        "synthesis_version": run.request["version"] if run else "",
        "synthesis_seed": run.seed if run else None,
        **_trained_model(run),
    }


def _trained_model(run: SynthesisRun | None) -> dict[str, object]:
    """Return which trained model made a tumour, and how many samples its filter rejected: it picks within one arm."""
    made = run.recipe["parameters"] if run and run.recipe and "model" in run.request else None
    return {
        "synthesis_model": f"{made['model']} {made['model_sha256']}" if made else "",
        "synthesis_rejected": made["rejected"] if made else None,
    }
