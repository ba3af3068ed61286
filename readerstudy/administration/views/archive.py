"""A closed study as one file: sent, and taken in again."""

import shutil
import tempfile
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from readerstudy.administration.archive_upload import (
    ArchiveUploadHandler,
    StreamedArchive,
    is_announced_too_large,
)
from readerstudy.domain.archive.restoring import restore_study
from readerstudy.domain.archive.writing import archive_study
from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.uploads import uploads_folder
from readerstudy.domain.roles import Permission
from readerstudy.models.study import Study
from readerstudy.permissions import staff_only, staff_user, study_staff

CALLED = "The uploaded file"  # what refusals call it: the name that it had stays on the sender's computer


@study_staff(Permission.GOVERN)
@require_POST
def study_archive(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Send the archive, built in a folder that goes once it is open."""
    with tempfile.TemporaryDirectory(dir=uploads_folder()) as folder:
        path = Path(folder) / f"{study.slug}.zip"
        try:
            archive_study(study=study, path=path, actor=staff_user(request).get_username())
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("study-detail", slug=study.slug)
        return FileResponse(path.open("rb"), as_attachment=True, filename=path.name)


@staff_only
@csrf_exempt  # checked by the view below, which the handler has to be given to before anything is read
@require_http_methods(["GET", "HEAD", "POST"])
def study_restore(request: HttpRequest) -> HttpResponse:
    """Ask for an archive (GET), restore the study that it holds (POST)."""
    if request.method == "POST" and is_announced_too_large(request):
        return _render(request, too_large=True)
    handler = ArchiveUploadHandler(request)
    request.upload_handlers = [handler]
    return _receive(request, handler)


@csrf_protect
def _receive(request: HttpRequest, handler: ArchiveUploadHandler) -> HttpResponse:
    if request.method != "POST":
        return _render(request)
    archive = request.FILES.get("archive")  # which reads it
    if handler.too_large:
        return _render(request, too_large=True)
    if not isinstance(archive, StreamedArchive):
        return _render(request, problem="Choose the archive first.")
    try:
        study = _restore(request, Path(archive.temporary_file_path()))
    except DomainError as error:
        return _render(request, problem=str(error))
    messages.success(request, f"Study {study.slug} is restored, as it was archived.")
    return redirect("study-detail", slug=study.slug)


def _restore(request: HttpRequest, path: Path) -> Study:
    owner = staff_user(request)
    with tempfile.TemporaryDirectory(dir=uploads_folder()) as folder:
        moved = Path(shutil.move(path, Path(folder) / CALLED))
        return restore_study(path=moved, actor=owner.get_username(), owner=owner)


def _render(request: HttpRequest, *, problem: str = "", too_large: bool = False) -> HttpResponse:
    context = {"problem": problem, "too_large": too_large, "max_mb": settings.UPLOAD_MAX_MB}
    status = 413 if too_large else 200
    return render(request, "readerstudy/administration/study_restore.html", context, status=status)
