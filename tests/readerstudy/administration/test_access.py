"""Who gets which administration page: every view of the URL file, for every role."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from readerstudy.administration.urls import urlpatterns
from readerstudy.domain.design import parse_design
from readerstudy.domain.report import can_make_pdf
from readerstudy.domain.studies import close_study, create_study
from readerstudy.models.import_run import ImportRun
from readerstudy.models.reader import Reader
from readerstudy.models.volume import OrganScan
from readerstudy.permissions import ACCESS, READER_KEY

from . import builders

PUBLIC = {"login", "logout"}
POST_ONLY = {
    "study-new-file",
    "study-generate",
    "study-retry",
    "study-audit-run",
    "gallery-review",
    "study-amend",
    "reader-invite",
    "reader-renew",
    "study-export",
    "import-stop",
    "import-retry",
    "import-dismiss",
}
CLOSED_ONLY = {
    "study-figure-svg",
    "study-figure-csv",
    "study-report",
    "study-report-pdf",
    "case-detail",
    "case-preview",
    "case-slice",
}  # not found before
IN_THE_GALLERY = {"gallery-case", "gallery-preview", "gallery-slice", "gallery-thumbnail"}  # not found after opening
STAFF_ONLY = {str(pattern.name) for pattern in urlpatterns} - PUBLIC
PAGES = STAFF_ONLY - POST_ONLY - CLOSED_ONLY - IN_THE_GALLERY
FORMS = POST_ONLY | {"study-new", "study-open", "study-close", "dataset-delete", "import-new", "import-upload"}
OF_ONE_SCAN = {str(pattern.name) for pattern in urlpatterns if "scan_id" in pattern.pattern.converters}
OF_ONE_STUDY = {str(pattern.name) for pattern in urlpatterns if "slug" in pattern.pattern.converters}


@pytest.fixture
def reader(db: None) -> Reader:
    builders.shown_scan()
    builders.failed_import()
    return builders.invite(builders.opened(), "R1")


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
        "run_id": ImportRun.objects.get().pk,
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


def test_every_view_says_for_whom_it_is():
    access = {pattern.name: getattr(pattern.callback, ACCESS, None) for pattern in urlpatterns}
    assert access == {name: "public" if name in PUBLIC else "staff" for name in access}


def test_nobody_is_sent_to_the_login(reader: Reader):
    assert statuses(Client(), STAFF_ONLY, reader) == dict.fromkeys(STAFF_ONLY, 302)
    assert Client().get(reverse("study-list"))["Location"] == f"{reverse('login')}?next={reverse('study-list')}"


def test_readers_get_no_administration_page(reader: Reader):
    client = Client()
    session = client.session
    session[READER_KEY] = reader.pk
    session.save()
    assert statuses(client, STAFF_ONLY, reader) == dict.fromkeys(STAFF_ONLY, 302)


def test_users_who_are_not_staff_are_refused(reader: Reader):
    client = log_in(User.objects.create_user("bob"))
    assert statuses(client, STAFF_ONLY, reader) == dict.fromkeys(STAFF_ONLY, 403)


def test_staff_get_every_page(reader: Reader, staff_client: Client):
    assert statuses(staff_client, PAGES, reader) == dict.fromkeys(PAGES, 200)


def test_staff_get_the_pages_of_a_closed_study(reader: Reader, staff_client: Client):
    close_study(study=reader.study, actor=builders.ACTOR, reason="It is a test.")
    shown = CLOSED_ONLY - {"case-slice"}  # the files of these cases have no content; see test_case_page
    found = statuses(staff_client, shown, reader)
    assert found == dict.fromkeys(shown, 200) | {"study-report-pdf": 200 if can_make_pdf() else 302}


def test_an_opened_study_has_no_gallery_any_more(reader: Reader, staff_client: Client):
    asked = IN_THE_GALLERY | {"gallery-review"}
    assert statuses(staff_client, asked, reader) == dict.fromkeys(asked, 404)


def test_what_changes_something_is_not_done_by_a_link(reader: Reader, staff_client: Client):
    found = {name: staff_client.get(url(name, reader)).status_code for name in POST_ONLY}
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
