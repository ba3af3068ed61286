"""The leak audit of a study: asked for, watched, and read. It knows what tells the arms apart: for staff alone."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from readerstudy.administration.drawings import drawing_file
from readerstudy.domain.errors import DomainError
from readerstudy.domain.leak_audit.figures import DRAWERS, audit_drawing, audit_drawings
from readerstudy.domain.leak_audit.runs import WAITING, ask_audit, finished_audits, latest_audit, standing_audit
from readerstudy.domain.protocol import protocol_of
from readerstudy.domain.roles import Permission
from readerstudy.models.job import Job
from readerstudy.models.study import Study
from readerstudy.permissions import staff_user, study_staff

SHOWN_EARLIER = 10


@study_staff(Permission.VIEW)
@require_safe
def study_audit(request: HttpRequest, study: Study) -> HttpResponse:
    latest = latest_audit(study)
    finished = list(finished_audits(study)[: SHOWN_EARLIER + 1])
    audit = finished[0] if finished else None
    context = {
        "study": study,
        "waiting": latest if latest and latest.state in WAITING else None,
        "failed": latest if latest and latest.state == Job.State.FAILED else None,
        "audit": audit,
        "stands": audit is not None and audit == standing_audit(study),
        "drawings": audit_drawings(audit) if audit else {},
        "earlier": finished[1:],
        "protocol": protocol_of(study),
    }
    return render(request, "readerstudy/administration/study_audit.html", context)


@study_staff(Permission.CONDUCT)
@require_POST
def study_audit_run(request: HttpRequest, study: Study) -> HttpResponse:
    try:
        ask_audit(study=study, actor=staff_user(request).get_username())
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("study-audit", slug=study.slug)


@study_staff(Permission.VIEW)
@never_cache
@require_safe
def study_audit_progress(request: HttpRequest, study: Study) -> JsonResponse:
    """What the progress bar asks for every few seconds."""
    latest = latest_audit(study)
    if latest is None:
        return JsonResponse({"ready": 0, "total": 0, "finished": True})
    return JsonResponse({"ready": latest.done, "total": latest.total, "finished": latest.state not in WAITING})


@study_staff(Permission.VIEW)
@require_safe
def study_audit_figure(request: HttpRequest, study: Study, name: str, form: str) -> HttpResponse:
    """Send one figure of the latest audit as a file: the drawing, or what it draws."""
    audit = finished_audits(study).first()
    drawing = audit_drawing(audit, name) if audit and name in DRAWERS else None
    if drawing is None:
        raise Http404
    return drawing_file(drawing, study.slug, form)
