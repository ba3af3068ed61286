"""Listing, designing, opening and closing studies."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from readerstudy.administration.forms import AmendmentForm, DesignFileForm, InvitationForm, OrganForm, StudyForm
from readerstudy.analysis.gallery import reviewed_unequally
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.gallery import open_gallery
from readerstudy.domain.gallery_rates import rejection_rates
from readerstudy.domain.leak_audit.runs import standing_audit
from readerstudy.domain.presets import PRESETS
from readerstudy.domain.protocol import deviations, protocol_of
from readerstudy.domain.queries.datasets import available_sources
from readerstudy.domain.queries.problems import reported_problems
from readerstudy.domain.queries.progress import readiness, study_progress
from readerstudy.domain.queries.readers import reader_progress, unfinished_readers
from readerstudy.domain.queries.studies import list_studies
from readerstudy.domain.queries.trail import told, trail
from readerstudy.domain.roles import Permission
from readerstudy.domain.studies import (
    close_study,
    create_study,
    expected_balance,
    needs_acknowledgement,
    open_study,
)
from readerstudy.models.study import Study
from readerstudy.permissions import staff_only, staff_user, study_staff

LATEST_EVENTS = 8  # on a study's page; the trail has a page of its own


@staff_only
@require_safe
def study_list(request: HttpRequest) -> HttpResponse:
    return render(request, "readerstudy/administration/study_list.html", {"studies": list_studies(staff_user(request))})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def study_new(request: HttpRequest) -> HttpResponse:
    answers = request.POST if request.method == "POST" else None
    chosen = PRESETS.get(request.GET.get("preset", ""))
    preset = chosen.design() if chosen else None
    form = StudyForm.filled_from(preset) if preset and answers is None else StudyForm(answers)
    organ_forms = [OrganForm(answers, sources=sources, preset=preset) for sources in available_sources()]
    if answers is not None:
        included = [organ_form for organ_form in organ_forms if organ_form.is_included]
        if all([form.is_valid(), *(organ_form.is_valid() for organ_form in included)]):
            created = _create(request, form, form.design([one.organ_design() for one in included]))
            if created:
                return created
    return _render_new(request, form=form, organ_forms=organ_forms, file_form=DesignFileForm())


@staff_only
@require_POST
def study_new_from_file(request: HttpRequest) -> HttpResponse:
    file_form = DesignFileForm(request.POST, request.FILES)
    if file_form.is_valid():
        created = _create(request, file_form, file_form.cleaned_data["design"])
        if created:
            return created
    organ_forms = [OrganForm(sources=sources) for sources in available_sources()]
    return _render_new(request, form=StudyForm(), organ_forms=organ_forms, file_form=file_form)


@study_staff(Permission.VIEW)
@require_safe
def study_detail(request: HttpRequest, study: Study) -> HttpResponse:
    return render_study(request, study, invitation_form=InvitationForm())


@study_staff(Permission.GOVERN)
@require_http_methods(["GET", "HEAD", "POST"])
def study_open(request: HttpRequest, study: Study) -> HttpResponse:
    """Show what opening fixes (GET), open (POST)."""
    if request.method == "POST":
        reason = request.POST.get("acknowledgement", "")
        done = "The study is open. Next: invite its readers."
        return take_step(request, study, open_study, done=done, acknowledgement=reason)
    audit = standing_audit(study)
    context = {
        "study": study,
        "readiness": readiness(study),
        "audit": audit,
        "needs_acknowledgement": audit is not None and needs_acknowledgement(audit),
        **_reviews(request, study),
    }
    return render(request, "readerstudy/administration/study_open.html", context)


@study_staff(Permission.GOVERN)
@require_http_methods(["GET", "HEAD", "POST"])
def study_close(request: HttpRequest, study: Study) -> HttpResponse:
    """Show who has not finished (GET), close (POST)."""
    if request.method == "POST":
        reason = request.POST.get("reason", "")
        return take_step(request, study, close_study, done="The study is closed.", reason=reason)
    readers = reader_progress(study)
    context = {
        "study": study,
        "readers": readers,
        "unfinished": unfinished_readers(study),
    }
    return render(request, "readerstudy/administration/study_close.html", context)


def render_study(request: HttpRequest, study: Study, *, invitation_form: InvitationForm) -> HttpResponse:
    """Render a study's page; also for the views that refuse something which was asked on it."""
    preparing = study.state == Study.State.PREPARING
    protocol = None if preparing else protocol_of(study)
    context = {
        "audit": standing_audit(study) if preparing else None,
        "protocol": protocol,
        "deviations": deviations(protocol) if protocol else [],
        "amendment_form": AmendmentForm(),
        "study": study,
        "crop": None if study.read_elsewhere else parse_design(study.design).shown_crop,
        **_draft_balance(study),
        "progress": study_progress(study),
        "readiness": readiness(study),
        "readers": reader_progress(study),
        "problems": reported_problems(study),
        "audit_events": told(trail(study)[:LATEST_EVENTS]),
        "invitation_form": invitation_form,
    }
    return render(request, "readerstudy/administration/study_detail.html", context)


def _reviews(request: HttpRequest, study: Study) -> dict[str, Any]:
    """Return how far the gallery is, without a word on either arm but that they are alike or not."""
    if study.state != Study.State.PREPARING:
        return {}
    return {
        "gallery": open_gallery(study=study, viewer=staff_user(request).get_username()),
        "reviewed_unequally": reviewed_unequally(rejection_rates(study)),
    }


def _draft_balance(study: Study) -> dict[str, Any]:
    """Return how alike the arms will be, which is asked before they are made; or why that can't be said."""
    if study.state != Study.State.DRAFT:
        return {}
    try:
        return {"balance": expected_balance(study)}
    except DomainError as error:
        return {"balance_problem": str(error)}


def _create(request: HttpRequest, form: StudyForm | DesignFileForm, design: dict[str, Any]) -> HttpResponse | None:
    """Create the study and go to it; or note on the form why it can't be."""
    owner = staff_user(request)
    try:
        study = create_study(design=parse_design(design), actor=owner.get_username(), owner=owner)
    except DomainError as error:
        form.add_error(None, str(error))
        return None
    messages.success(request, "The study is created. Next: generate its cases.")
    return redirect("study-detail", slug=study.slug)


def _render_new(
    request: HttpRequest, *, form: StudyForm, organ_forms: list[OrganForm], file_form: DesignFileForm
) -> HttpResponse:
    context = {
        "form": form,
        "organ_forms": organ_forms,
        "file_form": file_form,
        "presets": PRESETS.values(),
        "preset": request.GET.get("preset"),
    }
    return render(request, "readerstudy/administration/study_new.html", context)


def take_step(
    request: HttpRequest, study: Study, step: Callable[..., object], *, done: str, **given: str
) -> HttpResponse:
    """Take a step of the domain, and go to the study's page with a word on how it went."""
    try:
        step(study=study, actor=staff_user(request).get_username(), **given)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("study-detail", slug=study.slug)
