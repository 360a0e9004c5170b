from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper

from pipelines.models import Deal
from qc import parallel, subjects
from qc.rules import RULES

OUTCOMES = ("new", "changed", "withdrawn", "dropped", "standing", "failed")


class Command(BaseCommand):
    help = "Judges deals again and prints counts per rule."

    def add_arguments(self, parser: CommandParser) -> None:
        says = "every deal, person, contact and stage; without it, open deals only"
        parser.add_argument("--all", action="store_true", help=says)
        parser.add_argument("--rule", choices=list(RULES), help="this rule only")

    def handle(self, *args: Any, **options: Any) -> None:
        deals = Deal.objects.all() if options["all"] else Deal.objects.open()
        rules = [options["rule"]] if options["rule"] else None
        ids = list(deals.order_by("id").values_list("id", flat=True))
        counts = parallel.judge(ids, rules, around=not options["all"])
        if options["all"]:
            counts += subjects.judge_every_subject(rules)
        print_counts(self.stdout, counts, rules or list(RULES))


def print_counts(out: OutputWrapper, counts: Mapping[tuple[str, str], int], rules: Sequence[str]) -> None:
    """A line for every rule. Raises CommandError when some of them failed."""
    out.write("".join(["rule".ljust(16), *(outcome.rjust(11) for outcome in OUTCOMES)]))
    for rule in rules:
        numbers = (str(counts.get((rule, outcome), 0)).rjust(11) for outcome in OUTCOMES)
        out.write("".join([rule.ljust(16), *numbers]))
    if any(outcome == "failed" for _, outcome in counts):
        raise CommandError("Some rules failed; the log says where. Their old findings stand.")
