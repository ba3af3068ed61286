"""Blinded reader studies of synthetic tumours: the Django project and its one app."""

from readerstudy.celery import app as celery_app

__all__ = ["celery_app"]
