"""Generating a study's cases, and watching it."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from readerstudy.domain.case_sets import retry_failed, start_generation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.queries.progress import study_progress
from readerstudy.models.study import Study
from readerstudy.permissions import staff_only, staff_user


@staff_only
@require_POST
def study_generate(request: HttpRequest, slug: str) -> HttpResponse:
    return _act(request, slug, start_generation)


@staff_only
@require_POST
def study_retry(request: HttpRequest, slug: str) -> HttpResponse:
    return _act(request, slug, retry_failed)


@staff_only
@never_cache
@require_safe
def study_progress_json(request: HttpRequest, slug: str) -> JsonResponse:
    """What the progress bar asks for every few seconds."""
    progress = study_progress(get_object_or_404(Study, slug=slug))
    shown = ("total", "ready", "running", "queued", "failed", "finished")
    return JsonResponse({name: getattr(progress, name) for name in shown})


def _act(request: HttpRequest, slug: str, act: Callable[..., object]) -> HttpResponse:
    study = get_object_or_404(Study, slug=slug)
    try:
        act(study=study, actor=staff_user(request).get_username())
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("study-detail", slug=slug)
