"""What staff ask of an audit trail."""

from typing import Any, cast

from django import forms

from readerstudy.domain.queries.trail import Wanted, actions_in, actors_in
from readerstudy.models.study import Study


def _day() -> forms.DateField:
    return forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))


class TrailForm(forms.Form):
    actor = forms.ChoiceField(required=False, label="Who")
    action = forms.ChoiceField(required=False, label="What")
    since = _day()
    until = _day()

    def __init__(self, *args: Any, study: Study | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("actor", "Everybody", [(one.key, str(one)) for one in actors_in(study)])
        self._offer("action", "Everything", [(one, one) for one in actions_in(study)])

    def _offer(self, name: str, everything: str, choices: list[tuple[str, str]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = [("", everything), *choices]

    def wanted(self) -> Wanted:
        """Return what is asked for; a field that can't be read asks for nothing."""
        self.is_valid()
        return Wanted(**{name: value for name, value in self.cleaned_data.items() if value})
