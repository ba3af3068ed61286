"""The people of a study: who they are, and what each may do."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from readerstudy.administration.people_forms import PersonForm, RoleForm
from readerstudy.domain.errors import DomainError
from readerstudy.domain.people import add_person, change_role, list_administrators, list_people, remove_person
from readerstudy.domain.roles import GRANTS, WORDS, Permission
from readerstudy.models.membership import Membership, Role
from readerstudy.models.study import Study
from readerstudy.permissions import staff_user, study_staff


@study_staff(Permission.VIEW)
@require_safe
def study_people(request: HttpRequest, study: Study) -> HttpResponse:
    return _render(request, study, PersonForm())


@study_staff(Permission.GOVERN)
@require_POST
def person_add(request: HttpRequest, study: Study) -> HttpResponse:
    form = PersonForm(request.POST)
    if form.is_valid():
        try:
            add_person(study=study, actor=staff_user(request).get_username(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("study-people", slug=study.slug)
    return _render(request, study, form)


@study_staff(Permission.GOVERN)
@require_POST
def person_role(request: HttpRequest, study: Study, person_id: int) -> HttpResponse:
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the roles.")
        return redirect("study-people", slug=study.slug)
    return _change(request, study, person_id, change_role, role=form.cleaned_data["role"])


@study_staff(Permission.GOVERN)
@require_POST
def person_remove(request: HttpRequest, study: Study, person_id: int) -> HttpResponse:
    return _change(request, study, person_id, remove_person)


def _change(
    request: HttpRequest, study: Study, person_id: int, change: Callable[..., None], **given: Role
) -> HttpResponse:
    person = get_object_or_404(Membership.objects.select_related("study", "user"), study=study, pk=person_id)
    try:
        change(person=person, actor=staff_user(request).get_username(), **given)
    except DomainError as error:
        messages.error(request, str(error))
    still_in = (
        staff_user(request).is_superuser or Membership.objects.filter(study=study, user=staff_user(request)).exists()
    )
    return redirect("study-people", slug=study.slug) if still_in else redirect("study-list")


def _render(request: HttpRequest, study: Study, form: PersonForm) -> HttpResponse:
    context = {
        "study": study,
        "people": [(one, RoleForm({"role": one.role}, auto_id=f"person-{one.pk}-%s")) for one in list_people(study)],
        "administrators": list_administrators(),
        "form": form,
        "roles": list(GRANTS),
        "duties": [(WORDS[duty], [duty in GRANTS[role] for role in GRANTS]) for duty in Permission],
    }
    return render(request, "readerstudy/administration/study_people.html", context)
