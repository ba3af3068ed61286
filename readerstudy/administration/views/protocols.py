from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from readerstudy.administration.forms import AmendmentForm
from readerstudy.administration.views.studies import take_step
from readerstudy.domain.protocol import amend
from readerstudy.domain.roles import Permission
from readerstudy.models.study import Study
from readerstudy.permissions import study_staff


@study_staff(Permission.GOVERN)
@require_POST
def study_amend(request: HttpRequest, study: Study) -> HttpResponse:
    """Record an amendment to the frozen protocol."""
    given = {name: request.POST.get(name, "") for name in AmendmentForm.base_fields}
    return take_step(request, study, amend, done="The amendment is recorded.", **given)
