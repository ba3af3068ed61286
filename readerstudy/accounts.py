"""How staff sign in: what django-allauth is told to do otherwise than it does by itself.

Nobody makes an account here: `create_staff` does. A password, a second factor where there is one, or the sign-on of
the operator's own provider lead into an account that is there, is active and is staff's.
"""

import base64
import hashlib
import ipaddress
from functools import cache
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from readerstudy.permissions import client_address
from readerstudy.reader_sessions import leave_readers

UNKNOWN_ADDRESS = "::"


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "This user name and this password do not go together; small and capital letters "
        "differ in both.",
        "too_many_login_attempts": "Too many failed attempts. Try again in five minutes.",
        "rate_limited": "Too many failed attempts. Try again in five minutes.",
        "incorrect_code": "This code is not right. Codes change every half minute and work once; look for the present "
        "one.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Treat whoever is not staff as unknown: what a password is answered with tells nothing."""
        user: User | None = super().authenticate(request, **credentials)
        return user if user and user.is_staff else None

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        if not (user.is_active and user.is_staff):
            raise ImmediateHttpResponse(render(request, "account/signup_closed.html", status=403))
        return None

    def login(self, request: HttpRequest, user: User) -> None:
        """End a reader's session in the same browser, so that nobody is both at once."""
        leave_readers(request)
        super().login(request, user)
        request.session.set_expiry(settings.ACCOUNT_SESSION_COOKIE_AGE)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("mfa_index")

    def get_client_ip(self, request: HttpRequest) -> str:
        try:
            return str(ipaddress.ip_address(client_address(request)))
        except ValueError:  # a socket file, or a proxy that adds a port
            return UNKNOWN_ADDRESS


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Single sign-on leads into the account that has the e-mail address which the provider has verified, or nowhere."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """Go by addresses that the command line gave to accounts, and by no other."""
        found: tuple[User, str] | None = super().authenticate_by_email(sociallogin)
        if found and EmailAddress.objects.filter(user=found[0], email__iexact=found[1], verified=True).exists():
            return found
        return None


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
        "cannot_delete_authenticator": "Staff need a second factor here, so it can’t be turned off.",
    }

    def get_totp_label(self, user: User) -> str:
        return user.get_username()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not settings.STAFF_MFA_REQUIRED

    def encrypt(self, text: str) -> str:
        """Keep the secrets unreadable to whoever gets hold of the database alone."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


@cache
def _cipher() -> Fernet:
    key = hashlib.sha256(b"second factors " + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
