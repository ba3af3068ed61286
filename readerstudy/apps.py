from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class ReaderStudyConfig(AppConfig):
    name = "readerstudy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from readerstudy import checks  # noqa: F401  registers the system checks
        from readerstudy.domain.trail import logins  # noqa: F401  listens to logins

        post_migrate.connect(_guard_records, sender=self)


def _guard_records(*, using: str, **_: Any) -> None:
    from readerstudy.models.record_guard import guard_records

    guard_records(connections[using])
