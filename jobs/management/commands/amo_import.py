"""Import amoCRM's own export of deals or contacts: ``manage.py amo_import FILE [--preview]``."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core import moment
from jobs import judgement_queue
from pipelines.imports import loading
from pipelines.imports.columns import LABELS
from pipelines.imports.doubts import list_doubts
from pipelines.imports.loading import Loaded
from pipelines.imports.parsing import Parsed, parse_export
from pipelines.imports.tables import BadFile

NAMED = 20  # rejected rows


class Command(BaseCommand):
    help = "Import amoCRM's own export of deals or contacts (CSV or XLSX), before the API is connected."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--preview", action="store_true", help="say what would happen and change nothing")

    def handle(self, *, file: str, preview: bool, **options: Any) -> None:
        try:
            with open(file, "rb") as opened:
                parsed = parse_export(opened, loading.import_zone(), moment.now())
            refusal = loading.find_refusal(parsed)
            loaded = loading.try_export(parsed) if preview else loading.load_export(parsed)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except BadFile as error:
            raise CommandError(str(error)) from error
        self.tell_columns(parsed)
        self.tell_rejected(parsed)
        for sentence in filter(None, (*list_doubts(parsed), refusal)):
            self.stdout.write(sentence)
        self.tell_counts(loaded, parsed)
        if not preview:
            judgement_queue.judge_on_all_cores()

    def tell_columns(self, parsed: Parsed) -> None:
        for title, field in parsed.read:
            self.stdout.write(f"{title:<32} → {LABELS[field]}")
        self.stdout.write(_("Columns that are not read: %(n)s") % {"n": parsed.unread})

    def tell_rejected(self, parsed: Parsed) -> None:
        for rejection in parsed.rejected[:NAMED]:
            place = {"line": rejection.line, "reason": rejection.reason}
            self.stdout.write(_("Line %(line)s is rejected: %(reason)s.") % place)
        if parsed.rejected_count > NAMED:
            self.stdout.write(_("Rejected lines not shown: %(n)s") % {"n": parsed.rejected_count - NAMED})

    def tell_counts(self, loaded: Loaded, parsed: Parsed) -> None:
        counts = (
            (_("New rows"), loaded.new),
            (_("Changed rows"), loaded.changed),
            (_("Unchanged rows"), loaded.unchanged),
            (_("Rejected rows"), parsed.rejected_count),
            (_("New people"), len(loaded.people)),
            (_("New pipelines"), len(loaded.pipelines)),
            (_("New stages"), len(loaded.stages)),
        )
        for label, number in counts:
            self.stdout.write(f"{label:<24}{number:>10}")
