"""Mirror amoCRM now: ``manage.py amo_sync [--full] [--ids 1 2 3]``."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from core import collecting
from jobs import judgement_queue
from jobs.management.commands.qc_judge import print_counts
from pipelines.account import connection
from pipelines.account.connection import CannotConnect
from pipelines.account.source import Source
from pipelines.amo.errors import AmoError, Forbidden
from pipelines.mirror import coverage
from pipelines.mirror.entities import TABLE, Entity
from pipelines.mirror.refetch import refetch
from pipelines.mirror.sync import Pulled
from pipelines.models import Account, Cursor
from qc.rules import RULES

EVERY = 5.0  # seconds between lines where there is no terminal to redraw one


class Command(BaseCommand):
    help = "Bring the mirror of amoCRM up to date, showing how far it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--full", action="store_true", help="read everything again, not only what has changed"
        )
        parser.add_argument("--ids", nargs="+", type=int, metavar="DEAL", help="read only these deals")

    def handle(self, *, full: bool, ids: list[int] | None, **options: Any) -> None:
        collecting.set_loaded_aside()
        try:
            account = checked_account()
            with connection.source_of(account) as source:
                if ids:
                    self.read_deals(source, ids)
                else:
                    self.read_all(source, full)
        except (CannotConnect, AmoError) as error:
            raise CommandError(str(error)) from error

    def read_deals(self, source: Source, ids: list[int]) -> None:
        stored = refetch(source, {"deals": ids})
        judgement_queue.judge_deals(ids)
        self.stdout.write(f"{len(ids)} deals read again, {len(stored.deals)} of them changed.")

    def read_all(self, source: Source, full: bool) -> None:
        everything = full or not coverage.is_complete() or not judgement_queue.loaded()
        if everything:
            judgement_queue.begin_load()
        display, runs = Display(self), dict[str, Pulled]()

        def ended(run: Pulled) -> None:
            runs[run.entity.name] = run
            display.end(run)

        waiting = Waiting(self)
        failures = coverage.pull_entities(
            source, TABLE, full=full, progress=display.show, ended=ended, others=waiting
        )
        for entity, error in failures:
            if not isinstance(error, Forbidden):
                raise error
            self.stderr.write(f"{entity.name}: amoCRM does not show them to this token")
        if everything:
            coverage.adopt_orphans(source)
            counts = judgement_queue.judge_load()
            if counts is not None:
                print_counts(self.stdout, counts, list(RULES))
        else:
            judgement_queue.judge_on_all_cores()
        self.summary(runs)

    def summary(self, runs: dict[str, Pulled]) -> None:
        """What other workers have read is in the mirror and not ours."""
        self.stdout.write(f"{'':<16}{'in the mirror':>14}{'new':>12}{'changed':>12}")
        rows = dict(Cursor.objects.values_list("entity", "rows"))
        for entity in TABLE:
            run = runs.get(entity.name)
            new, changed = (run.new, run.changed) if run else (0, 0)
            self.stdout.write(f"{entity.name:<16}{rows.get(entity.name, 0):>14}{new:>12}{changed:>12}")


class Waiting:
    """Other processes are reading what is left: wait until they are done or dead."""

    def __init__(self, command: BaseCommand) -> None:
        self.err, self.said = command.stderr, set[str]()

    def __call__(self, entities: list[Entity]) -> bool:
        for entity in entities:
            if entity.name not in self.said:
                self.err.write(f"{entity.name}: another process is reading it, waiting")
                self.said.add(entity.name)
        time.sleep(1)
        return True


def checked_account() -> Account:
    """The account of the environment or the saved one, after amoCRM has accepted its token. Raises CannotConnect."""
    if settings.AMO_BASE_URL:
        return connection.connect_by_token(settings.AMO_BASE_URL, settings.AMO_TOKEN)
    account = connection.find_account()
    connection.check_access(account)
    return account


class Display:
    """Progress for people: one line that is redrawn on a terminal, a line for each entity now and then elsewhere."""

    def __init__(self, command: BaseCommand) -> None:
        self.out = command.stdout
        self.live = bool(getattr(self.out, "isatty", lambda: False)())
        self.written = time.monotonic()
        self.began: dict[str, tuple[float, int]] = {}
        self.running: dict[str, Pulled] = {}

    def show(self, run: Pulled) -> None:
        now = time.monotonic()
        self.began.setdefault(run.entity.name, (now, run.cursor.rows))
        self.running[run.entity.name] = run
        if now - self.written < (0.2 if self.live else EVERY):
            return
        self.written = now
        lines = [self.line(one, now) for one in self.running.values()]
        if self.live:
            self.out.write(f"\r{lines[-1]}\x1b[K", ending="")
        else:
            self.out.write("\n".join(lines))

    def line(self, run: Pulled, now: float) -> str:
        began, stood = self.began[run.entity.name]
        rate = (run.cursor.rows - stood) / (now - began or 1)
        text = f"{run.entity.name:<16}{run.cursor.rows:>12,} rows {run.cursor.pages:>7,} pages {rate:>8,.0f} rows/s"
        left = (run.cursor.expected_rows or 0) - run.cursor.rows
        return f"{text}  about {duration(left / rate)} left" if run.full and rate and left > 0 else text

    def end(self, run: Pulled) -> None:
        if self.live:
            self.out.write("\r\x1b[K", ending="")
        now = time.monotonic()
        began, _ = self.began.get(run.entity.name, (now, 0))
        self.running.pop(run.entity.name, None)
        self.out.write(f"{run.entity.name:<16}{run.cursor.rows:>12,} rows  {duration(now - began)}")


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
