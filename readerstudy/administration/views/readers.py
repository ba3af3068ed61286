"""Inviting readers."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from readerstudy.administration.forms import InvitationForm
from readerstudy.administration.views.studies import render_study
from readerstudy.domain.enrolment import invite_reader, renew_invitation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.roles import Permission
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study
from readerstudy.permissions import staff_user, study_staff


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


def _show_link(request: HttpRequest, study: Study, code: str, link: str) -> HttpResponse:
    """Show the link in the answer itself, so that it is kept nowhere: not in the session, not in an address."""
    context = {"study": study, "code": code, "link": link}
    return render(request, "readerstudy/administration/invitation.html", context)
