"""django-allauth's forms, as the other pages' are: labels in sentence case, fields empty until somebody types."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ReauthenticateForm
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as CodeAgainForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms


class _Plain(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)  # says nothing that the label doesn't
            field.label = str(field.label).capitalize() if field.label else field.label


class StaffLoginForm(_Plain, LoginForm):
    def add_prefix(self, field_name: str) -> str:
        """Call the field by the name that password managers know it by."""
        prefixed: str = super().add_prefix("username" if field_name == "login" else field_name)
        return prefixed


class StaffPasswordForm(_Plain, ChangePasswordForm):
    pass


class PasswordAgainForm(_Plain, ReauthenticateForm):
    pass


class SecondStepForm(_Plain, AuthenticateForm):
    pass


class SecondStepAgainForm(_Plain, CodeAgainForm):
    pass


class SecondStepOnForm(_Plain, ActivateTOTPForm):
    pass
