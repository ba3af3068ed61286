"""The Celery application: `celery -A readerstudy worker -B`."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readerstudy.settings")

app = Celery("readerstudy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def reconcile_at_start(**_: Any) -> None:
    """Ring the bell again for work that a killed worker or a lost message left behind."""
    from readerstudy.tasks import reconcile

    reconcile.delay(everything=True)
