"""Deleting a draft from its page, and restoring an archive from the pages."""

import io
import zipfile

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import reverse

from readerstudy.domain.importing.uploads import uploads_folder
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.membership import Membership, Role
from readerstudy.models.study import Study
from tests.readerstudy.domain.archive.builders import archived, empty_installation, make_closed_study

from . import builders

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_draft_is_deleted_once_its_short_name_is_typed(staff_client: Client):
    study = builders.draft()
    url = reverse("study-delete", args=[study.slug])
    assert f'href="{url}"' in staff_client.get(reverse("study-detail", args=[study.slug])).content.decode()
    assert "Delete the study" in staff_client.get(url).content.decode()

    page = staff_client.post(url, {"slug": "another"}).content.decode()
    assert f"Type the short name of the study, {study.slug}, to delete it." in page
    assert Study.objects.count() == 1

    page = staff_client.post(url, {"slug": f" {study.slug} "}, follow=True).content.decode()
    assert f"Study {study.slug} is deleted." in page
    assert not Study.objects.exists()
    assert AuditEvent.objects.filter(study_id=study.slug, action="delete study", actor__name="ann").count() == 1


def test_an_open_study_offers_no_deletion(staff_client: Client):
    study = builders.opened()
    url = reverse("study-delete", args=[study.slug])
    assert f'href="{url}"' not in staff_client.get(reverse("study-detail", args=[study.slug])).content.decode()
    page = staff_client.get(url).content.decode()
    assert "It can’t be deleted." in page
    assert "<form" not in page.split("<main", 1)[1].split("</main>", 1)[0]
    staff_client.post(url, {"slug": study.slug})
    assert Study.objects.count() == 1


def upload(client: Client, content: bytes, **more: object):
    file = SimpleUploadedFile("a patient's name.zip", content, "application/zip")
    return client.post(reverse("study-restore"), {"archive": file}, **more)


def test_an_archive_is_restored_and_belongs_to_who_restored_it(tmp_path):
    content = archived(make_closed_study(), tmp_path).read_bytes()
    empty_installation()
    client = Client()
    user = User.objects.create_user("bea", is_staff=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("study-restore")).status_code == 200

    response = upload(client, content, follow=True)

    study = Study.objects.get()
    assert response.redirect_chain == [(reverse("study-detail", args=[study.slug]), 302)]
    assert f"Study {study.slug} is restored, as it was archived." in response.content.decode()
    assert study.state == "closed"
    assert Membership.objects.get(study=study).role == Role.OWNER
    assert AuditEvent.objects.filter(study_id=study.slug).order_by("number").last().actor.name == "bea"
    assert list(uploads_folder().iterdir()) == []
    page = upload(client, content).content.decode()
    assert f"There is a study {study.slug} already; an archive is restored where its study is not." in page


def zipped(**members: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no archive", "The uploaded file is no archive of a study, or is cut off ("),
        (b"", "The uploaded file is no archive of a study, or is cut off ("),
        (
            zipped(readings="a,b"),
            "The uploaded file is no archive of a study, or is cut off (it has no manifest.json).",
        ),
    ],
)
def test_a_bad_file_gets_one_sentence_and_leaves_nothing(staff_client: Client, content: bytes, said: str):
    page = upload(staff_client, content).content.decode()

    assert "Nothing was restored." in page
    assert said in page
    assert "patient" not in page.split("<main", 1)[1].split('role="alert"', 1)[1].split("</p>", 1)[0]
    assert list(uploads_folder().iterdir()) == []
    assert not Study.objects.exists()


def test_no_file_and_too_large_a_one_are_said(staff_client: Client):
    assert "Choose the archive first." in staff_client.post(reverse("study-restore")).content.decode()
    with override_settings(UPLOAD_MAX_MB=1):
        response = upload(staff_client, bytes(3_000_000))
    assert response.status_code == 413
    assert "Up to 1 MB are taken here" in response.content.decode()
    assert list(uploads_folder().iterdir()) == []


def test_a_forged_request_is_refused(staff_client: Client):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = staff_client.cookies
    assert upload(strict, b"anything").status_code == 403
