"""A case of a closed study in the viewer, for staff who look back at what readers took wrongly."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from readerstudy.domain.errors import DomainError
from readerstudy.domain.queries.reviewed_case import read_pack_slice, reviewed_case, viewer_item
from readerstudy.models.case import Case
from readerstudy.models.study import Study
from readerstudy.permissions import staff_only


@staff_only
@require_safe
def case_detail(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    study = _closed(slug)
    try:
        reviewed = reviewed_case(study, code)
    except Case.DoesNotExist:
        raise Http404 from None
    return render(request, "readerstudy/administration/case_detail.html", {"study": study, "reviewed": reviewed})


@staff_only
@never_cache
@require_safe
def case_preview(request: HttpRequest, slug: str, code: str) -> JsonResponse:
    """Describe the case as the viewer takes it."""
    study = _closed(slug)
    try:
        item = viewer_item(study, code)
    except DomainError as error:
        return JsonResponse({"state": "failed", "error": str(error)})
    address = reverse("case-slice", args=[slug, code, 0]).removesuffix("0") + "{n}"
    return JsonResponse({"state": "ready", "item": {**item, "slice_url": address}})


@staff_only
@require_safe
def case_slice(request: HttpRequest, slug: str, code: str, number: int) -> HttpResponse:
    try:
        content = read_pack_slice(_closed(slug), code, number)
    except DomainError as error:
        return JsonResponse({"error": str(error)}, status=404)
    return HttpResponse(content, content_type="application/octet-stream", headers={"Content-Encoding": "gzip"})


def _closed(slug: str) -> Study:
    return get_object_or_404(Study, slug=slug, state=Study.State.CLOSED)
