"""Generating a study's cases, and watching it."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from readerstudy.domain.case_sets import retry_failed, start_generation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.queries.progress import study_progress
from readerstudy.domain.roles import Permission
from readerstudy.models.study import Study
from readerstudy.permissions import staff_user, study_staff


@study_staff(Permission.CONDUCT)
@require_POST
def study_generate(request: HttpRequest, study: Study) -> HttpResponse:
    return _act(request, study, start_generation)


@study_staff(Permission.CONDUCT)
@require_POST
def study_retry(request: HttpRequest, study: Study) -> HttpResponse:
    return _act(request, study, retry_failed)


@study_staff(Permission.VIEW)
@never_cache
@require_safe
def study_progress_json(request: HttpRequest, study: Study) -> JsonResponse:
    """What the progress bar asks for every few seconds."""
    progress = study_progress(study)
    shown = ("total", "ready", "running", "queued", "failed", "finished")
    return JsonResponse({name: getattr(progress, name) for name in shown})


def _act(request: HttpRequest, study: Study, act: Callable[..., object]) -> HttpResponse:
    try:
        act(study=study, actor=staff_user(request).get_username())
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("study-detail", slug=study.slug)
