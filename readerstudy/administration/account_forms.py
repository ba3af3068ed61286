from typing import Any

from allauth.account.forms import LoginForm


class StaffLoginForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # which say nothing that their labels don't
            del field.widget.attrs["placeholder"]

    def add_prefix(self, field_name: str) -> str:
        """Call the field by the name that password managers know it by."""
        prefixed: str = super().add_prefix("username" if field_name == "login" else field_name)
        return prefixed
