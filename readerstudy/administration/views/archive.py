"""A closed study as one file."""

import tempfile
from pathlib import Path

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from readerstudy.domain.archive.writing import archive_study
from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.uploads import uploads_folder
from readerstudy.domain.roles import Permission
from readerstudy.models.study import Study
from readerstudy.permissions import staff_user, study_staff


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
