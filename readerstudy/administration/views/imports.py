"""Importing data sets from the pages: asked for here, done by workers, watched here."""

from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from readerstudy.administration.archive_upload import ArchiveUploadHandler, StreamedArchive, is_announced_too_large
from readerstudy.administration.import_forms import ArchiveImportForm, FolderImportForm
from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.import_root import Listing, has_import_root, list_source
from readerstudy.domain.importing.runs import ask_import, dismiss_import, retry_import, stop_import
from readerstudy.domain.importing.uploads import forget_upload, keep_upload
from readerstudy.models.import_run import ImportRun
from readerstudy.models.job import Job
from readerstudy.permissions import data_managers_only, staff_user


@data_managers_only
@require_http_methods(["GET", "HEAD", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    """Choose a folder of the import folder (GET, `?place=`), have it imported (POST)."""
    if request.method == "POST":
        form = FolderImportForm(request.POST)
        place = form.data.get("place", "")
        if form.is_valid() and (run := _ask(request, form, source=place)):
            return redirect("import-detail", run_id=run.pk)
    else:
        place = request.GET.get("place", "")
        form = FolderImportForm(initial={"place": place})
    listing, trouble = _listing(place)
    context = {"form": form, "listing": listing, "trouble": trouble, "place": place, "has_root": has_import_root()}
    return render(request, "readerstudy/administration/import_new.html", context)


@data_managers_only
@csrf_exempt  # checked by the view below, which the handler has to be given to before anything is read
@require_http_methods(["GET", "HEAD", "POST"])
def import_upload(request: HttpRequest) -> HttpResponse:
    """Send a small data set as a zip."""
    if request.method == "POST" and is_announced_too_large(request):
        return _render_upload(request, ArchiveImportForm(), too_large=True)
    handler = ArchiveUploadHandler(request)
    request.upload_handlers = [handler]
    return _receive(request, handler)


@csrf_protect
def _receive(request: HttpRequest, handler: ArchiveUploadHandler) -> HttpResponse:
    if request.method != "POST":
        return _render_upload(request, ArchiveImportForm())
    form = ArchiveImportForm(request.POST, request.FILES)
    if handler.too_large:
        return _render_upload(request, form, too_large=True)
    archive = request.FILES.get("archive")
    if form.is_valid() and isinstance(archive, StreamedArchive):
        key = keep_upload(Path(archive.temporary_file_path()))
        if run := _ask(request, form, source=key, uploaded=True):
            return redirect("import-detail", run_id=run.pk)
        forget_upload(key)
    return _render_upload(request, form)


@data_managers_only
@require_safe
def import_detail(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(ImportRun.objects.select_related("dataset", "actor"), pk=run_id)
    if run.dataset is not None:
        messages.success(request, f"Data set {run.name} is imported.")
        return redirect("dataset-detail", dataset=run.dataset.name)
    return render(request, "readerstudy/administration/import_detail.html", {"run": run})


@data_managers_only
@never_cache
@require_safe
def import_progress(request: HttpRequest, run_id: int) -> JsonResponse:
    """What the progress bar asks for every few seconds."""
    run = get_object_or_404(ImportRun, pk=run_id)
    return JsonResponse(
        {
            "ready": run.done,
            "total": run.total,
            "failed": len(run.refusals),
            "finished": run.state in (Job.State.SUCCEEDED, Job.State.FAILED),
        }
    )


@data_managers_only
@require_POST
def import_stop(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(ImportRun, pk=run_id)
    stop_import(run=run, actor=staff_user(request).get_username())
    return redirect("import-detail", run_id=run_id)


@data_managers_only
@require_POST
def import_retry(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(ImportRun, pk=run_id)
    try:
        retry_import(run=run, actor=staff_user(request).get_username())
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("import-detail", run_id=run_id)


@data_managers_only
@require_POST
def import_dismiss(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(ImportRun, pk=run_id)
    dismiss_import(run=run, actor=staff_user(request).get_username())
    return redirect("dataset-list")


def _ask(
    request: HttpRequest, form: FolderImportForm | ArchiveImportForm, *, source: str, uploaded: bool = False
) -> ImportRun | None:
    """Queue the import; or note on the form why it can't be."""
    try:
        return ask_import(
            name=form.cleaned_data["name"],
            layout=form.cleaned_data["layout"],
            source=source,
            asked=form.asked(),
            actor=staff_user(request).get_username(),
            uploaded=uploaded,
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return None


def _listing(place: str) -> tuple[Listing | None, str]:
    """Return what the folder holds; of a manifest, the folder around it; or why it can't be shown."""
    if not has_import_root():
        return None, ""
    folder = place.rpartition("/")[0] if place.lower().endswith(".csv") else place
    try:
        return list_source(folder), ""
    except DomainError as error:
        return None, str(error)


def _render_upload(request: HttpRequest, form: ArchiveImportForm, *, too_large: bool = False) -> HttpResponse:
    context = {"form": form, "too_large": too_large, "max_mb": settings.UPLOAD_MAX_MB}
    status = 413 if too_large else 200
    return render(request, "readerstudy/administration/import_upload.html", context, status=status)
