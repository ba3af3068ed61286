"""What readers reach once they are in: the instructions, the reading room and its requests."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from readerstudy.domain.answers import AlreadyAnsweredError, asked_about, parse_answer, save_answer
from readerstudy.domain.blinding import first_slice_url
from readerstudy.domain.debriefs import find_debrief
from readerstudy.domain.display_checks import record_display_check, sitting_check
from readerstudy.domain.errors import DomainError, UnknownCaseError
from readerstudy.domain.preferences import keep_preferences
from readerstudy.domain.problem_reports import parse_problem, report_problem
from readerstudy.domain.reading_room import (
    CaseSlices,
    NotOpenError,
    begin_reading,
    current_state,
    extent,
    find_slices,
    has_finished,
    outline,
    require_open,
    state_after,
)
from readerstudy.domain.revisiting import revisit
from readerstudy.domain.sittings import TooEarlyError, begin_sitting, current_break, end_sitting
from readerstudy.models.display_check import DisplayCheck
from readerstudy.models.reader import Reader
from readerstudy.permissions import reader_granted, reader_only
from readerstudy.reading.forms import DisplayCheckForm

CHECKED_KEY = "display_checked"  # in the session: this browser's display was checked
REFUSALS = {AlreadyAnsweredError: 409, UnknownCaseError: 404, NotOpenError: 403}


@reader_only
@require_http_methods(["GET", "HEAD", "POST"])
def instructions(request: HttpRequest, reader: Reader) -> HttpResponse:
    if request.method == "POST":
        begin_reading(reader=reader)
        return redirect("reading-room")
    return render(request, "readerstudy/reading/instructions.html", outline(reader=reader) | extent(reader=reader))


@reader_only
@require_http_methods(["GET", "HEAD", "POST"])
def display_check(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Show the test pattern (GET), record what was seen of it (POST); either way the reader may go on."""
    if elsewhere := _elsewhere(request, reader):
        return elsewhere
    form = DisplayCheckForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        check = record_display_check(reader=reader, found=form.cleaned_data)
        request.session[CHECKED_KEY] = True
        return redirect("reading-room" if check.passed else "display-check")
    context = outline(reader=reader) | {"form": form, "check": _check_here(request, reader)}
    status = 400 if form.is_bound else 200
    return render(request, "readerstudy/reading/display_check.html", context, status=status)


def _check_here(request: HttpRequest, reader: Reader) -> DisplayCheck | None:
    """Return the check of this sitting, if it was made in this browser."""
    return sitting_check(reader=reader) if request.session.get(CHECKED_KEY) else None


@reader_only
@require_safe
def room(request: HttpRequest, reader: Reader) -> HttpResponse:
    if elsewhere := _elsewhere(request, reader):
        return elsewhere
    if _check_here(request, reader) is None:
        return redirect("display-check")
    state = current_state(reader=reader)
    context = outline(reader=reader) | {"preferences": reader.preferences, "state": state}
    if "case" in state:
        context["first_slice_url"] = first_slice_url(state["case"])
    return render(request, "readerstudy/reading/room.html", context)


def _elsewhere(request: HttpRequest, reader: Reader) -> HttpResponse | None:
    """Return where the reader belongs who has nothing to read now; None where there is a case to read."""
    try:
        finished_all = has_finished(reader=reader)
    except NotOpenError as error:
        return _message(request, reader, error)
    if finished_all:
        return redirect("finished")
    if reader.instructed_at is None:
        return redirect("instructions")
    return redirect("next-sitting") if current_break(reader=reader) else None


