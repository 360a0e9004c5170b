from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core import moment
from notices.rehearsal import rehearse
from notices.telegram.markup import plain


class Command(BaseCommand):
    help = "Says what would have been said in the last days, to whom and how often. Nothing is sent and nothing kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=7)
        parser.add_argument("--step", type=int, default=5, help="minutes between two looks")
        parser.add_argument("--texts", type=int, default=0, help="so many messages in full")

    def handle(self, *args: Any, **options: Any) -> None:
        until = moment.now()
        since = until - timedelta(days=options["days"])
        found = rehearse(
            since, until, timedelta(minutes=options["step"]), lambda now: self.stderr.write(f"{now:%d.%m}")
        )
        days: dict[str, list[int]] = defaultdict(list)
        for (name, _day), number in sorted(found.messages.items()):
            days[name].append(number)
        for name, numbers in sorted(days.items(), key=lambda item: -sum(item[1])):
            mean = sum(numbers) / len(numbers)
            role = found.roles[name]
            self.stdout.write(
                f"{name:24} {role:10} {len(numbers)} days, {mean:.1f} a day, at most {max(numbers)}: {numbers}"
            )
        self.stdout.write(f"messages by what leads them: {dict(found.kinds.most_common())}")
        self.stdout.write(
            f"by rung: {dict(found.rungs)}; heaps: {found.heaps}; told within others: {found.merged}"
        )
        self.stdout.write(
            f"facts: {dict(found.facts.most_common())}; not sent, since mended or stale: {found.dropped}"
        )
        self.stdout.write(
            f"mended after the message: { {kind: dict(one) for kind, one in found.mended_within.items()} }"
        )
        for at, name, html in found.texts[: options["texts"]]:
            self.stdout.write(f"\n{at:%d.%m %H:%M} → {name}\n{plain(html)}")
