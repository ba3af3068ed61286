"""How many cases of each arm were reviewed and rejected before opening. It knows the arms: for opened studies alone."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pandas as pd

from readerstudy.analysis.exports.dictionary import GALLERY_REVIEWS
from readerstudy.analysis.gallery import GALLERY_COLUMNS, gallery_rates
from readerstudy.domain.gallery import last_verdicts
from readerstudy.domain.truths import counted_truths
from readerstudy.models.case import SlicePack
from readerstudy.models.case_review import CaseReplacement, CaseReview
from readerstudy.models.study import Study

Arm = tuple[str, str]
"""Truth and generator."""


def rejection_rates(study: Study) -> pd.DataFrame:
    """Return the rows of `analysis.gallery.gallery_rates`."""
    arms = _arms(study)
    verdicts = last_verdicts(study)
    packs = SlicePack.objects.filter(case__in=arms, file__isnull=False).values_list("case_id", "file__sha256")
    reviewed = Counter(arms[case] for case, content in packs if (case, content) in verdicts)
    shown = Counter(arms[case] for case, _ in verdicts if case in arms)
    rejected = Counter(arms[case] for (case, _), accepted in verdicts.items() if case in arms and not accepted)
    rows = [
        (*arm, n_cases, reviewed[arm], shown[arm], rejected[arm]) for arm, n_cases in Counter(arms.values()).items()
    ]
    return gallery_rates(pd.DataFrame(rows, columns=list(GALLERY_COLUMNS[:6])))


def reviews_table(study: Study) -> pd.DataFrame:
    """Return every review of a closed study: the columns of `dictionary.GALLERY_REVIEWS`."""
    return pd.DataFrame(_reviews(study), columns=list(GALLERY_REVIEWS))


def _reviews(study: Study) -> Iterator[dict[str, Any]]:
    arms = _arms(study)
    replaced: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    for case, was in CaseReplacement.objects.filter(case__study=study).values_list("case_id", "was"):
        replaced[case].append(was)
    versions: dict[uuid.UUID, list[str]] = defaultdict(list)
    for review in CaseReview.objects.filter(case__study=study).select_related("case"):
        truth, generator = arms[review.case_id]
        seen, earlier = versions[review.case_id], replaced[review.case_id]
        if review.content_sha256 not in seen:
            seen.append(review.content_sha256)
        version = seen.index(review.content_sha256)
        yield {
            "case_id": review.case.code,
            "version": version + 1,
            "truth": truth,
            "generator": generator,
            "accepted": str(review.accepted).lower(),
            "reason": review.reason,
            "actor": review.actor_id,
            "at": review.at.isoformat(),
            **(earlier[version] if version < len(earlier) else {}),
        }


def _arms(study: Study) -> dict[uuid.UUID, Arm]:
    rows = counted_truths(study).values_list("case_id", "truth", "generator")
    return {case: (truth, generator) for case, truth, generator in rows}
