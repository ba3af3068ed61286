import pytest

from readerstudy.checks import data_root_is_writable, plain_http, single_sign_on_is_whole, store_url_is_usable


def test_plain_http_is_allowed_with_a_warning(settings):
    settings.HTTPS, settings.PUBLIC_URL = False, "http://ct-room.local:8000"

    (warning,) = plain_http(None)

    assert warning.id == "readerstudy.W001"
    assert "http://ct-room.local:8000" in warning.msg


def test_https_is_silent(settings):
    settings.HTTPS = True

    assert plain_http(None) == []


def test_a_data_root_that_is_not_there_is_an_error(settings, tmp_path):
    settings.DATA_ROOT = tmp_path / "nowhere"

    (error,) = data_root_is_writable(None)

    assert error.id == "readerstudy.E001"
    assert str(tmp_path / "nowhere") in error.msg


def test_a_data_root_that_can_be_written_to_is_silent(settings, tmp_path):
    settings.DATA_ROOT = tmp_path

    assert data_root_is_writable(None) == []


def test_a_store_in_a_bucket_has_an_address_that_can_be_read(settings):
    settings.STORE_URL = "s3://key:secret@bucket"
    (error,) = store_url_is_usable(None)
    assert error.id == "readerstudy.E002"
    assert error.msg.startswith("STORE_URL must look like s3://bucket/prefix")
    assert "secret@" not in error.msg

    for url in ("", "s3://bucket/prefix?endpoint=https://s3.example.org"):
        settings.STORE_URL = url
        assert store_url_is_usable(None) == []


OIDC = {"SERVER_URL": "https://sso.example.org", "CLIENT_ID": "reader-studies", "CLIENT_SECRET": "secret"}


@pytest.mark.parametrize("given", [OIDC, dict.fromkeys(OIDC, ""), OIDC | {"SERVER_URL": "http://127.0.0.1:9000"}])
def test_single_sign_on_is_set_up_or_not(settings, given):
    settings.OIDC = given

    assert single_sign_on_is_whole(None) == []


@pytest.mark.parametrize("missing", OIDC)
def test_single_sign_on_that_is_set_up_by_half_is_an_error(settings, missing):
    settings.OIDC = OIDC | {missing: ""}

    (error,) = single_sign_on_is_whole(None)

    assert (error.id, error.msg) == (
        "readerstudy.E003",
        f"Single sign-on is set up by half, and off. Not set: OIDC_{missing}.",
    )


def test_single_sign_on_in_the_clear_is_an_error(settings):
    settings.OIDC = OIDC | {"SERVER_URL": "http://sso.example.org"}

    (error,) = single_sign_on_is_whole(None)

    assert error.id == "readerstudy.E004"
    assert "http://sso.example.org" in error.msg
