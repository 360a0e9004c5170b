from typing import Any

from django.core.management.base import BaseCommand

from qc import catalogue


class Command(BaseCommand):
    help = "Writes docs/rules.md from the rules themselves."

    def handle(self, *args: Any, **options: Any) -> None:
        catalogue.PAGE.write_text(catalogue.page(), "utf-8")
        self.stdout.write(f"Written: {catalogue.PAGE.name}")
