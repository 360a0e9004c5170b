from typing import Any

from django.core.management.base import BaseCommand

from devtools import rule_handbook


class Command(BaseCommand):
    help = "Writes docs/rules.md from the rules themselves."

    def handle(self, *args: Any, **options: Any) -> None:
        rule_handbook.PAGE.write_text(rule_handbook.page(), "utf-8")
        self.stdout.write(f"Written: {rule_handbook.PAGE.name}")
