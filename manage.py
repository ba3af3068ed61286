#!/usr/bin/env python
"""The project's command line: `python manage.py help`."""

import os
import signal
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readerstudy.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.DATA_ROOT  # noqa: B018  loads the settings
    except (ImproperlyConfigured, OSError, ValueError) as error:
        sys.stderr.write(f"The settings can't be used: {error} (see docs/operations.md)\n")
        sys.exit(2)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was begun is undone, as by Ctrl-C
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
