"""A case of a closed study in the viewer, for staff who look back at it; leaving a broken one out before that."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from readerstudy.administration.views.studies import take_step
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exclusions import exclude_case
from readerstudy.domain.queries.reviewed_case import read_pack_slice, reviewed_case, viewer_item
from readerstudy.domain.roles import Permission
from readerstudy.models.case import Case
from readerstudy.models.study import Study
from readerstudy.permissions import study_staff


@study_staff(Permission.RESULTS, state=Study.State.CLOSED)
@require_safe
def case_detail(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    try:
        reviewed = reviewed_case(study, code)
    except Case.DoesNotExist:
        raise Http404 from None
    return render(request, "readerstudy/administration/case_detail.html", {"study": study, "reviewed": reviewed})


@study_staff(Permission.RESULTS, state=Study.State.CLOSED)
@never_cache
@require_safe
def case_preview(request: HttpRequest, study: Study, code: str) -> JsonResponse:
    """Describe the case as the viewer takes it."""
    try:
        item = viewer_item(study, code)
    except DomainError as error:
        return JsonResponse({"state": "failed", "error": str(error)})
    address = reverse("case-slice", args=[study.slug, code, 0]).removesuffix("0") + "{n}"
    return JsonResponse({"state": "ready", "item": {**item, "slice_url": address}})


@study_staff(Permission.RESULTS, state=Study.State.CLOSED)
@require_safe
def case_slice(request: HttpRequest, study: Study, code: str, number: int) -> HttpResponse:
    try:
        content = read_pack_slice(study, code, number)
    except DomainError as error:
        return JsonResponse({"error": str(error)}, status=404)
    return HttpResponse(content, content_type="application/octet-stream", headers={"Content-Encoding": "gzip"})


@study_staff(Permission.GOVERN)
@require_POST
def case_exclude(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    done = f"Case {code} is left out for every reader; it is recorded as an amendment."
    return take_step(request, study, exclude_case, done=done, code=code, reason=request.POST.get("reason", ""))
