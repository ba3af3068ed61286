"""System checks of our own: what an operator should know before readers come."""

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps.config import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags
from django.core.exceptions import ImproperlyConfigured

LOOPBACK = ("localhost", "127.0.0.1", "::1")
SETUP = "setup"  # the tag of what every command checks before it starts


@checks.register(Tags.security, deploy=True)
def plain_http(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.HTTPS:
        return []
    return [
        checks.Warning(
            f"PUBLIC_URL is {settings.PUBLIC_URL}: sessions and CT volumes travel unencrypted.",
            hint="Allowed inside a closed network; otherwise put a TLS proxy in front and set PUBLIC_URL=https://…",
            id="readerstudy.W001",
        )
    ]


@checks.register(SETUP)
def data_root_is_writable(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    if os.access(settings.DATA_ROOT, os.W_OK):
        return []
    return [
        checks.Error(
            f"DATA_ROOT {settings.DATA_ROOT} cannot be written to.",
            hint="Create the folder, or set DATA_ROOT to one that this user may write to.",
            id="readerstudy.E001",
        )
    ]


@checks.register(SETUP)
def store_url_is_usable(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    if not settings.STORE_URL:
        return []
    from readerstudy.storage.bucket import bucket_options  # takes half a second, which only a bucket is worth

    try:
        bucket_options(settings.STORE_URL)
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="readerstudy.E002")]
    return []


@checks.register(SETUP)
def single_sign_on_is_whole(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    missing = [f"OIDC_{name}" for name, value in settings.OIDC.items() if not value]
    if missing and len(missing) < len(settings.OIDC):
        return [
            checks.Error(
                f"Single sign-on is set up by half, and off. Not set: {', '.join(missing)}.",
                hint="Set all three of OIDC_SERVER_URL, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or none.",
                id="readerstudy.E003",
            )
        ]
    server = urlsplit(settings.OIDC["SERVER_URL"])
    if missing or server.scheme == "https" or server.hostname in LOOPBACK:
        return []
    return [
        checks.Error(
            f"OIDC_SERVER_URL is {settings.OIDC['SERVER_URL']}: whoever is between could sign in as anybody.",
            hint="It has to begin with https://.",
            id="readerstudy.E004",
        )
    ]
