"""How readers come in and leave: invitation, return in another browser, their studies, signing out, withdrawing."""

from allauth.core import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from readerstudy.domain.errors import DomainError
from readerstudy.domain.invitations import (
    Acceptance,
    accept_invitation,
    asks_consent,
    consent_text,
    decline_invitation,
    find_invited,
)
from readerstudy.domain.reading_room import NotOpenError, outline, require_open
from readerstudy.domain.returning import let_return, new_passphrase
from readerstudy.domain.withdrawals import dropout_rule, withdraw
from readerstudy.models.reader import Reader
from readerstudy.permissions import client_address, public, reader_only
from readerstudy.reader_sessions import (
    begin_reader_session,
    end_reader_sessions,
    held_readers,
    session_reader,
    switch_reader,
)
from readerstudy.reading.forms import AcceptanceForm, ReturnForm, WithdrawalForm

no_store = cache_control(no_store=True)


@public
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the invitation (GET: mail scanners look at links, and use nothing up), accept or decline it (POST)."""
    reader = find_invited(secret)
    if reader is None:
        if session_reader(request):
            return redirect("reading-room")
        return render(request, "readerstudy/reading/invitation_used.html", status=404)
    try:
        require_open(reader)
        return _answer_invitation(request, reader, secret)
    except NotOpenError as error:
        context = {"title": reader.study.title, "message": str(error)}
        return render(request, "readerstudy/reading/message.html", context, status=403)


def _answer_invitation(request: HttpRequest, reader: Reader, secret: str) -> HttpResponse:
    if request.method != "POST":
        said = {"years": reader.years, "specialty": reader.specialty, "passphrase": new_passphrase()}
        return _show_invitation(request, reader, AcceptanceForm(initial=said))
    if "decline" in request.POST:
        decline_invitation(secret)
        return render(request, "readerstudy/reading/declined.html", {"study_title": reader.study.title})
    return _accept(request, reader, secret)


def _accept(request: HttpRequest, reader: Reader, secret: str) -> HttpResponse:
    form = AcceptanceForm(request.POST)
    if not form.is_valid():
        return _show_invitation(request, reader, form)
    try:
        acceptance = Acceptance(**form.cleaned_data)
        accepted = accept_invitation(secret, acceptance=acceptance, staff=request.user.get_username())
    except NotOpenError:
        raise
    except DomainError as error:
        form.add_error(None, str(error))
        return _show_invitation(request, reader, form)
    if accepted is None:
        return redirect("invitation", secret)
    begin_reader_session(request, accepted)
    return redirect("instructions")


def _show_invitation(request: HttpRequest, reader: Reader, form: AcceptanceForm) -> HttpResponse:
    context = {
        "form": form,
        "study_title": reader.study.title,
        "invited_as": reader.code,
        "return_code": reader.return_code,
        "return_url": settings.PUBLIC_URL + reverse("return"),
        "consent_text": consent_text(reader.study) if asks_consent(reader) else "",
        "others": held_readers(request),
    }
    return render(request, "readerstudy/reading/invitation.html", context, status=400 if form.is_bound else 200)


@public
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def return_page(request: HttpRequest) -> HttpResponse:
    """Ask for return code and passphrase (GET), let their reader in (POST); django-allauth counts the failures."""
    form = ReturnForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "readerstudy/reading/return.html", {"form": form}, status=400 if form.is_bound else 200)
    code = form.cleaned_data["return_code"]
    attempt = f"{code.strip().lower()} from {client_address(request)}"
    if not ratelimit.consume(request, action="return", key=attempt):
        form.add_error(None, "Too many attempts. Try again in a quarter of an hour.")
        return render(request, "readerstudy/reading/return.html", {"form": form}, status=429)
    passphrase = form.cleaned_data["password"]
    reader = let_return(return_code=code, passphrase=passphrase, staff=request.user.get_username())
    if reader is None:
        form.add_error(None, "These do not belong together. Check the return code and the passphrase.")
        return render(request, "readerstudy/reading/return.html", {"form": form}, status=403)
    ratelimit.clear(request, action="return", key=attempt)
    begin_reader_session(request, reader)
    return redirect("reading-room")


@reader_only
@require_http_methods(["GET", "HEAD", "POST"])
def studies(request: HttpRequest, reader: Reader) -> HttpResponse:
    """List what is read in this browser (GET), go on with one of it (POST)."""
    readers = held_readers(request)
    chosen = next((held for held in readers if held.return_code == request.POST.get("reader")), None)
    if chosen is not None:
        switch_reader(request, chosen)
        return redirect("reading-room")
    context = {"readers": readers, "current": reader, "reader_code": reader.code}
    return render(request, "readerstudy/reading/studies.html", context)


@public
@no_store
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End every reader's session in this browser. What its outbox keeps stays, and is sent when they are back."""
    end_reader_sessions(request)
    response = render(request, "readerstudy/reading/signed_out.html")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@reader_only
@require_http_methods(["GET", "HEAD", "POST"])
def withdrawal(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Say what withdrawing means (GET), withdraw (POST)."""
    form = WithdrawalForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            withdraw(reader=reader, actor=reader, reason=form.cleaned_data["reason"])
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return render(request, "readerstudy/reading/withdrawn.html", {"study_title": reader.study.title})
    context = outline(reader=reader) | {"form": form, "rule": dropout_rule(reader.study)}
    return render(request, "readerstudy/reading/withdrawal.html", context, status=400 if form.is_bound else 200)
