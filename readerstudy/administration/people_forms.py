from django import forms

from readerstudy.models.membership import Role


class RoleForm(forms.Form):
    role = forms.TypedChoiceField(choices=Role.choices, coerce=Role)


class PersonForm(RoleForm):
    field_order = ("name", "role")
    name = forms.CharField(max_length=150, label="User name")
    role = forms.TypedChoiceField(choices=Role.choices, coerce=Role, initial=Role.OBSERVER)
