from readerstudy.checks import data_root_is_writable, plain_http


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
