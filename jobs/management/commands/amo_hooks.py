"""How the hooks do: ``manage.py amo_hooks [--replay]``."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db.models import Count

from jobs.mirror import answer_waiting_hooks
from pipelines.account.connection import CannotConnect
from pipelines.amo.errors import AmoError
from pipelines.mirror import hooks
from pipelines.models import Hook

SHOWN = 5


class Command(BaseCommand):
    help = "Show the hooks that are not answered yet and why; answer them now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--replay", action="store_true", help="try again now what failed and waits")

    def handle(self, *, replay: bool, **options: Any) -> None:
        if replay:
            try:
                self.answer()
            except (CannotConnect, AmoError) as error:
                raise CommandError(str(error)) from error
        waiting = Hook.objects.filter(handled_at=None)
        self.stdout.write(f"Not answered yet: {waiting.count()}")
        reasons = waiting.exclude(error="").values_list("error").annotate(count=Count("pk"))
        for reason, count in reasons.order_by("-count", "error")[:SHOWN]:
            self.stdout.write(f"{count:>8}  {reason}")

    def answer(self) -> None:
        count = hooks.replay_hooks()
        answer_waiting_hooks()
        self.stdout.write(f"Tried again: {count}")
