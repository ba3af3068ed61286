"""The figures of a stored audit, each with the data that it draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from django.core.cache import cache

from readerstudy.analysis.figures.drawing import Drawing
from readerstudy.analysis.figures.leak_audit import audit_parts, audit_tells
from readerstudy.analysis.frame import POOLED
from readerstudy.domain.leak_audit.features import data_set_features, features_of
from readerstudy.domain.organ_task import is_organ_task
from readerstudy.domain.result_cache import analysis_fingerprint
from readerstudy.models.blinding_audit import BlindingAudit

SHOWN_TELLS = 6
PARTS = ["part", "where", "n_real", "n_synthetic", "auc", "auc_low", "auc_high", "p_value", "found", "detectable_auc"]


def audit_drawings(audit: BlindingAudit) -> dict[str, Drawing]:
    """Return every figure that the audit gives, by name."""
    return {name: drawing for name in DRAWERS if (drawing := audit_drawing(audit, name))}


def audit_drawing(audit: BlindingAudit, name: str) -> Drawing | None:
    """Return one figure, drawn once for each version of the analysis; None where the audit gives none."""
    key = f"audit-{audit.pk}-{audit.finished_at:%Y%m%d%H%M%S%f}-{analysis_fingerprint()}-{name}"
    drawing: Drawing | None = cache.get_or_set(key, lambda: DRAWERS[name](audit))
    return drawing


def _parts(audit: BlindingAudit) -> Drawing | None:
    rows = pd.DataFrame(audit.result["results"])
    if not len(rows):
        return None
    return audit_parts(rows[PARTS].astype({"detectable_auc": "float64"}), of_organs=is_organ_task(audit.study.design))


def _tells(audit: BlindingAudit) -> Drawing | None:
    """Draw each tell's values in the widest comparison that shows it."""
    cases = pd.DataFrame(audit.measured)
    strongest: dict[str, tuple[float, dict[str, Any]]] = {}
    for result in audit.result["results"]:
        for tell in result["tells"]:
            strongest.setdefault(tell["feature"], (tell["auc"], result))
    names = sorted(strongest, key=lambda name: -strongest[name][0])[:SHOWN_TELLS]
    if not names:
        return None
    sources = data_set_features(cases)
    cases = cases.join(sources.columns)
    words = {feature.name: feature.words for feature in [*features_of(audit.study.design), *sources.features]}
    rows = []
    for name in names:
        compared = _compared(cases, strongest[name][1])
        rows.append(pd.DataFrame({"feature": words[name], "truth": compared["truth"], "value": compared[name]}))
    return audit_tells(pd.concat(rows, ignore_index=True), of_organs=is_organ_task(audit.study.design))


def _compared(cases: pd.DataFrame, result: dict[str, Any]) -> pd.DataFrame:
    if result.get("positive", "real") != "real":
        sides = {True: result["positive"], False: result["negative"]}
        return cases.assign(truth=(cases["organ"] == result["positive"]).map(sides))
    of_organ = (cases["organ"] == result["organ"]) | (result["organ"] == POOLED)
    of_generator = cases["generator"].isin(["", result["generator"]]) | (result["generator"] == POOLED)
    compared: pd.DataFrame = cases[of_organ & of_generator]
    return compared


DRAWERS: dict[str, Callable[[BlindingAudit], Drawing | None]] = {"parts": _parts, "tells": _tells}
