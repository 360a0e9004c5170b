"""A month's statements on the terminal."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import moment
from core.periods import Period, parse_month
from core.zone import portal_zone
from kpi.models import Statement
from kpi.presentation import ShownStatement, show_statement
from kpi.statements import close_month, refresh_month


class Command(BaseCommand):
    help = "Computes and shows the statements of a month; --close freezes them for good."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", help="such as 2026-11")
        parser.add_argument("--close", action="store_true", help="freeze the month's lines and inputs")
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        now = moment.now()
        try:
            period = parse_month(options["month"], portal_zone())
            if now < period.start:
                raise ValueError(f"{period.label} has not begun yet")
            if options["close"]:
                close_month(period, None, now)
            else:
                refresh_month(period, now)
        except ValueError as error:
            raise CommandError(str(error)) from error
        rows = (
            Statement.objects.filter(period=period.first)
            .select_related("manager")
            .prefetch_related("lines__author")
        )
        if not rows:
            raise CommandError(
                f"There are no statements for {period.label}: no manager has a pay scheme in force then."
            )
        shown = [(str(row.manager), show_statement(row)) for row in rows.order_by("manager__name", "manager")]
        if options["json"]:
            self.stdout.write(
                json.dumps([_plain(name, one) for name, one in shown], ensure_ascii=False, indent=2)
            )
        else:
            self.stdout.write("\n".join(_table(period, shown)))


def _table(period: Period, shown: list[tuple[str, ShownStatement]]) -> list[str]:
    """Managers × lines of their schemes, with the total."""
    titles: dict[str, str] = {}
    for _, one in shown:
        titles |= {line.code: line.title for line in one.lines}
    rows = [["", *titles.values(), "="]]
    for name, one in shown:
        amounts: dict[str, Any] = {}
        for line in one.lines:
            amounts[line.code] = amounts.get(line.code, 0) + line.amount
        rows.append([name, *(_number(amounts.get(code)) for code in titles), _number(one.total)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = [
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    state = "closed" if shown[0][1].status == Statement.Status.CLOSED else "preliminary"
    return [f"{period.label}, {state}", "", *table]


def _number(amount: Any) -> str:
    return "—" if amount is None else f"{amount:,.2f}".replace(",", " ")


def _plain(name: str, one: ShownStatement) -> dict[str, Any]:
    """As the API's ``statements/`` gives it, with the manager's name."""
    return {
        "manager": one.manager_id,
        "name": name,
        "period": f"{one.period:%Y-%m}",
        "status": one.status,
        "total": str(one.total),
        "computed_at": one.computed_at.isoformat(),
        "lines": [
            {"code": line.code, "title": line.title, "amount": str(line.amount), "because": line.because}
            for line in one.lines
        ],
    }
