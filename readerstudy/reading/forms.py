"""What a reader's browser posts as a form."""

from django import forms

from readerstudy.domain.reader_profiles import MAX_SPECIALTY, MAX_YEARS
from readerstudy.domain.returning import LONGEST_PASSPHRASE
from readerstudy.domain.withdrawals import LONGEST_REASON

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


class AcceptanceForm(forms.Form):
    """What a reader says on accepting; the names are those of `domain.invitations.Acceptance`."""

    use_required_attribute = False

    consents = forms.BooleanField(required=False, label="I have read this, and agree to take part")
    years = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_YEARS,
        label="Years of experience",
        help_text="Since the end of your training; 0 while you train.",
    )
    specialty = forms.CharField(required=False, max_length=MAX_SPECIALTY, label="Specialty")
    passphrase = forms.CharField(
        required=False,
        max_length=LONGEST_PASSPHRASE,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
        label="Passphrase",
        help_text="Keep these words or choose your own, ten letters or more. If empty, you read in this browser alone.",
    )


class ReturnForm(forms.Form):
    use_required_attribute = False

    return_code = forms.CharField(
        max_length=20,
        label="Return code",
        widget=forms.TextInput(attrs={"autocomplete": "username", "spellcheck": "false", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        max_length=LONGEST_PASSPHRASE,
        label="Passphrase",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class WithdrawalForm(forms.Form):
    use_required_attribute = False

    sure = forms.BooleanField(
        label="I withdraw from this study", error_messages={"required": "Tick the box if you mean to withdraw."}
    )
    reason = forms.CharField(
        required=False,
        max_length=LONGEST_REASON,
        label="Why",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="You need not say.",
    )
