"""The results of a closed study: the page, its figures, and the export."""

import shutil
import tempfile
from pathlib import Path

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from readerstudy.administration.drawings import drawing_file
from readerstudy.analysis.figures.collection import FIGURES
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exports import export_study
from readerstudy.domain.queries.reviewed_case import codes_with_images
from readerstudy.domain.report import content_security_policy, render_pdf, render_report
from readerstudy.domain.results import study_results
from readerstudy.models.study import Study
from readerstudy.permissions import staff_only, staff_user


@staff_only
@require_safe
def study_results_page(request: HttpRequest, slug: str) -> HttpResponse:
    study = get_object_or_404(Study, slug=slug)
    context: dict[str, object] = {"study": study, "linked": True}
    if study.state == Study.State.CLOSED:
        results = study_results(study)
        context |= {"results": results, "findings": results.findings, "drawings": results.drawings}
        context["shown_cases"] = codes_with_images(study)
    return render(request, "readerstudy/administration/study_results.html", context)


@staff_only
@require_safe
def study_figure(request: HttpRequest, slug: str, name: str, form: str) -> HttpResponse:
    """Send one figure as a file: the drawing, or what it draws."""
    study = get_object_or_404(Study, slug=slug, state=Study.State.CLOSED)
    drawing = study_results(study).drawing(name) if name in FIGURES else None
    if drawing is None:
        raise Http404
    return drawing_file(drawing, study, form)


@staff_only
@require_safe
def study_report(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the report: one file, under a policy of its own that allows its own style sheet and nothing else."""
    study = get_object_or_404(Study, slug=slug, state=Study.State.CLOSED)
    response = HttpResponse(render_report(study_results(study)))
    response["Content-Security-Policy"] = content_security_policy()
    return response


@staff_only
@require_safe
def study_report_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    study = get_object_or_404(Study, slug=slug, state=Study.State.CLOSED)
    try:
        content = render_pdf(study_results(study))
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("study-results", slug=slug)
    headers = {"Content-Disposition": f'attachment; filename="{study.slug}-report.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


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
