from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from readerstudy.domain.queries.datasets import list_datasets
from readerstudy.permissions import staff_only


@staff_only
@require_safe
def dataset_list(request: HttpRequest) -> HttpResponse:
    return render(request, "readerstudy/administration/dataset_list.html", {"datasets": list_datasets()})
