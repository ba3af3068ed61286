"""Settings come from the environment; each case is read by a process of its own."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.templatetags.static import static

from readerstudy.settings import version_of

ROOT = Path(__file__).parents[2]
NAMES = ("DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "ALLOWED_HOSTS", "PORT", "PUBLIC_URL", "DATA_ROOT", "DEBUG")
PROGRAM = """
import json, sys
from django.conf import settings
json.dump({name: getattr(settings, name, None) for name in sys.argv[1:]}, sys.stdout, default=str)
"""


def run(data_root, *asked, **environment):
    clean = {name: value for name, value in os.environ.items() if name not in NAMES}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *asked],
        cwd=ROOT,
        env=clean | {"DJANGO_SETTINGS_MODULE": "readerstudy.settings", "DATA_ROOT": str(data_root)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def settings_of(data_root, *asked, **environment):
    done = run(data_root, *asked, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "site"


def test_the_defaults_run_on_one_machine_from_a_fresh_clone(root):
    found = settings_of(
        root, "DATABASES", "CELERY_BROKER_URL", "PUBLIC_URL", "DEBUG", "ALLOWED_HOSTS", "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "CSRF_TRUSTED_ORIGINS", "CELERY_BROKER_TRANSPORT_OPTIONS",
    )  # fmt: skip

    assert found["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"
    assert found["DATABASES"]["default"]["NAME"] == str(root / "db.sqlite3")
    assert "journal_mode=WAL" in found["DATABASES"]["default"]["OPTIONS"]["init_command"]
    assert found["CELERY_BROKER_URL"].startswith("filesystem://")
    broker = found["CELERY_BROKER_TRANSPORT_OPTIONS"]
    assert all(
        broker[folder].startswith(str(root)) for folder in ("data_folder_in", "data_folder_out", "control_folder")
    )
    assert (found["PUBLIC_URL"], found["CSRF_TRUSTED_ORIGINS"]) == ("http://127.0.0.1:8000", ["http://127.0.0.1:8000"])
    assert sorted(found["ALLOWED_HOSTS"]) == ["127.0.0.1", "[::1]", "localhost"]
    assert (found["DEBUG"], found["SESSION_COOKIE_SECURE"], found["CSRF_COOKIE_SECURE"]) == (False, False, False)
    assert found["SECURE_HSTS_SECONDS"] == 0


def test_the_secret_is_made_once_and_is_its_owners(root):
    first = settings_of(root, "SECRET_KEY")["SECRET_KEY"]
    second = settings_of(root, "SECRET_KEY")["SECRET_KEY"]

    assert first == second == (root / "secret_key").read_text()
    assert len(first) > 60
    assert stat.S_IMODE((root / "secret_key").stat().st_mode) == 0o600


def test_a_secret_that_is_given_is_used_and_not_written_down(root):
    assert settings_of(root, "SECRET_KEY", SECRET_KEY="given")["SECRET_KEY"] == "given"
    assert not (root / "secret_key").exists()


def test_services_move_the_database_and_the_broker_without_a_code_change(root):
    found = settings_of(
        root, "DATABASES", "CELERY_BROKER_URL", "CELERY_BROKER_TRANSPORT_OPTIONS",
        DATABASE_URL="postgres://ann:pw@db.local:5433/readings", CELERY_BROKER_URL="redis://queue.local:6379/3",
    )  # fmt: skip

    database = found["DATABASES"]["default"]
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert [database[key] for key in ("HOST", "PORT", "NAME", "USER", "PASSWORD")] == [
        "db.local", 5433, "readings", "ann", "pw",
    ]  # fmt: skip
    assert found["CELERY_BROKER_URL"] == "redis://queue.local:6379/3"
    assert found["CELERY_BROKER_TRANSPORT_OPTIONS"] is None
    assert not (root / "broker").exists()


def test_an_https_address_makes_cookies_secure(root):
    found = settings_of(
        root, "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "ALLOWED_HOSTS",
        "CSRF_TRUSTED_ORIGINS", "SESSION_COOKIE_HTTPONLY", "PUBLIC_URL",
        PUBLIC_URL="https://reading.example.org/",
    )  # fmt: skip

    assert found["PUBLIC_URL"] == "https://reading.example.org"
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is found["SESSION_COOKIE_HTTPONLY"] is True
    assert found["SECURE_HSTS_SECONDS"] > 0
    assert "reading.example.org" in found["ALLOWED_HOSTS"]
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://reading.example.org"]


@pytest.mark.parametrize("address", ["reading.example.org", "ftp://reading.example.org", "https://", "127.0.0.1:8000"])
def test_an_address_that_is_none_is_refused_loudly(root, address):
    done = run(root, "PUBLIC_URL", PUBLIC_URL=address)

    assert done.returncode != 0
    assert f"PUBLIC_URL must look like https://host[:port], not '{address}'." in done.stderr


def test_the_port_is_part_of_the_address(root):
    assert settings_of(root, "PUBLIC_URL", PORT="8123")["PUBLIC_URL"] == "http://127.0.0.1:8123"


@pytest.mark.parametrize(
    "variable",
    [
        {"PORT": "abc"},
        {"PUBLIC_URL": "https://example.org/somewhere"},
        {"PUBLIC_URL": "https://user:secret@example.org"},
        {"DATABASE_URL": "garbage"},
        {"CELERY_BROKER_URL": "garbage://"},
    ],
    ids=str,
)
def test_settings_that_cannot_be_used_are_one_sentence(variable, tmp_path):
    environment = os.environ | {"DATA_ROOT": str(tmp_path / "site")} | variable
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith("The settings can't be used: ")


def test_only_its_owner_enters_the_data_root(root):
    settings_of(root, "PORT")
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_the_address_of_scripts_and_styles_changes_with_any_of_them(tmp_path):
    (tmp_path / "js").mkdir()
    versions = [version_of(tmp_path)]
    for name, content in [("js/a.js", "1"), ("js/b.js", "1"), ("js/b.js", "2"), ("js/c.js", "")]:
        (tmp_path / name).write_text(content)
        versions.append(version_of(tmp_path))
    (tmp_path / "js" / "c.js").rename(tmp_path / "c.js")
    versions.append(version_of(tmp_path))

    assert len(set(versions)) == len(versions)
    assert version_of(tmp_path) == versions[-1]


def test_what_has_a_version_in_its_address_is_kept_by_browsers(client):
    script = client.get(static("readerstudy/js/viewer/main.js"))
    script.getvalue()
    assert script.headers["Cache-Control"] == "max-age=31536000, public"
    assert client.get("/static/readerstudy/js/viewer/main.js").status_code == 404
