"""A staff member's own account: django-allauth's views, each with whom it is for; of its others there are none."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from requests import RequestException

from readerstudy.permissions import account_only, public, staff_user

log_in = public(account.login)
log_out = public(require_POST(account.logout))
second_step = public(mfa.authenticate)
single_sign_on_callback = public(openid_connect.callback)
single_sign_on_cancelled = public(social.login_cancelled)

own_account = account_only(mfa.index)
confirm_password = account_only(account.reauthenticate)
confirm_code = account_only(mfa.reauthenticate)
second_factor_off = account_only(totp.deactivate_totp)
recovery_codes_seen = account_only(recovery_codes.view_recovery_codes)
recovery_codes_new = account_only(recovery_codes.generate_recovery_codes)
recovery_codes_file = account_only(recovery_codes.download_recovery_codes)


@public
def single_sign_on(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    try:
        response: HttpResponseBase = openid_connect.login(request, provider_id)
    except RequestException:  # the provider can't be reached
        response = render(request, "socialaccount/authentication_error.html", status=502)
    return response


@account_only
def change_password(request: HttpRequest) -> HttpResponseBase:
    if not staff_user(request).has_usable_password():  # who comes by single sign-on alone
        raise Http404
    response: HttpResponseBase = account.password_change(request)
    return response


@account_only
def second_factor_on(request: HttpRequest) -> HttpResponseBase:
    view = totp.ActivateTOTPView.as_view(extra_context={"is_required": settings.STAFF_MFA_REQUIRED})
    response: HttpResponseBase = view(request)
    return response


@account_only
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """List where this account is signed in (GET); end one of these sessions, or all but this (POST)."""
    own = UserSession.objects.purge_and_list(staff_user(request))
    if request.method != "POST":
        context = {"sessions": sorted(own, key=lambda session: session.created_at, reverse=True)}
        return render(request, "account/sessions.html", context)
    wanted = request.POST.get("session", "")
    ended = [one for one in own if not one.is_current() and wanted in (str(one.pk), "others")]
    for session in ended:
        session.end()
    if ended:
        messages.success(request, f"Signed out in {len(ended)} other place{'' if len(ended) == 1 else 's'}.")
    return redirect("sessions")
