"""Inviting readers and looking after them."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from readerstudy.administration.forms import InvitationForm
from readerstudy.administration.views.studies import render_study
from readerstudy.domain.enrolment import invite_reader, renew_invitation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.queries.readers import reader_progress
from readerstudy.domain.reminders import remind_due_readers, remind_reader, set_contact
from readerstudy.domain.resets import reset_reader
from readerstudy.domain.roles import Permission
from readerstudy.domain.withdrawals import revoke_access, withdraw
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study
from readerstudy.permissions import staff_user, study_staff

# What can be done about a reader, by its name in the address: the step, what its form gives, a word when it is done.
ACTIONS: Mapping[str, tuple[Callable[..., object], tuple[str, ...], str]] = {
    "revoke": (revoke_access, (), "The reader’s link, passphrase and sessions are useless now."),
    "withdraw": (withdraw, ("reason",), "It is recorded that the reader has withdrawn."),
    "reset": (reset_reader, ("reason",), "The reader begins anew; what was read so far is kept, and does not count."),
    "contact": (set_contact, ("email",), "The address is noted, or erased where you left it empty."),
    "remind": (remind_reader, (), "The reminder is sent."),
}


@study_staff(Permission.CONDUCT)
@never_cache
@require_POST
def reader_invite(request: HttpRequest, study: Study) -> HttpResponse:
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            link = invite_reader(study=study, actor=staff_user(request).get_username(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return _show_link(request, study, form.cleaned_data["code"], link)
    return render_study(request, study, invitation_form=form)


@study_staff(Permission.CONDUCT)
@never_cache
@require_POST
def reader_renew(request: HttpRequest, study: Study, reader_id: int) -> HttpResponse:
    reader = get_object_or_404(Reader, study=study, pk=reader_id)
    try:
        link = renew_invitation(reader=reader, actor=staff_user(request).get_username())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("study-detail", slug=study.slug)
    return _show_link(request, study, reader.code, link)


@study_staff(Permission.VIEW)
@require_safe
def reader_detail(request: HttpRequest, study: Study, reader_id: int) -> HttpResponse:
    reader = get_object_or_404(Reader, study=study, pk=reader_id)
    progress = next(one for one in reader_progress(study) if one.reader.pk == reader.pk)
    context = {"study": study, "row": progress, "superseded": reader.superseded_sequences.order_by("draw")}
    return render(request, "readerstudy/administration/reader_detail.html", context)


@study_staff(Permission.CONDUCT)
@require_POST
def reader_act(request: HttpRequest, study: Study, reader_id: int, action: str) -> HttpResponse:
    """Do one of ACTIONS about a reader, and go to their page with a word on how it went."""
    reader = get_object_or_404(Reader.objects.select_related("study"), study=study, pk=reader_id)
    if action not in ACTIONS:
        raise Http404
    step, given, done = ACTIONS[action]
    try:
        step(
            reader=reader,
            actor=staff_user(request).get_username(),
            **{name: request.POST.get(name, "") for name in given},
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("reader-detail", study.slug, reader.pk)


@study_staff(Permission.CONDUCT)
@require_POST
def readers_remind(request: HttpRequest, study: Study) -> HttpResponse:
    """Write to everybody who has something to read now and whose address is known."""
    try:
        reminded = remind_due_readers(study=study, actor=staff_user(request).get_username())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        nobody = "nobody, since nothing is due or no address is known"
        messages.success(request, f"Reminded: {', '.join(reminded) or nobody}.")
    return redirect("study-detail", slug=study.slug)


def _show_link(request: HttpRequest, study: Study, code: str, link: str) -> HttpResponse:
    """Show the link in the answer itself, so that it is kept nowhere: not in the session, not in an address."""
    context = {"study": study, "code": code, "link": link}
    return render(request, "readerstudy/administration/invitation.html", context)
