"""Encrypt the saved credentials anew with the first of CREDENTIALS_KEYS: ``manage.py amo_rotate_keys``."""

from typing import Any

from django.core.management import BaseCommand, CommandError

from pipelines.account import credentials
from pipelines.account.credentials import CannotConnect


class Command(BaseCommand):
    help = "Encrypt the saved credentials with the first of CREDENTIALS_KEYS; then the older keys can go."

    def handle(self, **options: Any) -> None:
        try:
            count = credentials.rotate_keys()
        except CannotConnect as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Accounts whose credentials are encrypted with the newest key now: {count}.")
