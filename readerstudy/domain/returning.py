"""Coming back in another browser: a return code, which is a name, and a passphrase, kept as Django keeps passwords."""

from __future__ import annotations

from functools import cache

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import F
from xkcdpass.xkcd_password import generate_wordlist, generate_xkcdpassword, locate_wordfile

from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.models.reader import Reader

WORDS = 4  # of 4,356: 48 bits
LONGEST_PASSPHRASE = 200


def new_passphrase() -> str:
    """Return words to note down, drawn by the operating system's source of chance."""
    return str(generate_xkcdpassword(list(_words()), numwords=WORDS, delimiter=" "))


def hash_passphrase(passphrase: str) -> str:
    """Return what is stored of a passphrase.

    Raises
    ------
    DomainError
        If it is too easily guessed.
    """
    if len(passphrase) > LONGEST_PASSPHRASE:
        raise DomainError(f"Choose a passphrase of up to {LONGEST_PASSPHRASE} letters.")
    try:
        validate_password(passphrase)
    except ValidationError as error:
        raise DomainError(" ".join(error.messages).replace("password", "passphrase")) from None
    return make_password(_spelt(passphrase))


def let_return(*, return_code: str, passphrase: str, staff: str = "") -> Reader | None:
    """Return the reader who has this code and passphrase, and record that they came back.

    Whoever guesses can't tell an unknown code from a wrong passphrase, nor by the time it takes. `staff` is the
    administrator who was logged in there, as in `invitations.accept_invitation`.
    """
    reader = find_returning(return_code=return_code, passphrase=passphrase)
    if reader is not None:
        audit.record(actor=reader, action="return", study=reader.study)
        if staff:
            audit.record(actor=staff, action="read as a reader", study=reader.study, reader=reader.code)
    return reader


def find_returning(*, return_code: str, passphrase: str) -> Reader | None:
    code = return_code.strip().lower()
    reader = Reader.objects.select_related("study").filter(return_code=code).exclude(passphrase="").first()
    fits = check_password(_spelt(passphrase), reader.passphrase if reader else _nobodys())
    return reader if reader and fits else None


def begin_session(*, reader: Reader) -> int:
    """Return the number of the reader's new session; every earlier one is over."""
    Reader.objects.filter(pk=reader.pk).update(session_number=F("session_number") + 1)
    reader.refresh_from_db(fields=["session_number"])
    return reader.session_number


def _spelt(passphrase: str) -> str:
    """Return a passphrase as it is compared: however many blanks stand between its words."""
    return " ".join(passphrase.split())


@cache
def _words() -> tuple[str, ...]:
    file = locate_wordfile("eff-long")
    return tuple(generate_wordlist(wordfile=file, min_length=4, max_length=7, valid_chars="[a-z]"))


@cache
def _nobodys() -> str:
    return make_password("")
