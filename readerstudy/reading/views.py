"""What readers reach: the invitation, the instructions, the reading room and its requests."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from readerstudy.domain.errors import DomainError
from readerstudy.domain.invitations import accept_invitation, find_invited
from readerstudy.domain.reading_room import (
    AlreadyAnsweredError,
    CaseSlices,
    NotOpenError,
    UnknownCaseError,
    begin_reading,
    current_state,
    find_slices,
    outline,
    parse_answer,
    record_reading,
)
from readerstudy.models.reader import Reader
from readerstudy.permissions import begin_reader_session, public, reader_granted, reader_only, session_reader


@public
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    reader = find_invited(secret)
    if reader is None:
        if session_reader(request):
            return redirect("reading-room")
        return render(request, "readerstudy/reading/invitation_used.html", status=404)
    if request.method == "GET":
        context = {"study_title": reader.study.title, "reader_code": reader.code}
        response = render(request, "readerstudy/reading/invitation.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response
    accepted = accept_invitation(secret, staff=request.user.get_username())
    if accepted is None:
        return redirect("invitation", secret)
    begin_reader_session(request, accepted)
    return redirect("instructions")


@reader_only
@require_http_methods(["GET", "POST"])
def instructions(request: HttpRequest, reader: Reader) -> HttpResponse:
    if request.method == "POST":
        begin_reading(reader=reader)
        return redirect("reading-room")
    return render(request, "readerstudy/reading/instructions.html", outline(reader=reader))


@reader_only
@require_GET
def room(request: HttpRequest, reader: Reader) -> HttpResponse:
    if reader.instructed_at is None:
        return redirect("instructions")
    try:
        if current_state(reader=reader)["done"]:
            return redirect("finished")
    except NotOpenError as error:
        return _message(request, reader, error)
    addresses = {"state_url": reverse("state"), "finished_url": reverse("finished")}
    return render(request, "readerstudy/reading/room.html", outline(reader=reader) | addresses)


@reader_only
@require_GET
def finished(request: HttpRequest, reader: Reader) -> HttpResponse:
    try:
        if not current_state(reader=reader)["done"]:
            return redirect("reading-room")
    except NotOpenError as error:
        return _message(request, reader, error)
    response = render(request, "readerstudy/reading/finished.html", outline(reader=reader))
    response.headers["Clear-Site-Data"] = '"cache"'  # shared hospital PCs; by now every answer is stored
    return response


def _message(request: HttpRequest, reader: Reader, error: NotOpenError) -> HttpResponse:
    context = {"title": reader.study.title, "message": str(error)}
    return render(request, "readerstudy/reading/message.html", context)


@reader_only
@require_GET
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
@require_GET
def slice_member(request: HttpRequest, slices: CaseSlices, number: int) -> HttpResponse:
    try:
        content = slices.read(number)
    except UnknownCaseError as error:
        return JsonResponse({"error": str(error)}, status=404)
    return HttpResponse(content, content_type="application/octet-stream", headers={"Content-Encoding": "gzip"})


@reader_only
@require_POST
def answer(request: HttpRequest, reader: Reader, token: str) -> HttpResponseBase:
    try:
        parsed = parse_answer(_json(request))
        record_reading(reader=reader, token=token, answer=parsed)
    except AlreadyAnsweredError as error:
        return JsonResponse({"error": str(error), "state": _state_after(reader)}, status=409)
    except UnknownCaseError as error:
        return JsonResponse({"error": str(error)}, status=404)
    except NotOpenError as error:
        return JsonResponse({"error": str(error)}, status=403)
    except DomainError as error:
        return JsonResponse({"error": str(error)}, status=400)
    return JsonResponse({"stored": True, "state": _state_after(reader)})


def _json(request: HttpRequest) -> object:
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        raise DomainError("An answer must be a JSON object.") from None


def _state_after(reader: Reader) -> dict[str, Any]:
    """Return where the reader goes from here; a study closed meanwhile has nothing more to show."""
    try:
        return current_state(reader=reader)
    except NotOpenError as error:
        return {"done": True, "message": str(error)}
