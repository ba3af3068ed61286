"""The address of a bucket, and what its service's errors become."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from readerstudy.domain.store import get_store
from readerstudy.storage.bucket import BucketStorage, bucket_options
from tests.s3_server import BUCKET


def test_an_address_names_bucket_prefix_endpoint_and_region():
    options = bucket_options("s3://ct/studies/a?endpoint=https%3A%2F%2Fs3.example.org&region=eu-1")

    named = {name: options[name] for name in ("bucket_name", "location", "endpoint_url", "region_name")}
    assert named == {
        "bucket_name": "ct",
        "location": "studies/a",
        "endpoint_url": "https://s3.example.org",
        "region_name": "eu-1",
    }


def test_amazons_own_needs_no_more_than_a_bucket():
    options = bucket_options("s3://ct")

    assert (options["location"], options["endpoint_url"], options["region_name"]) == ("", None, None)


@pytest.mark.parametrize(
    "url",
    ["ct", "https://ct", "s3:///prefix", "s3://key:secret@ct", "s3://ct?secret_key=x", "s3://ct?endpont=http://a"],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="STORE_URL must look like"):
        bucket_options(url)


def test_wrong_keys_are_an_error_of_the_store(bucket, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")

    with pytest.raises(OSError, match="the S3 service answered"):
        get_store().write(lambda file: file.write(b"x"))


def test_a_service_that_is_away_is_an_error_of_the_store(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    storage = BucketStorage(f"s3://{BUCKET}?endpoint=http://127.0.0.1:9")
    storage.client_config.retries = {"total_max_attempts": 1}  # the test has no time for more

    for act in (lambda: storage.read_range("ab/abc", 0, 1), lambda: list(storage.list_names())):
        with pytest.raises(OSError, match="the S3 service: Could not connect"):
            act()
