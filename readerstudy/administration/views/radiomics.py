"""The radiomics experiment on a data set or a closed study: asked for, watched, read. It knows the truth."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from readerstudy.administration.drawings import drawing_file
from readerstudy.analysis.radiomics.words import methods, notes
from readerstudy.domain.errors import DomainError
from readerstudy.domain.organ_results import OrganResults, results_of
from readerstudy.domain.radiomics.figures import maps_of, questions_of, run_drawing
from readerstudy.domain.radiomics.runs import WAITING, ask_radiomics, runs_of
from readerstudy.domain.radiomics.tables import TABLES, run_table
from readerstudy.domain.radiomics.tumors import scans_with_tumors
from readerstudy.domain.roles import Permission
from readerstudy.models.dataset import Dataset
from readerstudy.models.job import Job
from readerstudy.models.radiomics_run import RadiomicsRun
from readerstudy.models.study import Study
from readerstudy.permissions import data_managers_only, staff_only, staff_user, study_staff

TEMPLATE = "readerstudy/administration/radiomics.html"


@staff_only
@require_safe
def dataset_radiomics(request: HttpRequest, dataset: str) -> HttpResponse:
    found = get_object_or_404(Dataset, name=dataset)
    context = {
        "dataset": found,
        "tumors": scans_with_tumors(found).count(),
        "may_run": request.user.has_perm("readerstudy.manage_data"),
    }
    return render(request, TEMPLATE, {**context, **_shown(found)})


@data_managers_only
@require_POST
def dataset_radiomics_run(request: HttpRequest, dataset: str) -> HttpResponse:
    _ask(request, get_object_or_404(Dataset, name=dataset))
    return redirect("dataset-radiomics", dataset=dataset)


@staff_only
@never_cache
@require_safe
def dataset_radiomics_progress(request: HttpRequest, dataset: str) -> JsonResponse:
    return _progress(get_object_or_404(Dataset, name=dataset))


@staff_only
@require_safe
def dataset_radiomics_figure(request: HttpRequest, dataset: str, name: str, form: str) -> HttpResponse:
    return _file(get_object_or_404(Dataset, name=dataset), dataset, name, form)


@study_staff(Permission.RESULTS, state=Study.State.CLOSED)
@require_safe
def study_radiomics(request: HttpRequest, study: Study) -> HttpResponse:
    context = {"study": study, "may_run": True, **_shown(study)}
    if context["run"] is not None:
        context["readers"] = _said_of_readers(study)
    return render(request, TEMPLATE, context)


@study_staff(Permission.RESULTS, state=Study.State.CLOSED)
@require_POST
def study_radiomics_run(request: HttpRequest, study: Study) -> HttpResponse:
    _ask(request, study)
    return redirect("study-radiomics", slug=study.slug)


@study_staff(Permission.RESULTS, state=Study.State.CLOSED)
@never_cache
@require_safe
def study_radiomics_progress(request: HttpRequest, study: Study) -> JsonResponse:
    return _progress(study)


@study_staff(Permission.RESULTS, state=Study.State.CLOSED)
@require_safe
def study_radiomics_figure(request: HttpRequest, study: Study, name: str, form: str) -> HttpResponse:
    return _file(study, study.slug, name, form)


def _said_of_readers(study: Study) -> list[dict[str, str]]:
    """Return what the readers did, in a sentence for each generator, or one of the organs."""
    results = results_of(study)
    if isinstance(results, OrganResults):
        findings = results.findings
        return [{"generator": "", "sentence": f"{findings.headline} {findings.verdict}".strip()}]
    return [{"generator": one.generator, "sentence": one.sentence} for one in results.findings.headlines]


def _shown(of: Dataset | Study) -> dict[str, Any]:
    """Return what the page shows of the latest run, and of the latest that ended well."""
    latest = runs_of(of).first()
    run = _finished(of)
    context: dict[str, Any] = {
        "waiting": latest if latest and latest.state in WAITING else None,
        "failed": latest if latest and latest.state == Job.State.FAILED else None,
        "run": run,
    }
    if run is not None:
        found = run.result
        context |= {
            "found": found,
            "questions": questions_of(run),
            "maps": maps_of(run),
            "notes": notes(found),
            "methods": methods(found, **found["settings"]),
            "stand_in": found["stand_in"],
        }
    return context


def _finished(of: Dataset | Study) -> RadiomicsRun | None:
    return runs_of(of).filter(state=Job.State.SUCCEEDED).first()


def _ask(request: HttpRequest, of: Dataset | Study) -> None:
    try:
        ask_radiomics(of=of, actor=staff_user(request).get_username())
    except DomainError as error:
        messages.error(request, str(error))


def _progress(of: Dataset | Study) -> JsonResponse:
    """Answer what the progress bar asks for every few seconds."""
    latest = runs_of(of).first()
    if latest is None:
        return JsonResponse({"ready": 0, "total": 100, "finished": True})
    return JsonResponse({"ready": latest.done, "total": 100, "finished": latest.state not in WAITING})


def _file(of: Dataset | Study, owner: str, name: str, form: str) -> HttpResponse:
    """Send one figure of the latest run, what it draws, or the table of features."""
    run = _finished(of)
    if run is None:
        raise Http404
    if form == "csv" and name in TABLES:
        headers = {"Content-Disposition": f'attachment; filename="{owner}-radiomics-{name}.csv"'}
        return HttpResponse(run_table(run, name), content_type="text/csv", headers=headers)
    drawing = run_drawing(run, name)
    if drawing is None:
        raise Http404
    return drawing_file(drawing, f"{owner}-radiomics", form)
