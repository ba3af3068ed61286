"""The results of a closed study: the page, its figures, and the export."""

import shutil
import tempfile
from pathlib import Path

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from readerstudy.administration.drawings import drawing_file
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exports import export_study
from readerstudy.domain.organ_results import results_of
from readerstudy.domain.organ_task import is_organ_task
from readerstudy.domain.queries.reviewed_case import codes_with_images
from readerstudy.domain.report import content_security_policy, render_pdf, render_report
from readerstudy.domain.roles import Permission
from readerstudy.models.study import Study
from readerstudy.permissions import staff_user, study_staff


@study_staff(Permission.RESULTS)
@require_safe
def study_results_page(request: HttpRequest, study: Study) -> HttpResponse:
    context: dict[str, object] = {"study": study, "linked": True}
    if study.state == Study.State.CLOSED:
        results = results_of(study)
        context |= {"results": results, "findings": results.findings, "drawings": results.drawings}
        context["shown_cases"] = codes_with_images(study)
        context["case_rows"] = results.cases.to_dict("records") if is_organ_task(study.design) else []
    page = "organ_results.html" if is_organ_task(study.design) else "study_results.html"
    return render(request, f"readerstudy/administration/{page}", context)


@study_staff(Permission.RESULTS, state=Study.State.CLOSED)
@require_safe
def study_figure(request: HttpRequest, study: Study, name: str, form: str) -> HttpResponse:
    """Send one figure as a file: the drawing, or what it draws."""
    drawing = results_of(study).drawing(name)
    if drawing is None:
        raise Http404
    return drawing_file(drawing, study.slug, form)


@study_staff(Permission.RESULTS, state=Study.State.CLOSED)
@require_safe
def study_report(request: HttpRequest, study: Study) -> HttpResponse:
    """Send the report: one file, under a policy of its own that allows its own style sheet and nothing else."""
    response = HttpResponse(render_report(results_of(study)))
    response["Content-Security-Policy"] = content_security_policy()
    return response


@study_staff(Permission.RESULTS, state=Study.State.CLOSED)
@require_safe
def study_report_pdf(request: HttpRequest, study: Study) -> HttpResponse:
    try:
        content = render_pdf(results_of(study))
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("study-results", slug=study.slug)
    headers = {"Content-Disposition": f'attachment; filename="{study.slug}-report.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


@study_staff(Permission.EXPORT)
@require_POST
def study_export(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Send the exported files as one zip, built in a folder that goes once it is open."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / f"{study.slug}-export"
        try:
            export_study(study=study, folder=files, actor=staff_user(request).get_username())
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("study-results", slug=study.slug)
        archive = shutil.make_archive(str(files), "zip", root_dir=folder, base_dir=files.name)
        return FileResponse(Path(archive).open("rb"), as_attachment=True, filename=f"{files.name}.zip")
