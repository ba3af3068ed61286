"""What is kept of a study and of its readers: archived, erased."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from readerstudy.domain.retention import erase_reader
from readerstudy.domain.roles import Permission
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study
from readerstudy.permissions import staff_user, study_staff


@study_staff(Permission.GOVERN)
@require_safe
def study_keeping(request: HttpRequest, study: Study) -> HttpResponse:
    context = {"study": study, "readers": study.readers.order_by("code")}
    return render(request, "readerstudy/administration/study_keeping.html", context)


@study_staff(Permission.GOVERN)
@require_POST
def reader_erase(request: HttpRequest, study: Study, reader_id: int) -> HttpResponse:
    reader = get_object_or_404(Reader.objects.select_related("study"), study=study, pk=reader_id)
    if erase_reader(reader=reader, actor=staff_user(request).get_username()):
        messages.success(request, f"What was kept of {reader.code} as a person is erased. The answers stay.")
    else:
        messages.info(request, f"Nothing was kept of {reader.code} as a person.")
    return redirect("study-keeping", slug=study.slug)
