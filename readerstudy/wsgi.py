"""What gunicorn serves. Its pages are loaded here, so that processes forked by `--preload` answer at once."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readerstudy.settings")
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  read to import every view: the statistics take seconds
