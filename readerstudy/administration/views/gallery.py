"""The gallery: staff who do not read look for cases that are no good, as blinded to the arms as readers are."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from readerstudy.domain.blinding import gallery_payload
from readerstudy.domain.errors import DomainError
from readerstudy.domain.gallery import (
    GalleryCase,
    NoSuchCaseError,
    accept_case,
    find_gallery_case,
    open_gallery,
    reject_case,
)
from readerstudy.domain.roles import Permission
from readerstudy.models.study import Study
from readerstudy.permissions import staff_user, study_staff


@study_staff(Permission.CONDUCT)
@require_safe
def study_gallery(request: HttpRequest, study: Study) -> HttpResponse:
    context: dict[str, object] = {"study": study}
    if study.state == Study.State.PREPARING:
        gallery = open_gallery(study=study, viewer=_viewer(request))
        context |= {"gallery": gallery, "next_case": gallery.after(None)}
    return render(request, "readerstudy/administration/gallery.html", context)


@study_staff(Permission.CONDUCT, state=Study.State.PREPARING)
@require_safe
def gallery_case(request: HttpRequest, study: Study, token: str) -> HttpResponse:
    gallery = open_gallery(study=study, viewer=_viewer(request))
    case = next((case for case in gallery.cases if case.token == token), None)
    if case is None:
        messages.info(request, "This case was replaced meanwhile.")
        return redirect("study-gallery", slug=study.slug)
    context = {
        "study": study,
        "gallery": gallery,
        "case": case,
        "number": gallery.cases.index(case) + 1,
        "next_case": gallery.after(token),
    }
    return render(request, "readerstudy/administration/gallery_case.html", context)


@study_staff(Permission.CONDUCT, state=Study.State.PREPARING)
@require_POST
def gallery_review(request: HttpRequest, study: Study, token: str) -> HttpResponse:
    """Accept the case or reject it, and go on to the next that nobody has reviewed."""
    actor = staff_user(request).get_username()
    following = open_gallery(study=study, viewer=_viewer(request)).after(token)
    try:
        if request.POST.get("verdict") == "accept":
            accept_case(study=study, token=token, actor=actor)
        else:
            reject_case(study=study, token=token, reason=request.POST.get("reason", ""), actor=actor)
    except NoSuchCaseError as error:
        messages.info(request, str(error))
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("gallery-case", slug=study.slug, token=token)
    if following is None or following.token == token:
        return redirect("study-gallery", slug=study.slug)
    return redirect("gallery-case", slug=study.slug, token=following.token)


@study_staff(Permission.CONDUCT, state=Study.State.PREPARING)
@never_cache
@require_safe
def gallery_preview(request: HttpRequest, study: Study, token: str) -> JsonResponse:
    """Describe the case as the viewer takes it."""
    case = _case(request, study, token)
    address = reverse("gallery-slice", args=[study.slug, token, 0]).removesuffix("0") + "{n}"
    return JsonResponse(
        {"state": "ready", "item": gallery_payload(case.pack, token=token, slice_url=address).to_json()}
    )


@study_staff(Permission.CONDUCT, state=Study.State.PREPARING)
@require_safe
def gallery_slice(request: HttpRequest, study: Study, token: str, number: int) -> HttpResponse:
    try:
        content = _case(request, study, token).read(number)
    except DomainError as error:
        return JsonResponse({"error": str(error)}, status=404)
    return HttpResponse(content, content_type="application/octet-stream", headers={"Content-Encoding": "gzip"})


@study_staff(Permission.CONDUCT, state=Study.State.PREPARING)
@require_safe
def gallery_thumbnail(request: HttpRequest, study: Study, token: str) -> HttpResponse:
    return HttpResponse(_case(request, study, token).draw(), content_type="image/png")


def _viewer(request: HttpRequest) -> str:
    return staff_user(request).get_username()


def _case(request: HttpRequest, study: Study, token: str) -> GalleryCase:
    try:
        return find_gallery_case(study=study, viewer=_viewer(request), token=token)
    except NoSuchCaseError:
        raise Http404 from None
