#!/usr/bin/env python
"""Django's commands; they find the embedded services, and start them when `DATABASE_URL` is not set."""

import os
import sys

from devtools import embedded


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")
    try:
        embedded.fill_environment()
    except embedded.EmbeddedError as error:
        sys.exit(str(error))

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Settings: {error}")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None):  # the server answered, so this is a fault of ours
            raise
        sys.exit(f"The database does not answer: {str(error).splitlines()[0]}")


if __name__ == "__main__":
    main()
