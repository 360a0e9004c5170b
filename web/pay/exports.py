"""The month as files: everybody's pay for the payroll, and one statement with the deals behind it.

A closed month is written from what was frozen with it, so that its file is the same byte for byte for ever.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kpi.measures import read_measure
from kpi.models import Statement
from kpi.presentation import ShownStatement, show_statement
from kpi.statements import closes_months
from team.models import Employee
from web.frame.scope import BadScope, read_month, refusing
from web.frame.tables import CSV, TYPES, XLSX, Table, answer_file

MY_MONTH = gettext_lazy("My month"), "my-month", gettext_lazy("Show the present month")


@require_safe
@refusing(*MY_MONTH)
def payroll(request: HttpRequest) -> HttpResponse:
    """Everybody's month in one table, for whoever closes months: a column for each line of the schemes."""
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    if not closes_months(user):
        raise Http404
    period, form = read_month(request.GET), _read_form(request)
    found = Statement.objects.visible_to(user).filter(period=period.first).select_related("manager", "scheme")
    rows = sorted(found.prefetch_related("lines__author"), key=lambda row: (_name(row), row.manager_id))
    table = write_payroll([(row, show_statement(row)) for row in rows])
    return answer_file(f"payroll-{period.label}", form, [table])


@require_safe
@refusing(*MY_MONTH)
def statement(request: HttpRequest, pk: int) -> HttpResponse:
    """One statement: its lines, and the deals that it pays."""
    row = _find_statement(request, pk)
    name = f"statement-{row.period:%Y-%m}-{row.manager_id}"
    return answer_file(name, _read_form(request), list(write_statement(row)))


@require_safe
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """The statement as one sheet to print and to sign."""
    row = _find_statement(request, pk)
    return render(request, "pay/sheet.html", {"row": row, "shown": show_statement(row), "name": _name(row)})


def write_payroll(rows: Iterable[tuple[Statement, ShownStatement]]) -> Table:
    """Lines of one code stand in one column, corrections in one of their own; the total is their sum."""
    shown = list(rows)
    titles: dict[str, str] = {}
    for _row, one in shown:
        for line in one.lines:
            titles.setdefault(line.code, line.title)
    cells = []
    for row, one in shown:
        amounts: dict[str, Decimal] = {}
        for line in one.lines:
            amounts[line.code] = amounts.get(line.code, Decimal(0)) + line.amount
        state = row.get_status_display()
        cells.append([row.manager_id, _name(row), *(amounts.get(code) for code in titles), one.total, state])
    columns = [_("No. in amoCRM"), _("Manager"), *titles.values(), _("Total"), _("State")]
    return Table(_("Payroll"), columns, cells)


def write_statement(row: Statement) -> Iterator[Table]:
    shown = show_statement(row)
    lines: list[list[Any]] = [[line.title, line.because, line.amount] for line in shown.lines]
    lines.append([_("Total"), f"{_name(row)}, {row.period:%m.%Y}, {row.get_status_display()}", shown.total])
    yield Table(_("Statement"), [_("Line"), _("Why"), _("Amount")], lines)
    wins = row.facts.wins or {}
    deals = [
        [deal, str(read_measure(name).title), amount]
        for name in sorted(wins)
        for deal, amount in sorted(wins[name].items())
    ]
    yield Table(_("Deals"), [_("Deal"), _("Counts as"), _("Amount")], deals)


def _find_statement(request: HttpRequest, pk: int) -> Statement:
    visible = Statement.objects.visible_to(request.user).select_related("manager", "scheme")
    return get_object_or_404(visible.prefetch_related("lines__author"), pk=pk)


def _name(row: Statement) -> str:
    """As it was when the statement was computed."""
    return row.facts.name or str(row.manager)


def _read_form(request: HttpRequest) -> str:
    form = request.GET.get("format", XLSX)
    if form not in TYPES:
        raise BadScope(_("A file can be %(first)s or %(second)s.") % {"first": XLSX, "second": CSV})
    return form
