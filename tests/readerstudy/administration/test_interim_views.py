"""While a study is open, staff see how complete it is and nothing of how right its readers are.

Two versions of one study differ in the answers alone: all right, or all wrong. Every page, file and command must give
the same in both.
"""

import datetime
import io
import re
import uuid
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command, get_commands
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from readerstudy.administration.urls import urlpatterns
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study
from tests import factories

pytestmark = pytest.mark.django_db

LEAVES_THE_STUDY = {"account_logout", "study-close"}  # ends the session; ends reading, after which figures are shown
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
OF_EACH_PAGE = re.compile(
    r'(csrfmiddlewaretoken" value="|csrf-token" content="|name="seed" value="|/invitation/)[\w-]+'
)
NOT_ABOUT_A_STUDY = {
    "create_staff",
    "change_staff",
    "import_dataset",
    "analyse",
    "plan_study",
    "import_readings",
    "demo",
    "create_study",
}
ENDS_READING = {"close_study"}


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    study = factories.make_study_of_patients(real=2, hosts=2)
    for code in ("R1", "R2"):
        factories.make_reader(study, code)
    return study


def read_all(study: Study, *, right: bool) -> None:
    for item in SequenceItem.objects.filter(sequence__reader__study=study).select_related("case"):
        truth = GroundTruth.objects.get(case=item.case).truth
        wrong = "real" if truth == "synthetic" else "synthetic"
        Reading.objects.create(item=item, label=truth if right else wrong, submission=uuid.uuid4(), elapsed_ms=1000)


def in_both(study: Study, look) -> list[dict[str, object]]:
    """Return what `look` sees when all answers are right, and when all are wrong."""
    seen = []
    for right in (True, False):
        with transaction.atomic():
            read_all(study, right=right)
            seen.append(look())
            transaction.set_rollback(True)
    return seen


def addresses(study: Study) -> Iterator[tuple[str, str]]:
    everything = {
        "slug": study.slug,
        "reader_id": study.readers.first().pk,
        "name": "forest",
        "code": study.cases.first().code,
    }
    for pattern in urlpatterns:
        if pattern.name not in LEAVES_THE_STUDY:
            wanted = pattern.pattern.converters
            yield pattern.name, reverse(pattern.name, kwargs={key: everything.get(key, "1") for key in wanted})


def signed_in(staff: User) -> Client:
    client = Client()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_no_page_or_file_tells_how_right_readers_are(study: Study, staff: User):
    signed_in(staff)  # gives the trail's random key of this person before the two looks

    def look() -> dict[str, object]:
        client = signed_in(staff)  # a new one, which has no message waiting from the last look
        seen: dict[str, object] = {}
        for name, address in addresses(study):
            for method in ("get", "post"):
                with transaction.atomic():
                    response = getattr(client, method)(address)
                    body = b"".join(response) if response.streaming else response.content
                    text = OF_EACH_PAGE.sub("", body.decode("utf-8", "replace"))
                    seen[f"{method} {name}"] = (response.status_code, response.get("Location"), text)
                    transaction.set_rollback(True)
        return seen

    right, wrong = in_both(study, look)
    assert set(right) == {f"{method} {name}" for name, _ in addresses(study) for method in ("get", "post")}
    assert [name for name, answer in right.items() if answer != wrong[name]] == []
    assert right["get study-detail"][0] == 200


def test_no_command_tells_how_right_readers_are(study: Study, tmp_path):
    commands = {name for name, app in get_commands().items() if app == "readerstudy"}
    about_a_study = commands - NOT_ABOUT_A_STUDY - ENDS_READING
    arguments = {"export_study": ["--out", str(tmp_path / "out")], "invite_reader": ["--code", "R9"]}

    def look() -> dict[str, object]:
        return {name: said(name, study.slug, *arguments.get(name, [])) for name in sorted(about_a_study)}

    right, wrong = in_both(study, look)
    assert right == wrong
    assert "not closed" in right["export_study"]
    assert not (tmp_path / "out").exists()


def said(name: str, *arguments: str) -> str:
    out = io.StringIO()
    try:
        with transaction.atomic():
            call_command(name, *arguments, stdout=out, stderr=out)
            transaction.set_rollback(True)
    except (CommandError, TypeError, FileNotFoundError) as error:  # some take no study, or need its files
        return f"{type(error).__name__}: {error}"
    return OF_EACH_PAGE.sub("", out.getvalue())


def test_once_closed_the_two_differ(study: Study, staff_client: Client):
    """The comparison above would see a difference where there is one."""

    def look() -> dict[str, object]:
        cache.clear()  # the clock stands still, so both versions are closed at once
        staff_client.post(reverse("study-close", args=[study.slug]))
        return {"results": OF_EACH_PAGE.sub("", staff_client.get(reverse("study-results", args=[study.slug])).text)}

    right, wrong = in_both(study, look)
    assert right != wrong
