"""``manage.py regulation load FILE`` and ``manage.py regulation dump``: regulations of stages as documents."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qc import regulation_documents

LARGEST = 20_000_000  # bytes


class Command(BaseCommand):
    help = "Put regulations in force from a file (load FILE, “-” for standard input), or print them (dump)."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        load = actions.add_parser("load", help="put regulations in force; loaded twice, nothing changes")
        load.add_argument("file", metavar="FILE")
        actions.add_parser("dump", help="print the regulations in force as JSON")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "dump":
            text = json.dumps(regulation_documents.dump(), ensure_ascii=False, indent=2)
            self.stdout.write(text)
            return
        try:
            made = regulation_documents.load(self.read(options["file"]))
        except regulation_documents.BadDocuments as bad:
            raise CommandError("\n".join([*bad.sentences, _("Nothing was changed.")])) from bad
        for one in made:
            at = one.published_at or one.effective_at
            self.stdout.write(f"{one.stage_id}  v{one.version}  {at:%Y-%m-%d %H:%M %Z}")
        words = {"n": len(made)}
        self.stdout.write(ngettext("%(n)s new version.", "%(n)s new versions.", len(made)) % words)

    def read(self, name: str) -> Any:
        try:
            data = sys.stdin.buffer.read(LARGEST + 1) if name == "-" else self.bytes_of(Path(name))
            if len(data) > LARGEST:
                raise CommandError(_("The file is larger than 20 MB."))
            return json.loads(data.decode("utf-8-sig"))
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}") from error
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise CommandError(
                _("%(file)s is no JSON: %(error)s") % {"file": name, "error": error}
            ) from error

    def bytes_of(self, path: Path) -> bytes:
        with path.open("rb") as stream:
            return stream.read(LARGEST + 1)
