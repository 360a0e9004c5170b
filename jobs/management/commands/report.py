from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import override

from core import moment
from core.zone import portal_zone
from notices.reports import wording
from notices.reports.document import read_document
from notices.reports.issuing import issue_report
from notices.reports.spans import parse_span
from team.models import Employee, Role


class Command(BaseCommand):
    help = "Freezes the report of a week (2026-W47) or a month (2026-11), or shows the one that is frozen already."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("span", metavar="2026-W47")
        parser.add_argument("--head", help="login of a head: of his department only")
        parser.add_argument("--send", action="store_true", help="whoever has subscribed hears of it, once")
        parser.add_argument("--json", action="store_true", help="the frozen document, byte for byte")

    def handle(self, *args: Any, **options: Any) -> None:
        now, head = moment.now(), None
        try:
            span = parse_span(options["span"], portal_zone())
        except ValueError as problem:
            raise CommandError(str(problem)) from None
        if span.period.start >= now:
            raise CommandError(f"{options['span']} has not begun.")
        if options["head"]:
            head = Employee.objects.filter(username=options["head"], role=Role.HEAD).first()
            if head is None:
                raise CommandError(f"There is no head {options['head']!r}.")
        report = issue_report(span, now, head, tell=options["send"])
        if options["json"]:
            self.stdout.write(bytes(report.body).decode())
            return
        with override("ru"):
            document = read_document(bytes(report.body))
            lines = [
                wording.say_subject(document),
                wording.say_headline(document),
                *wording.say_summary(document),
            ]
        self.stdout.write(f"№ {report.number} · {report.label} · {report.digest}\n" + "\n".join(lines))
