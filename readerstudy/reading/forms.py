"""What a reader's browser posts as a form."""

from django import forms

MOST_PIXELS = 100_000


def _digits() -> forms.RegexField:
    return forms.RegexField(r"^\d{2}$", widget=forms.HiddenInput)


def _typed() -> forms.CharField:
    return forms.CharField(required=False, max_length=4)


class DisplayCheckForm(forms.Form):
    """What was drawn, what was seen of it, and the screen that it was on."""

    dark_shown = _digits()
    dark_seen = _typed()
    bright_shown = _digits()
    bright_seen = _typed()
    screen_width = forms.IntegerField(min_value=1, max_value=MOST_PIXELS)
    screen_height = forms.IntegerField(min_value=1, max_value=MOST_PIXELS)
    pixel_ratio = forms.FloatField(min_value=0.01, max_value=100)
    colour_depth = forms.IntegerField(min_value=1, max_value=128)
