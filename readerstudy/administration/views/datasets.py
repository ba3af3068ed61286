"""What is imported: the list, one data set with its scans, and deleting it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from readerstudy.domain.dataset_removal import remove_dataset, studies_using
from readerstudy.domain.errors import DomainError
from readerstudy.domain.queries.datasets import dataset_overview, list_datasets, list_imports
from readerstudy.domain.queries.scans import COLUMNS, scan_table
from readerstudy.domain.roles import visible_studies
from readerstudy.models.dataset import Dataset
from readerstudy.permissions import data_managers_only, staff_only, staff_user


@staff_only
@require_safe
def dataset_list(request: HttpRequest) -> HttpResponse:
    context = {"datasets": list_datasets(), "imports": list_imports()}
    return render(request, "readerstudy/administration/dataset_list.html", context)


@staff_only
@require_safe
def dataset_detail(request: HttpRequest, dataset: str) -> HttpResponse:
    found = get_object_or_404(Dataset, name=dataset)
    sort, page = request.GET.get("sort", ""), request.GET.get("page", "")
    context = {
        "dataset": dataset_overview(found),
        "columns": COLUMNS,
        "table": scan_table(found, sort=sort, page=page),
        **_users(request, found),
        "heads": found.volumes.filter(shows_head=True).count(),
    }
    return render(request, "readerstudy/administration/dataset_detail.html", context)


@data_managers_only
@require_http_methods(["GET", "HEAD", "POST"])
def dataset_delete(request: HttpRequest, dataset: str) -> HttpResponse:
    """Say what goes, or what keeps it (GET); delete (POST)."""
    found = get_object_or_404(Dataset, name=dataset)
    if request.method == "POST":
        try:
            remove_dataset(dataset=found, actor=staff_user(request).get_username())
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("dataset-delete", dataset=dataset)
        messages.success(request, f"Data set {dataset} is deleted, with its files.")
        return redirect("dataset-list")
    context = {"dataset": dataset_overview(found), **_users(request, found)}
    return render(request, "readerstudy/administration/dataset_delete.html", context)


def _users(request: HttpRequest, dataset: Dataset) -> dict[str, object]:
    """Return the studies that use the data set: those that the user may know of, and how many others."""
    using = studies_using(dataset)
    known = set(visible_studies(staff_user(request)).values_list("pk", flat=True))
    studies = [study for study in using if study.pk in known]
    return {"studies": studies, "other_studies": len(using) - len(studies)}
