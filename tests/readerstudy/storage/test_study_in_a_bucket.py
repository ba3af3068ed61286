"""A whole study whose files lie in a bucket: imported, built, read, and deleted, on a real S3 server."""

import json

import pytest
from django.urls import reverse

from readerstudy.domain.store import get_store, name_of
from readerstudy.models.case import SlicePack
from readerstudy.models.stored_file import StoredFile
from tests import factories

pytestmark = pytest.mark.django_db


def test_cases_are_built_and_read_from_a_bucket(bucket, data_root):
    client = factories.reader_client(factories.make_study_of_patients(real=2, hosts=2))

    case = json.loads(client.get(reverse("state")).content)["case"]
    members = [client.get(case["slice_url"].replace("{n}", str(n))).content for n in range(case["shape"][0])]

    packs = [get_store().read(pack.file) for pack in SlicePack.objects.select_related("file")]
    assert b"".join(members) in packs
    assert {file.name for file in get_store().list_files()} == {
        name_of(key) for key in StoredFile.objects.values_list("key", flat=True)
    }
    assert not (data_root / "store").exists()
    assert list((data_root / "incoming").iterdir()) == []


def test_a_reader_is_told_nothing_of_a_bucket_that_lost_a_file(bucket):
    client = factories.reader_client(factories.make_study_of_patients(real=2, hosts=2))
    case = json.loads(client.get(reverse("state")).content)["case"]
    client.raise_request_exception = False
    for pack in SlicePack.objects.all():
        get_store().delete(pack.file_id)

    response = client.get(case["slice_url"].replace("{n}", "0"))

    assert response.status_code == 500
    assert b"bucket" not in response.content
