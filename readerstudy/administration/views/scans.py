"""One imported scan in the viewer, with its masks. For staff alone: readers see cases, never scans."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from readerstudy.domain.errors import DomainError
from readerstudy.domain.previews import ask_preview, read_preview_slice
from readerstudy.domain.store import get_store
from readerstudy.models.job import Job
from readerstudy.models.volume import OrganScan
from readerstudy.models.volume_preview import VolumePreview
from readerstudy.permissions import staff_only


@staff_only
@require_safe
def scan_detail(request: HttpRequest, scan_id: int) -> HttpResponse:
    scan = _scan(scan_id)
    same = scan.volume.organ_scans.exclude(pk=scan.pk).order_by("row")
    context = {"scan": scan, "dataset": scan.volume.dataset, "same": same, "lesions": scan.measured_lesions.all()}
    return render(request, "readerstudy/administration/scan_detail.html", context)


@staff_only
@never_cache
@require_safe
def scan_preview(request: HttpRequest, scan_id: int) -> JsonResponse:
    """What the page asks for until the scan can be shown."""
    preview = ask_preview(scan=_scan(scan_id))
    if preview.state == Job.State.FAILED:
        return JsonResponse({"state": "failed", "error": preview.error})
    if preview.state != Job.State.SUCCEEDED:
        return JsonResponse({"state": "waiting"})
    return JsonResponse({"state": "ready", "item": _item(preview)})


@staff_only
@require_safe
def scan_slice(request: HttpRequest, scan_id: int, number: int) -> HttpResponse:
    return _member(scan_id, number, overlay=False)


@staff_only
@require_safe
def scan_overlay(request: HttpRequest, scan_id: int, number: int) -> HttpResponse:
    return _member(scan_id, number, overlay=True)


@staff_only
@require_safe
def scan_thumbnail(request: HttpRequest, scan_id: int) -> HttpResponse:
    thumbnail = _scan(scan_id).thumbnail
    if thumbnail is None:
        raise Http404
    return HttpResponse(get_store().read(thumbnail), content_type="image/png")


def _scan(scan_id: int) -> OrganScan:
    return get_object_or_404(OrganScan.objects.select_related("volume__dataset", "thumbnail"), pk=scan_id)


def _member(scan_id: int, number: int, *, overlay: bool) -> HttpResponse:
    try:
        content = read_preview_slice(scan=_scan(scan_id), number=number, overlay=overlay)
    except DomainError as error:
        return JsonResponse({"error": str(error)}, status=404)
    return HttpResponse(content, content_type="application/octet-stream", headers={"Content-Encoding": "gzip"})


def _item(preview: VolumePreview) -> dict[str, Any]:
    """Describe the scan as the viewer takes a case."""

    def address(name: str) -> str:
        return reverse(name, args=[preview.scan_id, 0]).removesuffix("0") + "{n}"

    return {
        "token": f"scan-{preview.scan_id}",
        "organ": preview.scan.organ,
        "shape": preview.shape,
        "spacing_mm": preview.spacing_mm,
        "towards": preview.towards,
        "cue_slice": preview.cue_slice,
        "slice_url": address("scan-slice"),
        "overlay_url": address("scan-overlay"),
    }
