"""The results of a closed study, and its export."""

import shutil
import tempfile
from pathlib import Path

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from readerstudy.analysis.reporting.tables import group_by_reader, pooled_tests
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exports import export_study
from readerstudy.domain.results import study_results
from readerstudy.models.study import Study
from readerstudy.permissions import staff_only, staff_user


@staff_only
@require_safe
def study_results_page(request: HttpRequest, slug: str) -> HttpResponse:
    study = get_object_or_404(Study, slug=slug)
    context: dict[str, object] = {"study": study}
    if study.state == Study.State.CLOSED:
        results = study_results(study)
        context |= {
            "results": results,
            "readers": group_by_reader(results.analysis.metrics),
            "pooled_tests": pooled_tests(results.analysis.document),
            "confidence": f"{100 * (1 - results.analysis.document['alpha']):g} %",
            "n_readers": results.readings["reader_id"].nunique(),
            "n_cases": results.readings["case_id"].nunique(),
        }
    return render(request, "readerstudy/administration/study_results.html", context)


@staff_only
@require_POST
def study_export(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Send the exported files as one zip, built in a folder that goes once it is open."""
    study = get_object_or_404(Study, slug=slug)
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / f"{study.slug}-export"
        try:
            export_study(study=study, folder=files, actor=staff_user(request).get_username())
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("study-results", slug=slug)
        archive = shutil.make_archive(str(files), "zip", root_dir=folder, base_dir=files.name)
        return FileResponse(Path(archive).open("rb"), as_attachment=True, filename=f"{files.name}.zip")
