"""Signing in, and one's own account. The names are those that django-allauth looks up."""

from django.conf import settings
from django.urls import path

from readerstudy.administration.views import accounts

urlpatterns = [
    path("login/", accounts.log_in, name="account_login"),
    path("login/code/", accounts.second_step, name="mfa_authenticate"),
    path("logout/", accounts.log_out, name="account_logout"),
    path("account/", accounts.own_account, name="mfa_index"),
    path("account/password/", accounts.change_password, name="account_change_password"),
    path("account/confirm/", accounts.confirm_password, name="account_reauthenticate"),
    path("account/confirm/code/", accounts.confirm_code, name="mfa_reauthenticate"),
    path("account/second-step/", accounts.second_factor_on, name="mfa_activate_totp"),
    path("account/second-step/off/", accounts.second_factor_off, name="mfa_deactivate_totp"),
    path("account/recovery-codes/", accounts.recovery_codes_seen, name="mfa_view_recovery_codes"),
    path("account/recovery-codes/new/", accounts.recovery_codes_new, name="mfa_generate_recovery_codes"),
    path("account/recovery-codes/file", accounts.recovery_codes_file, name="mfa_download_recovery_codes"),
    path("account/sessions/", accounts.sessions, name="sessions"),
]

PROVIDER = {"provider_id": settings.OIDC_PROVIDER}
urlpatterns += [  # not found unless single sign-on is set up
    path("login/sso/", accounts.single_sign_on, PROVIDER, name="openid_connect_login"),
    path("login/sso/callback/", accounts.single_sign_on_callback, PROVIDER, name="openid_connect_callback"),
    path("login/sso/cancelled/", accounts.single_sign_on_cancelled, name="socialaccount_login_cancelled"),
]
