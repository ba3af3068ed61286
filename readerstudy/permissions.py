"""Who may reach what: the one module that decides it.

Every view says for whom it is; a view that says nothing is refused:

- `public`, `reader_only`, `reader_granted`;
- `account_only`: whoever has a staff account, for that account's own pages;
- `staff_only`: the same, with a second factor where one is required; `data_managers_only`, `administrators_only`: some
  of them;
- `study_staff(Permission.…)`: who may do that in the study that the address names. The view is given the study.

Staff are Django users with `is_staff`, administrators those with `is_superuser`; `domain.roles` says what a role may do
in a study. Readers have no user account, only a session that an accepted invitation opened, so that the two can't be
mixed up.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit, urlunsplit

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from readerstudy.domain.roles import MANAGE_DATA, Permission, permissions_in
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study
from readerstudy.reader_sessions import is_over, session_reader

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
G = TypeVar("G")
View = Callable[..., HttpResponseBase]

ACCESS = "readerstudy_access"
SIGNED_OUT = "You were signed out, so nothing was stored. Log in and send it again."
NOT_SIGNED_IN = (
    "You are not signed in here. Open your invitation link; once you have used it, return with your return code and "
    "passphrase."
)
READS_ELSEWHERE = (
    "You went on in another browser, or your access was changed, so reading has ended here. Nothing that was stored is "
    "lost. To go on here, return with your return code and passphrase."
)


def _mark(view: View, access: str) -> View:
    setattr(view, ACCESS, access)
    return view


def public(view: View) -> View:
    return _mark(view, "public")


def _staff(access: str, may: Callable[[User], bool], *, second_factor: bool = True) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_login(request)
            if not may(staff_user(request)):
                raise PermissionDenied
            if second_factor and settings.STAFF_MFA_REQUIRED and not is_mfa_enabled(request.user):
                return redirect("mfa_activate_totp")
            return _no_store(view(request, *args, **kwargs))

        return _mark(guarded, access)

    return decorate


def _to_login(request: HttpRequest) -> HttpResponse:
    """Send to the login, and from there to what was asked for, or to the page of the form that was sent in vain."""
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path())
    messages.error(request, SIGNED_OUT)
    page, referer = "", request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, allowed_hosts={request.get_host()}):
        page = urlunsplit(urlsplit(referer)._replace(scheme="", netloc="", fragment=""))
    return redirect_to_login(page or reverse("study-list"))


account_only = _staff("account", lambda user: user.is_staff, second_factor=False)
staff_only = _staff("staff", lambda user: user.is_staff)
data_managers_only = _staff("data-managers", lambda user: user.is_staff and user.has_perm(MANAGE_DATA))
administrators_only = _staff("administrators", lambda user: user.is_staff and user.is_superuser)


class StudyRequest(HttpRequest):
    study_rights: frozenset[Permission]


def study_staff(
    needed: Permission, *, state: Study.State | None = None
) -> Callable[[Callable[..., HttpResponseBase]], View]:
    """Pass the study that `slug` names to the view; not found for those without a role, or in another `state`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, slug: str, **kwargs: Any) -> HttpResponseBase:
            study = Study.objects.filter(slug=slug).first()
            rights = permissions_in(study, staff_user(request)) if study else frozenset()
            if study is None or not rights:
                raise Http404
            if needed not in rights:
                raise PermissionDenied
            if state is not None and study.state != state:
                raise Http404
            cast(StudyRequest, request).study_rights = rights
            return view(request, study, *args, **kwargs)

        return _staff(f"study:{needed}", lambda user: user.is_staff)(guarded)

    return decorate


def study_rights(request: HttpRequest) -> dict[str, frozenset[Permission]]:
    """Give templates `may`: what this user may do in the study of this page."""
    return {"may": getattr(request, "study_rights", frozenset())}


def reader_only(
    view: Callable[Concatenate[HttpRequest, Reader, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Pass the reader of this session to the view as its second argument."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        reader = session_reader(request)
        return _no_store(_no_session(request) if reader is None else view(request, reader, *args, **kwargs))

    return cast(Callable[Concatenate[HttpRequest, P], HttpResponseBase], _mark(guarded, "reader"))


def reader_granted(
    look_up: Callable[[Reader, str], G | None],
) -> Callable[[Callable[Concatenate[HttpRequest, G, P], HttpResponseBase]], View]:
    """Pass to the view what `look_up` grants this session's reader for the token in the address; None: nothing.

    A volume comes in hundreds of requests: session, reader and case are looked up once in `SLICE_GRANT_S` seconds for
    each session and token, by each process, and what was found holds for the requests between. A new link, a study
    that is closed or a case that is answered ends it within that time. What is refused is not remembered.
    """
    grants = Grants[G]()

    def decorate(view: Callable[Concatenate[HttpRequest, G, P], HttpResponseBase]) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            key = (request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""), token)
            grant = grants.get(key)
            if grant is None:
                reader = session_reader(request)
                if reader is None:
                    return _no_store(_no_session(request))
                grant = look_up(reader, token)
                if grant is None:
                    return _no_store(JsonResponse({"error": "There is nothing here for you now."}, status=404))
                grants.put(key, grant)
            return _no_store(view(request, grant, *args, **kwargs))

        return _mark(guarded, "reader")

    return decorate


class Grants(Generic[G]):
    """What was granted less than `SLICE_GRANT_S` seconds ago."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[float, G]] = {}

    def get(self, key: tuple[str, str]) -> G | None:
        until, grant = self._found.get(key, (0.0, None))
        return grant if time.monotonic() < until else None

    def put(self, key: tuple[str, str], grant: G) -> None:
        now = time.monotonic()
        self._found = {key: kept for key, kept in list(self._found.items()) if now < kept[0]}
        self._found[key] = (now + settings.SLICE_GRANT_S, grant)


def _no_store(response: HttpResponseBase) -> HttpResponseBase:
    response.headers["Cache-Control"] = "no-store"
    return response


def client_address(request: HttpRequest) -> str:
    """Return whose failed logins are counted: behind PROXIES proxies, the address that the outermost saw."""
    passed_on = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    trusted: int = settings.PROXIES
    if 0 < trusted <= len(passed_on):
        return passed_on[-trusted].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def staff_user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _no_session(request: HttpRequest) -> HttpResponse:
    over = is_over(request)
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"error": READS_ELSEWHERE if over else NOT_SIGNED_IN}, status=401)
    context = {"over": over, "message": READS_ELSEWHERE if over else NOT_SIGNED_IN}
    return render(request, "readerstudy/reading/no_session.html", context, status=401)


class DenyByDefaultMiddleware:
    """Refuse every view that does not say for whom it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not hasattr(view, ACCESS):
            raise PermissionDenied
