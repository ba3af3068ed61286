"""Deleting a study that was never opened."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from readerstudy.domain.errors import DomainError
from readerstudy.domain.roles import Permission
from readerstudy.domain.study_removal import remove_study, why_kept
from readerstudy.models.study import Study
from readerstudy.permissions import staff_user, study_staff


@study_staff(Permission.GOVERN)
@require_http_methods(["GET", "HEAD", "POST"])
def study_delete(request: HttpRequest, study: Study) -> HttpResponse:
    """Ask for the study's short name (GET), delete the study once it is given (POST)."""
    problem = ""
    if request.method == "POST":
        if request.POST.get("slug", "").strip() == study.slug:
            return _delete(request, study)
        problem = f"Type the short name of the study, {study.slug}, to delete it."
    context = {"study": study, "problem": problem, "why_kept": why_kept(study), "n_cases": study.cases.count()}
    return render(request, "readerstudy/administration/study_delete.html", context)


def _delete(request: HttpRequest, study: Study) -> HttpResponse:
    try:
        remove_study(study=study, actor=staff_user(request).get_username())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("study-detail", slug=study.slug)
    messages.success(request, f"Study {study.slug} is deleted.")
    return redirect("study-list")
