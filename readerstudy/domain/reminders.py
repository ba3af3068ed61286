"""Writing to readers who have something to read: the one use that is made of their e-mail addresses."""

from __future__ import annotations

from smtplib import SMTPException

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.queries.readers import ReaderProgress, reader_progress
from readerstudy.models.reader import Reader, ReaderContact
from readerstudy.models.study import Study

MESSAGE = """Dear reader,

in the study “{title}” there are cases for you to read; you have read {done} of {total} so far.

Go on in the browser that you read in:
{room}

or in another one, with your return code {code} and your passphrase:
{elsewhere}

If you have lost them, or wish to take part no more, please tell the study's organiser.
"""


def set_contact(*, reader: Reader, email: str, actor: str) -> None:
    """Note where a reader can be written to; nothing erases it. The trail never holds the address.

    Raises
    ------
    DomainError
        If it is no e-mail address.
    """
    email = email.strip()
    if email:
        try:
            ReaderContact._meta.get_field("email").clean(email, None)
        except ValidationError:
            raise DomainError(f"{email!r} is no e-mail address.") from None
    with transaction.atomic():
        if email:
            ReaderContact.objects.update_or_create(reader=reader, defaults={"email": email})
        else:
            ReaderContact.objects.filter(reader=reader).delete()
        action = "note contact" if email else "erase contact"
        audit.record(actor=actor, action=action, study=reader.study, reader=reader.code)


def remind_reader(*, reader: Reader, actor: str) -> None:
    """Write to one reader.

    Raises
    ------
    DomainError
        If nothing is due from them, no address is known, or the message can't be sent.
    """
    progress = next(one for one in reader_progress(reader.study) if one.reader.pk == reader.pk)
    if not progress.email:
        raise DomainError(f"No e-mail address of reader {reader.code} is known.")
    if reader.study.state != Study.State.OPEN or not progress.is_due:
        raise DomainError(f"Reader {reader.code} has nothing to read now.")
    _send(progress, actor)


def remind_due_readers(*, study: Study, actor: str, idle_days: int = 0) -> list[str]:
    """Write to everybody who has something to read, has an address, and was idle for so many days; return their codes.

    Raises
    ------
    DomainError
        If `idle_days` is negative, the study is not open, or a message can't be sent; those before it were.
    """
    if idle_days < 0:
        raise DomainError(f"Give a number of days from 0, not {idle_days}.")
    if study.state != Study.State.OPEN:
        raise DomainError(f"Study {study.slug} is {study.get_state_display().lower()}; nobody has anything to read.")
    due = [one for one in reader_progress(study) if one.is_due and one.email and one.idle_days >= idle_days]
    for progress in due:
        _send(progress, actor)
    return [progress.reader.code for progress in due]


def _send(progress: ReaderProgress, actor: str) -> None:
    reader = progress.reader
    text = MESSAGE.format(
        title=reader.study.title,
        done=progress.done,
        total=progress.total,
        room=settings.PUBLIC_URL + reverse("reading-room"),
        elsewhere=settings.PUBLIC_URL + reverse("return"),
        code=reader.return_code,
    )
    message = EmailMessage(subject=f"Cases to read: {reader.study.title}", body=text, to=[progress.email])
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise DomainError(f"The message to reader {reader.code} could not be sent ({type(error).__name__}).") from error
    ReaderContact.objects.filter(reader=reader).update(reminded_at=timezone.now())
    audit.record(actor=actor, action="remind reader", study=reader.study, reader=reader.code)
