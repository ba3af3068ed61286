"""Staff who log in and out, by whichever page or sign-on service, and what they change about their own account.

Failed attempts are not recorded here, since anybody could fill the trail with them.
"""

from typing import Any

from allauth.account.signals import password_changed
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import Signal, receiver

from readerstudy.domain import audit


@receiver(user_logged_in)
def _note_login(*, user: User, **_: Any) -> None:
    audit.record(actor=user.get_username(), action="log in")


@receiver(user_logged_out)
def _note_logout(*, user: User | None, **_: Any) -> None:
    if user is not None:
        audit.record(actor=user.get_username(), action="log out")


@receiver(password_changed)
def _note_password(*, user: User, **_: Any) -> None:
    audit.record(actor=user.get_username(), action="change password")


@receiver([authenticator_added, authenticator_removed, authenticator_reset])
def _note_second_step(*, user: User, signal: Signal, authenticator: Authenticator, **_: Any) -> None:
    done = {authenticator_added: "add", authenticator_removed: "remove", authenticator_reset: "reset"}[signal]
    audit.record(actor=user.get_username(), action=f"{done} second step", kind=str(authenticator.type))
