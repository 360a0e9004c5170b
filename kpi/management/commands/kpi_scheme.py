"""Pay schemes from files."""

import json
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kpi.pay_schemes import load_scheme


class Command(BaseCommand):
    help = "Loads a pay scheme from a JSON document; the same document again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["load"])
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, action: str, file: Path, **options: Any) -> None:
        try:
            document = json.loads(file.read_text("utf-8"), parse_float=Decimal)
        except OSError as error:
            raise CommandError(f"{file}: cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise CommandError(f"{file}: is not JSON ({error})") from error
        try:
            scheme, created = load_scheme(document)
        except ValueError as error:
            raise CommandError(f"{file}: {error}") from error
        state = "in force from" if created else "unchanged, in force from"
        self.stdout.write(f"{scheme.code} version {scheme.version}: {state} {scheme.effective_from}")
