"""The truth of the cases that count: what a study is about. No practice, control or host-only item is among them."""

from django.db.models import QuerySet

from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.study import Study


def counted_truths(study: Study) -> QuerySet[GroundTruth]:
    return GroundTruth.objects.filter(case__study=study, case__practice=False, case__host_only=False, control=False)
