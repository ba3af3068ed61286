"""Whatever staff can post leaves an event that names them."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.gallery import open_gallery
from readerstudy.domain.people import add_person
from readerstudy.domain.reminders import set_contact
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.membership import Role
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study
from tests import factories
from tests.readerstudy.access_table import PAGES
from tests.readerstudy.domain.archive.builders import make_closed_study

from . import builders

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NEW_STUDY = {"title": "New", "slug": "new", "seed": "3"}


def of_study(address: str, make: Callable[[], Study], **given: str) -> Callable[[Client], None]:
    def post(client: Client) -> None:
        response = client.post(reverse(address, args=[make().slug]), given)
        if response.streaming:
            response.getvalue()  # which closes the file

    return post


def renew(client: Client) -> None:
    study = builders.opened()
    client.post(reverse("reader-renew", args=[study.slug, builders.invite(study, "R1").pk]))


def of_import(name: str, **changes: object) -> Callable[[Client], None]:
    def post(client: Client) -> None:
        client.post(reverse(name, args=[builders.failed_import(**changes).pk]))

    return post


def delete_dataset(client: Client) -> None:
    builders.shown_scan()
    client.post(reverse("dataset-delete", args=[builders.SHOWN]), {"name": builders.SHOWN})


def measure_dataset(client: Client) -> None:
    builders.shown_scan()
    client.post(reverse("dataset-radiomics-run", args=[builders.SHOWN]))


def erase(client: Client) -> None:
    study = builders.opened()
    client.post(reverse("reader-erase", args=[study.slug, builders.invite(study, "R1").pk]))


def with_contact() -> Study:
    study = builders.opened()
    reader = builders.invite(study, "R1")
    Reader.objects.update(accepted_at=timezone.now())
    set_contact(reader=reader, email="reader@hospital.example", actor="zoe")
    return study


def act(client: Client) -> None:
    study = builders.opened()
    reader = builders.invite(study, "R1")
    client.post(reverse("reader-act", args=[study.slug, reader.pk, "contact"]), {"email": "reader@hospital.example"})


def remind(client: Client) -> None:
    client.post(reverse("readers-remind", args=[with_contact().slug]))


def exclude(client: Client) -> None:
    study = builders.opened()
    client.post(reverse("case-exclude", args=[study.slug, study.cases.first().code]), {"reason": "Broken."})


def accept(client: Client) -> None:
    factories.make_patients(real=2, hosts=2)
    study = factories.make_draft()
    start_generation(study=study, actor=factories.ACTOR)
    factories.build_cases(study)
    token = open_gallery(study=study, viewer="ann").cases[0].token
    client.post(reverse("gallery-review", args=[study.slug, token]), {"verdict": "accept"})


def with_bob() -> Study:
    User.objects.create_user("bob", is_staff=True)
    return builders.draft()


def delete_study(client: Client) -> None:
    study = builders.draft()
    client.post(reverse("study-delete", args=[study.slug]), {"slug": study.slug})


def of_person(name: str, **given: str) -> Callable[[Client], None]:
    def post(client: Client) -> None:
        study = with_bob()
        person = add_person(study=study, name="bob", role=Role.OBSERVER, actor="zoe")
        client.post(reverse(name, args=[study.slug, person.pk]), given)

    return post


POSTS: dict[str, tuple[str, Callable[[Client], None]]] = {
    "study-generate": ("draw case set", of_study("study-generate", builders.draft)),
    "study-retry": ("retry failed cases", of_study("study-retry", lambda: builders.preparing(failed=1))),
    "gallery-review": ("accept case", accept),
    "study-audit-run": ("ask for audit", of_study("study-audit-run", lambda: builders.preparing(ready=4))),
    "study-radiomics-run": ("ask for radiomics", of_study("study-radiomics-run", builders.closed)),
    "dataset-radiomics-run": ("ask for radiomics", measure_dataset),
    "study-open": ("open study", of_study("study-open", builders.audited)),
    "study-amend": ("amend protocol", of_study("study-amend", builders.opened, change="It moves.", reason="Rain.")),
    "reader-invite": ("invite reader", of_study("reader-invite", builders.opened, code="R1", years="3")),
    "reader-renew": ("renew invitation", renew),
    "reader-act": ("note contact", act),
    "readers-remind": ("remind reader", remind),
    "case-exclude": ("amend protocol", exclude),
    "study-delete": ("delete study", delete_study),
    "study-close": ("close study", of_study("study-close", builders.opened, reason="It is over.")),
    "study-export": ("export study", of_study("study-export", builders.closed)),
    "reader-erase": ("erase personal data", erase),
    "study-archive": ("archive study", of_study("study-archive", make_closed_study)),
    "person-add": ("add person", of_study("person-add", with_bob, name="bob", role="observer")),
    "person-role": ("change role", of_person("person-role", role="analyst")),
    "person-remove": ("remove person", of_person("person-remove")),
    "import-stop": ("stop import", of_import("import-stop", state="queued", error="", finished_at=None)),
    "import-retry": ("retry import", of_import("import-retry")),
    "import-dismiss": ("dismiss import", of_import("import-dismiss")),
    "dataset-delete": ("delete data set", delete_dataset),
}
OTHERS = {"public", "reader", "signed-out", "account"}
ELSEWHERE = {
    "study-new": "test_study_forms: create study",
    "study-new-file": "test_study_forms: create study",
    "study-restore": "test_study_removal_page: restore study",
    "import-new": "test_import_pages: ask for import",
    "import-upload": "test_import_pages: ask for import",
}


def test_every_form_is_looked_at():
    forms = {
        page.address
        for page in PAGES
        if page.method == "POST" and page.kind not in ("public", "reader", "signed-out", "account")
    }

    assert set(POSTS) | set(ELSEWHERE) == forms


@pytest.mark.parametrize("name", POSTS)
def test_what_is_posted_leaves_an_event(staff_client: Client, name: str):
    action, post = POSTS[name]

    post(staff_client)

    event = AuditEvent.objects.select_related("actor", "address").filter(action=action).get()
    assert (event.actor.name, event.address and event.address.address) == ("ann", "127.0.0.1")
