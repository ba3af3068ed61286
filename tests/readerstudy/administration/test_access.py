"""What is refused of administration pages to whoever may see them; who may is in `access_table`."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from readerstudy.administration.urls import urlpatterns
from readerstudy.domain.design import parse_design
from readerstudy.domain.studies import create_study
from readerstudy.models.import_run import ImportRun
from readerstudy.models.membership import Role
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study
from readerstudy.models.volume import OrganScan
from tests.readerstudy.access_table import PAGES

from . import builders

METHODS = {(page.method, page.address) for page in PAGES if page.kind != "public"}
FORMS = {address for method, address in METHODS if method == "POST"} & {str(one.name) for one in urlpatterns}
POST_ONLY = {address for address in FORMS if ("GET", address) not in METHODS}
CLOSED_ONLY = {"study-radiomics-run"}
OF_ONE_SCAN = {str(pattern.name) for pattern in urlpatterns if "scan_id" in pattern.pattern.converters}
OF_ONE_STUDY = {str(pattern.name) for pattern in urlpatterns if "slug" in pattern.pattern.converters}


@pytest.fixture
def reader(db: None) -> Reader:
    builders.shown_scan()
    builders.failed_import()
    study = builders.opened()
    study.memberships.create(user=User.objects.create_user("olga", is_staff=True), role=Role.OWNER)
    return builders.invite(study, "R1")


def log_in(user: User, **options: bool) -> Client:
    client = Client(**options)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def url(name: str, reader: Reader, **changes: object) -> str:
    """Fill in the arguments that the view takes."""
    scan = OrganScan.objects.get(volume__dataset__name=builders.SHOWN)
    everything = {
        "slug": reader.study.slug,
        "reader_id": reader.pk,
        "name": "parts" if "audit" in name else "flow",
        "dataset": builders.SHOWN,
        "scan_id": scan.pk,
        "number": 0,
        "token": "0" * 32,
        "code": reader.study.cases.first().code,
        "person_id": reader.study.memberships.get().pk,
        "run_id": ImportRun.objects.get().pk,
        "action": "revoke",
        **changes,
    }
    pattern = next(pattern for pattern in urlpatterns if pattern.name == name)
    return reverse(name, kwargs={key: everything[key] for key in pattern.pattern.converters})


def statuses(client: Client, names: set[str], reader: Reader, **changes: object) -> dict[str, int]:
    """Ask for each view as its page would: POST where nothing else is taken."""
    return {
        name: (client.post if name in POST_ONLY else client.get)(url(name, reader, **changes)).status_code
        for name in sorted(names)
    }


def test_what_changes_something_is_not_done_by_a_link(reader: Reader, staff_client: Client):
    Study.objects.update(state=Study.State.PREPARING, opened_at=None)  # in which nearly every form has its place
    found = {name: staff_client.get(url(name, reader)).status_code for name in POST_ONLY - CLOSED_ONLY}
    Study.objects.update(state=Study.State.CLOSED, opened_at=timezone.now(), closed_at=timezone.now())
    found |= {name: staff_client.get(url(name, reader)).status_code for name in CLOSED_ONLY}
    assert found == dict.fromkeys(POST_ONLY, 405)


def test_what_changes_something_needs_the_token_of_its_form(reader: Reader, staff: User):
    client = log_in(staff, enforce_csrf_checks=True)
    found = {name: client.post(url(name, reader)).status_code for name in FORMS}
    assert found == dict.fromkeys(FORMS, 403)


def test_a_study_that_is_not_there_is_not_found(reader: Reader, staff_client: Client):
    found = statuses(staff_client, OF_ONE_STUDY, reader, slug="elsewhere")
    assert found == dict.fromkeys(OF_ONE_STUDY, 404)


@pytest.mark.parametrize(("argument", "value"), [("dataset", "elsewhere"), ("scan_id", 0), ("run_id", 0)])
def test_what_is_not_there_is_not_found(reader: Reader, staff_client: Client, argument: str, value: object):
    names = {str(pattern.name) for pattern in urlpatterns if argument in pattern.pattern.converters}
    assert statuses(staff_client, names, reader, **{argument: value}) == dict.fromkeys(names, 404)


def test_what_is_shown_of_a_scan_is_kept_by_no_browser(reader: Reader, staff_client: Client):
    for name in OF_ONE_SCAN:
        assert staff_client.get(url(name, reader)).headers["Cache-Control"] == "no-store"


def test_a_reader_of_another_study_gets_no_link_here(reader: Reader, staff_client: Client):
    other = create_study(design=parse_design(builders.design(slug="other")), actor=builders.ACTOR)
    response = staff_client.post(reverse("reader-renew", args=[other.slug, reader.pk]))
    assert response.status_code == 404
    assert Reader.objects.get(pk=reader.pk).invitation_sha256 == reader.invitation_sha256
