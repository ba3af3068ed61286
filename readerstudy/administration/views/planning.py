"""Planning a study: how many readers and cases. Nothing is stored; the address holds what was asked."""

from dataclasses import asdict

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from readerstudy.administration.forms import PlanForm
from readerstudy.analysis.figures.power import power
from readerstudy.analysis.reporting.plan import Wish, plan
from readerstudy.permissions import staff_only


@staff_only
@require_safe
def planning_page(request: HttpRequest) -> HttpResponse:
    form = _form(request)
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        made = plan(form.cleaned_data["wish"])
        context |= {"plan": made, "drawing": power(made.curve, wanted=made.wish.power)}
    return render(request, "readerstudy/administration/planning.html", context)


@staff_only
@require_safe
def planning_curve(request: HttpRequest) -> HttpResponse:
    form = _form(request)
    if not form.is_valid():
        raise Http404
    text = plan(form.cleaned_data["wish"]).curve.to_csv(index=False, lineterminator="\n")
    headers = {"Content-Disposition": 'attachment; filename="power.csv"'}
    return HttpResponse(text, content_type="text/csv", headers=headers)


def _form(request: HttpRequest) -> PlanForm:
    """Return the form as it was sent, what was left out as a study is usually thought of."""
    return PlanForm({**asdict(Wish()), **request.GET.dict()})
