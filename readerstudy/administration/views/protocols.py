from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from readerstudy.administration.forms import AmendmentForm
from readerstudy.administration.views.studies import take_step
from readerstudy.domain.protocol import amend
from readerstudy.models.study import Study
from readerstudy.permissions import staff_only


@staff_only
@require_POST
def study_amend(request: HttpRequest, slug: str) -> HttpResponse:
    """Record an amendment to the frozen protocol."""
    study = get_object_or_404(Study, slug=slug)
    given = {name: request.POST.get(name, "") for name in AmendmentForm.base_fields}
    return take_step(request, study, amend, done="The amendment is recorded.", **given)
