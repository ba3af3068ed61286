"""The audit trail: of a study, for its staff (addresses: for its owners); of the installation, for administrators."""

from typing import Any, cast

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from readerstudy.administration.trail_form import TrailForm
from readerstudy.domain.queries.trail import told, trail
from readerstudy.domain.roles import Permission
from readerstudy.domain.trail.export import trail_file
from readerstudy.domain.trail.verify import verify_events
from readerstudy.models.study import Study
from readerstudy.permissions import StudyRequest, administrators_only, study_staff

EVENTS_ON_A_PAGE = 50
MEDIA_TYPES = {"csv": "text/csv", "json": "application/json"}


@study_staff(Permission.VIEW)
@require_safe
def study_trail(request: HttpRequest, study: Study) -> HttpResponse:
    owner = Permission.GOVERN in cast(StudyRequest, request).study_rights
    return _page(request, study, {"chain": verify_events(study.slug), "addresses": owner})


@study_staff(Permission.GOVERN)
@require_safe
def study_trail_file(request: HttpRequest, study: Study, form: str) -> HttpResponse:
    return _file(request, study, form)


@administrators_only
@require_safe
def installation_trail(request: HttpRequest) -> HttpResponse:
    return _page(request, None, {"addresses": True, "all_studies": True})


@administrators_only
@require_safe
def installation_trail_file(request: HttpRequest, form: str) -> HttpResponse:
    return _file(request, None, form)


def _page(request: HttpRequest, study: Study | None, more: dict[str, Any]) -> HttpResponse:
    form = TrailForm(request.GET, study=study)
    page = Paginator(trail(study, form.wanted()), EVENTS_ON_A_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "study": study,
        "form": form,
        "page": page,
        "events": told(page.object_list),
        "query": query.urlencode(),
        **more,
    }
    return render(request, "readerstudy/administration/trail.html", context)


def _file(request: HttpRequest, study: Study | None, form: str) -> HttpResponse:
    wanted = TrailForm(request.GET, study=study).wanted()
    content = trail_file(trail(study, wanted).order_by("study_id", "number"), form)
    name = f"{study.slug if study else 'installation'}-trail.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=MEDIA_TYPES[form], headers=headers)
