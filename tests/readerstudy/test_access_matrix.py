"""Who gets what: every role x every address x the states of a study, against the table in `access_table`."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.test import Client
from django.urls import reverse

from readerstudy.domain.report import can_make_pdf
from readerstudy.models.import_run import ImportRun
from readerstudy.models.membership import Membership, Role
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study
from readerstudy.models.volume import OrganScan
from readerstudy.permissions import ACCESS
from tests import factories
from tests.readerstudy.access_table import OUTCOMES, PAGES, ROLES, STATES, Page
from tests.readerstudy.administration import builders
from tests.readerstudy.reading import addresses

pytestmark = [pytest.mark.django_db, pytest.mark.database]

FORMS: dict[str, dict[str, Any]] = {
    "display-check": factories.display_found(),
    "answer": {"submission": str(uuid.uuid4()), "label": "real", "active_ms": 5},
    "problem": {"submission": str(uuid.uuid4()), "text": "It stays black."},
    "preferences": {"swap": 1},
    "reader-invite": {"code": "R9"},
    "study-amend": {"change": "Another room.", "reason": "The first is painted."},
    "study-close": {"reason": "It is a test."},
}
JSON = {"answer", "problem", "preferences"}


@dataclass
class Site:
    """Three studies, each in one state; a session for every role, which readers have in one of them each."""

    studies: dict[str, Study] = field(default_factory=dict)
    cookies: dict[tuple[str, str], str] = field(default_factory=dict)
    invitations: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[tuple[str, ...], str] = field(default_factory=dict)
    """By method, address and session: a page that is no study's is the same whatever the study's state."""
    client: Client = field(default_factory=Client)

    def ask(self, page: Page, role: str, state: str) -> str:
        """Return the status of the answer, or `login`; nothing that a request did is kept, so none is sent twice."""
        asked = (page.method, self.url(page.address, state), self.cookies.get((role, state), ""))
        if asked not in self.answers:
            self.answers[asked] = self._send(page, *asked[1:])
        return self.answers[asked]

    def _send(self, page: Page, url: str, session: str) -> str:
        self.client.cookies.clear()
        self.client.cookies[settings.SESSION_COOKIE_NAME] = session
        with transaction.atomic():
            if page.method == "GET":
                response = self.client.get(url)
            elif page.address in JSON:
                response = self.client.post(url, FORMS[page.address], "application/json")
            else:
                response = self.client.post(url, FORMS.get(page.address, {}))
            transaction.set_rollback(True)
        b"".join(response)  # to the end, which closes files
        if response.status_code == 302 and response["Location"].startswith(reverse(settings.LOGIN_URL) + "?"):
            return "login"
        return str(response.status_code)

    def url(self, address: str, state: str) -> str:
        """Fill in the arguments that the view takes."""
        wanted = next(one for one in addresses.patterns() if one.name == address).pattern.converters
        name = "parts" if "audit" in address else "map-size" if "radiomics" in address else "flow"
        arguments = self.arguments[state] | {"name": name}
        return reverse(address, kwargs={key: arguments[key] for key in wanted})

    def know_arguments(self, state: str) -> None:
        """Keep what addresses of the study are made of."""
        study = self.studies[state]
        case = study.cases.first()
        item = SequenceItem.objects.filter(sequence__reader__study=study).order_by("sequence", "position").first()
        self.arguments[state] = {
            "slug": study.slug,
            "reader_id": item.sequence.reader_id if item else 1,
            "dataset": builders.SHOWN,
            "scan_id": OrganScan.objects.get(volume__dataset__name=builders.SHOWN).pk,
            "number": 0,
            "action": "revoke",
            "person_id": study.memberships.get(role=Role.OBSERVER).pk,
            "code": case.code if case else "none",
            "run_id": ImportRun.objects.get().pk,
            "token": item.token if item else "0" * 32,
            "secret": self.invitations.get(state, "none"),
        }


@pytest.fixture(scope="module")
def given(for_a_while: Callable[[], AbstractContextManager[None]]) -> dict[Any, str]:
    """Ask for every page, in every state, in every role."""
    with for_a_while():
        site = make_site()
        return {
            (page, role, state): site.ask(page, role, state)
            for page in PAGES
            for state in STATES
            for role in ROLES
            if page.statuses[state] != "-"
        }


def make_site() -> Site:
    site = Site()
    builders.make_radiomics(builders.shown_scan().volume.dataset)
    builders.failed_import()
    for state in STATES:
        factories.make_patients(real=2, hosts=2)
        study = (factories.make_draft if state == "draft" else factories.make_open_study)(slug=state)
        site.studies[state] = study
        if state != "draft":
            builders.make_audit(study, "tells")
            builders.make_radiomics(study)
            browser = factories.reader_client(study, "R1")
            browser.get(reverse("state"))
            site.cookies["reader", state] = browser.cookies[settings.SESSION_COOKIE_NAME].value
            site.invitations[state] = factories.invitation_path(study, "R2").split("/")[2]
    site.cookies["reader", "draft"] = site.cookies["reader", "open"]
    factories.close(site.studies["closed"])
    other = builders.draft(slug="other")
    for role in ROLES:
        if role not in ("nobody", "reader"):
            cookie = log_in(make_user(role, list(site.studies.values()), other))
            site.cookies |= {(role, state): cookie for state in STATES}
    for state in STATES:
        site.know_arguments(state)
    return site


def make_user(role: str, studies: list[Study], other: Study) -> User:
    rights = {"is_staff": role != "user", "is_superuser": role == "administrator"}
    user = User.objects.create_user(role, password="a long pass phrase", **rights)
    if role == "manager":
        user.user_permissions.add(Permission.objects.get(codename="manage_data"))
    if role in Role:
        Membership.objects.bulk_create(Membership(study=study, user=user, role=role) for study in studies)
    elif role in ("stranger", "manager"):
        Membership.objects.create(study=other, user=user, role=Role.OWNER)
    return user


def log_in(user: User) -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def test_every_address_has_its_rows():
    assert {page.address for page in PAGES} == addresses.names()


def test_every_view_says_that_it_is_of_the_kind_that_the_table_says():
    said = {name: getattr(view, ACCESS, None) for name, view in addresses.views().items()}
    told = {page.address: page.kind.replace("signed-out", "public") for page in PAGES}
    assert said == told


def status(page: Page, state: str) -> str:
    pdf = "200" if can_make_pdf() else "302"
    return {"pdf": pdf}.get(page.statuses[state], page.statuses[state])


def test_each_role_gets_what_the_table_says(given: dict[Any, str]):
    """One test for all roles, since asking takes most of the time and would be done in each process."""
    expected = {}
    for page, role, state in given:
        outcome = OUTCOMES[page.kind][role]
        expected[page, role, state] = status(page, state) if outcome == "yes" else outcome
    wrong = {asked: (answer, expected[asked]) for asked, answer in given.items() if answer != expected[asked]}
    assert wrong == {}