@reader_only
@require_http_methods(["GET", "HEAD", "POST"])
def next_sitting(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Say from when the next sitting can be read (GET), begin it (POST)."""
    try:
        pause = None if has_finished(reader=reader) else current_break(reader=reader)
        if pause is not None and request.method == "POST":
            begin_sitting(reader=reader)
            return redirect("reading-room")
    except NotOpenError as error:
        return _message(request, reader, error)
    except TooEarlyError:
        return redirect("next-sitting")
    if pause is None:
        return redirect("reading-room")
    context = outline(reader=reader) | {"break": pause}
    return _emptying_cache(render(request, "readerstudy/reading/next_sitting.html", context))


@reader_only
@require_safe
def finished(request: HttpRequest, reader: Reader) -> HttpResponse:
    try:
        if not has_finished(reader=reader):
            return redirect("reading-room")
    except NotOpenError as error:
        return _message(request, reader, error)
    context = outline(reader=reader) | extent(reader=reader)
    return _emptying_cache(render(request, "readerstudy/reading/finished.html", context))


def _emptying_cache(response: HttpResponse) -> HttpResponse:
    """Leave no images on a shared hospital PC; by now every answer is stored."""
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@reader_only
@require_safe
def debrief(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Show the reader's answers beside the truth, where closing the study wrote them down for them."""
    found = find_debrief(reader)
    if found is None:
        return redirect("reading-room")
    return render(request, "readerstudy/reading/debrief.html", outline(reader=reader) | {"debrief": found})


def _message(request: HttpRequest, reader: Reader, error: NotOpenError) -> HttpResponse:
    if find_debrief(reader):
        return redirect("debrief")
    context = {"title": reader.study.title, "message": str(error), "reader_code": reader.code}
    return render(request, "readerstudy/reading/message.html", context)


@reader_only
@require_safe
def state(request: HttpRequest, reader: Reader) -> JsonResponse:
    try:
        return JsonResponse(current_state(reader=reader))
    except NotOpenError as error:
        return JsonResponse({"error": str(error)}, status=403)


def _slices(reader: Reader, token: str) -> CaseSlices | None:
    try:
        return find_slices(reader=reader, token=token)
    except (NotOpenError, UnknownCaseError):
        return None


@reader_granted(_slices)
@require_safe
def slice_member(request: HttpRequest, slices: CaseSlices, number: int) -> HttpResponse:
    try:
        content = slices.read(number)
    except UnknownCaseError as error:
        return JsonResponse({"error": str(error)}, status=404)
    return HttpResponse(content, content_type="application/octet-stream", headers={"Content-Encoding": "gzip"})


@reader_only
@require_POST
def answer(request: HttpRequest, reader: Reader, token: str) -> HttpResponse:
    try:
        parsed = parse_answer(_json(request), asked=asked_about(reader, token))
        stored = save_answer(reader=reader, token=token, answer=parsed)
    except AlreadyAnsweredError as error:
        return _refused(error, state=state_after(reader=reader))
    except DomainError as error:
        return _refused(error)
    return JsonResponse({"stored": True, **stored})


@reader_only
@require_safe
def earlier(request: HttpRequest, reader: Reader, token: str) -> HttpResponse:
    """Send a case of this sitting again, with the reader's own answer to it."""
    try:
        require_open(reader)
        return JsonResponse(revisit(reader=reader, token=token))
    except DomainError as error:
        return _refused(error)


@reader_only
@require_POST
def sitting_end(request: HttpRequest, reader: Reader) -> HttpResponse:
    try:
        require_open(reader)
    except NotOpenError as error:
        return _message(request, reader, error)
    end_sitting(reader=reader)
    return redirect("reading-room")


@reader_only
@require_POST
def problem(request: HttpRequest, reader: Reader, token: str) -> HttpResponse:
    try:
        report_problem(reader=reader, token=token, problem=parse_problem(_json(request)))
    except DomainError as error:
        return _refused(error)
    return JsonResponse({"stored": True})


@reader_only
@require_POST
def preferences(request: HttpRequest, reader: Reader) -> HttpResponse:
    try:
        keep_preferences(reader=reader, data=_json(request))
    except DomainError as error:
        return _refused(error)
    return JsonResponse({"stored": True})


def _refused(error: DomainError, **more: Any) -> JsonResponse:
    return JsonResponse({"error": str(error), **more}, status=REFUSALS.get(type(error), 400))


def _json(request: HttpRequest) -> object:
    """Return what was posted; None, which nothing takes, where it is no JSON."""
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        return None
