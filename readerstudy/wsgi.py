"""What gunicorn serves. Its pages are loaded here, so that processes forked by `--preload` answer at once.

So are the libraries that the statistics load where they use them, for commands and workers that don't.
"""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readerstudy.settings")
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  read to import every view
for library in ("sklearn.linear_model", "statsmodels.genmod.families", "statsmodels.stats.proportion"):
    import_module(library)
