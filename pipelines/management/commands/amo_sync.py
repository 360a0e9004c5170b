"""Mirror amoCRM now: ``manage.py amo_sync [--full] [--ids 1 2 3]``."""

import gc
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command, get_commands

from pipelines import connection, cursors, mirror, sync, touched
from pipelines.amo.errors import AmoError
from pipelines.connection import CannotConnect
from pipelines.entities import TABLE, Entity
from pipelines.models import Account
from pipelines.refetch import refetch
from pipelines.source import Source
from pipelines.sync import Pulled

EVERY = 5.0  # seconds between lines where there is no terminal to redraw one


class Command(BaseCommand):
    help = "Bring the mirror of amoCRM up to date, showing how far it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--full", action="store_true", help="read everything again, not only what has changed"
        )
        parser.add_argument("--ids", nargs="+", type=int, metavar="DEAL", help="read only these deals")

    def handle(self, *, full: bool, ids: list[int] | None, **options: Any) -> None:
        gc.freeze()  # a collection walks over all of Django otherwise, in the middle of a page
        try:
            account = checked_account()
            with connection.source_of(account) as source:
                if ids:
                    self.read_deals(source, ids)
                else:
                    self.read_all(source, full)
        except (CannotConnect, AmoError) as error:
            raise CommandError(str(error)) from error
        except cursors.LostLease as error:
            raise CommandError(f"Another process has taken over {error}; start again.") from error

    def read_deals(self, source: Source, ids: list[int]) -> None:
        stored = refetch(source, {"deals": ids})
        touched.deliver(ids)
        self.stdout.write(f"{len(ids)} deals read again, {len(stored.deals)} of them changed.")

    def read_all(self, source: Source, full: bool) -> None:
        everything = full or not mirror.complete()
        display, runs = Display(self), []
        for entity in TABLE:
            run = self.read(source, entity, full, display)
            runs.append(run)
            display.end(run)
        if everything:
            mirror.adopt_orphans(source)
            touched.deliver_all(self.judge)
        else:
            touched.deliver()
        self.summary(runs)

    def judge(self) -> None:
        """By name: judgement stands above the mirror."""
        if "qc_judge" in get_commands():
            call_command("qc_judge", all=True, stdout=self.stdout)

    def read(self, source: Source, entity: Entity, full: bool, display: "Display") -> Pulled:
        """Another process may be reading this entity: wait until it is done or dead."""
        said = False
        while (run := sync.pull(source, entity, full=full, progress=display.show)) is None:
            if not said:
                self.stderr.write(f"{entity.name}: another process is reading it, waiting")
                said = True
            time.sleep(1)
        return run

    def summary(self, runs: list[Pulled]) -> None:
        self.stdout.write(f"{'':<16}{'in the mirror':>14}{'new':>12}{'changed':>12}")
        for run in runs:
            self.stdout.write(f"{run.entity.name:<16}{run.cursor.rows:>14}{run.new:>12}{run.changed:>12}")


def checked_account() -> Account:
    """The account of the environment or the saved one, after amoCRM has accepted its token. Raises CannotConnect."""
    if settings.AMO_BASE_URL:
        return connection.connect(settings.AMO_BASE_URL, settings.AMO_TOKEN)
    account = connection.current()
    connection.read_account(account.base_url, connection.token_of(account))
    return account


class Display:
    """Progress for people: one line that is redrawn on a terminal, one line now and then elsewhere."""

    def __init__(self, command: BaseCommand) -> None:
        self.out = command.stdout
        self.live = bool(getattr(self.out, "isatty", lambda: False)())
        self.began = self.last = time.monotonic()
        self.entity = ""

    def show(self, run: Pulled) -> None:
        now = time.monotonic()
        if run.entity.name != self.entity:
            self.entity, self.began = run.entity.name, now
            self.start = run.cursor.rows
        elif now - self.last < (0.2 if self.live else EVERY):
            return
        else:
            self.write(run, now)
        self.last = now

    def write(self, run: Pulled, now: float) -> None:
        rate = (run.cursor.rows - self.start) / (now - self.began or 1)
        text = f"{run.entity.name:<16}{run.cursor.rows:>12,} rows {run.cursor.pages:>7,} pages {rate:>8,.0f} rows/s"
        left = (run.cursor.expected_rows or 0) - run.cursor.rows
        if run.full and rate and left > 0:
            text += f"  about {duration(left / rate)} left"
        self.out.write(f"\r{text}\x1b[K" if self.live else text, ending="" if self.live else "\n")

    def end(self, run: Pulled) -> None:
        if self.live:
            self.out.write("\r\x1b[K", ending="")
        seconds = time.monotonic() - self.began if run.entity.name == self.entity else 0.0
        self.out.write(f"{run.entity.name:<16}{run.cursor.rows:>12,} rows  {duration(seconds)}")


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
