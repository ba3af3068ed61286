"""What readers reported about a study's cases. Never what the cases are."""

from readerstudy.models.problem_report import ProblemReport
from readerstudy.models.study import Study


def reported_problems(study: Study) -> list[ProblemReport]:
    """Return the reports, latest first, with their case and reader; one query."""
    reports = ProblemReport.objects.filter(item__case__study=study).order_by("-received_at", "-pk")
    return list(
        reports.select_related("item__case__exclusion", "item__sequence__reader", "item__sequence__former_reader"),
    )
