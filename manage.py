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
    for stop in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C too: a shell's background jobs start out deaf to it
        signal.signal(stop, signal.default_int_handler)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
