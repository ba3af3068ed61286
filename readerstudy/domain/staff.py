"""Staff accounts, which the command line alone makes and changes. There is always an administrator."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from readerstudy.domain import audit
from readerstudy.domain.actors import actor_of
from readerstudy.domain.errors import DomainError
from readerstudy.domain.roles import MANAGE_DATA


def create_staff(
    *, name: str, password: str | None, administrator: bool, manage_data: bool = False, email: str = ""
) -> User:
    """Make an account; without a password it can be reached by single sign-on alone.

    Raises
    ------
    DomainError
        If the name or the address is taken or malformed, the password is weak, or there is no way to sign in.
    """
    if password is None and not email:
        raise DomainError(f"Account {name!r} needs a password, or an e-mail address for single sign-on.")
    user = User(username=name, is_staff=True, is_superuser=administrator)
    try:
        user.clean_fields(exclude=["password"])
        with transaction.atomic():
            _set_password(user, password)
            user.save(force_insert=True)
            if email:
                set_email(user=user, email=email)
            if manage_data:
                allow_data(user=user, allowed=True)
            who = actor_of(name).key
            audit.record(actor=audit.COMMAND_LINE, action="create account", person=who, administrator=administrator)
    except ValidationError as error:
        raise DomainError(f"Account {name!r}: {' '.join(error.messages)}") from None
    except IntegrityError:
        raise DomainError(f"There is a user {name!r} already; choose another name.") from None
    return user


def set_password(*, user: User, password: str) -> None:
    """Set a password, which ends the account's sessions.

    Raises
    ------
    DomainError
        If it is weak.
    """
    try:
        _set_password(user, password)
    except ValidationError as error:
        raise DomainError(f"Account {user.get_username()!r}: {' '.join(error.messages)}") from None
    with transaction.atomic():
        user.save(update_fields=["password"])
        _record("set password", user)


def set_email(*, user: User, email: str) -> None:
    """Set the address by which single sign-on finds the account; it is taken as verified, for staff give it here.

    Raises
    ------
    DomainError
        If it is malformed or another account's.
    """
    user.email = email
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise DomainError(f"E-mail {email!r}: {' '.join(error.messages)}") from None
    if User.objects.filter(email__iexact=email).exclude(pk=user.pk).exists():
        raise DomainError(f"E-mail {email!r} is another account's.")
    with transaction.atomic():
        user.save(update_fields=["email"])
        EmailAddress.objects.filter(user=user).delete()
        EmailAddress.objects.create(user=user, email=email.lower(), verified=True, primary=True)


def set_administrator(*, user: User, administrator: bool) -> None:
    """Make somebody an administrator, or a member who has the roles that studies give.

    Raises
    ------
    DomainError
        If nobody else would be one.
    """
    with transaction.atomic():
        if not administrator:
            _keep_an_administrator(user)
        user.is_superuser = administrator
        user.save(update_fields=["is_superuser"])
        _record("make administrator" if administrator else "make member", user)


def allow_data(*, user: User, allowed: bool) -> None:
    """Let somebody import and delete data sets, or no longer; administrators may anyway."""
    permission = Permission.objects.get(codename=MANAGE_DATA.partition(".")[2])
    with transaction.atomic():
        (user.user_permissions.add if allowed else user.user_permissions.remove)(permission)
        _record("allow data" if allowed else "disallow data", user)


def close_account(*, user: User) -> None:
    """Let somebody in no more; their name, roles and traces stay.

    Raises
    ------
    DomainError
        If they are the last administrator.
    """
    with transaction.atomic():
        _keep_an_administrator(user)
        user.is_active = False
        user.save(update_fields=["is_active"])
        for session in UserSession.objects.filter(user=user):
            session.end()
        _record("close account", user)


def reopen_account(*, user: User) -> None:
    with transaction.atomic():
        user.is_active = True
        user.save(update_fields=["is_active"])
        _record("reopen account", user)


def reset_second_factor(*, user: User) -> None:
    """Forget the authenticator app and the recovery codes; the password alone is enough until they are set up anew."""
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        _record("reset second factor", user)


def _set_password(user: User, password: str | None) -> None:
    if password is None:
        user.set_unusable_password()
    else:
        validate_password(password, user)
        user.set_password(password)


def _keep_an_administrator(user: User) -> None:
    administrators = User.objects.select_for_update().filter(is_staff=True, is_superuser=True, is_active=True)
    if {one.pk for one in administrators} == {user.pk}:
        raise DomainError(f"{user.get_username()} is the last administrator; make another one first.")


def _record(action: str, user: User) -> None:
    audit.record(actor=audit.COMMAND_LINE, action=action, person=actor_of(user.get_username()).key)
