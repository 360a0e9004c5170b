"""Sales of a month that are in nobody's statement, and what is done with them once the month is closed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.calculation.rounding import ZERO
from kpi.differences import find_differences
from kpi.measures import read_measure
from kpi.models import Statement, WaivedSale
from kpi.paid_sales import read_paid
from kpi.pay_schemes import read_scheme
from kpi.payees import read_payees
from kpi.sales import sales_measures
from kpi.statements import lock_month
from metrics import NARROWING, UnknownField, list_wins
from pipelines.models import Person
from team.models import Employee

REVIEWED = 6  # months that are over and are looked through for what has changed since


@dataclass(frozen=True)
class Unclaimed:
    """A sale by a measure that statements of the month are paid by.

    ``user`` had it in amoCRM. ``person`` is the main amoCRM user of the employee that he is; None: he is nobody's.
    """

    deal: int
    measure: str
    day: date
    amount: Decimal
    user: int | None
    user_name: str
    person: int | None
    employee: str


def find_unclaimed(period: Period, statements: Iterable[Statement]) -> list[Unclaimed]:
    """By the ``statements`` of the month, all of them: of none, nothing is said. The dearest first."""
    rows = list(statements)
    if not rows:
        return []
    names = {
        name
        for scheme in {row.scheme for row in rows if row.inputs}
        for name in sales_measures(read_scheme(scheme))
        if not read_measure(name).team and not set(read_measure(name).options) & set(NARROWING)
    }
    payees, paid_people = read_payees(period), {row.manager_id for row in rows}
    found: list[tuple[str, int | None, int, date, Decimal, int | None]] = []
    for name in sorted(names):
        try:
            wins = list(list_wins(period, None, read_measure(name).options))
        except UnknownField:
            continue
        for user, deal, day, amount in wins:
            person = None if user is None else payees.whose(user, day)
            if person not in paid_people and amount:
                found.append((name, user, deal, day, amount, person))
    settled = {(one.measure, one.deal) for one in read_paid(row[2] for row in found)}
    settled |= set(WaivedSale.objects.filter(period=period.first).values_list("measure", "deal"))
    found = [row for row in found if (row[0], row[2]) not in settled]
    users = dict(Person.objects.filter(pk__in={row[1] for row in found if row[1]}).values_list("pk", "name"))
    people = {row[5] for row in found if row[5]}
    staff = {one.person_id: str(one) for one in Employee.objects.filter(person__in=people)}
    told = [
        Unclaimed(deal, name, day, amount, user, users.get(user or 0, ""), person, staff.get(person, ""))
        for name, user, deal, day, amount, person in found
    ]
    return sorted(told, key=lambda one: (-one.amount, one.deal))


@dataclass(frozen=True)
class MonthState:
    """What a month asks of whoever closes it. ``changed``: deals that it paid and that count otherwise now."""

    first: date
    is_open: bool
    changed: int
    pay: Decimal
    unclaimed: int
    unclaimed_sum: Decimal

    @property
    def label(self) -> str:
        return f"{self.first:%Y-%m}"


def review_months(now: datetime) -> list[MonthState]:
    """Of the last months that are over, those that ask for something; the newest first."""
    present = month_of(now, portal_zone())
    months = [present.previous]
    while len(months) < REVIEWED:
        months.append(months[-1].previous)
    rows = Statement.objects.filter(period__in=[one.first for one in months]).select_related("scheme")
    by_month: dict[date, list[Statement]] = defaultdict(list)
    for row in rows:
        by_month[row.period].append(row)
    differences = find_differences([row for found in by_month.values() for row in found])
    states = []
    for period in months:
        of_month = by_month[period.first]
        changed = [differences[row.pk] for row in of_month if row.pk in differences]
        unclaimed = find_unclaimed(period, of_month)
        is_open = any(row.status == Statement.Status.LIVE for row in of_month)
        if is_open or changed or unclaimed:
            states.append(
                MonthState(
                    period.first,
                    is_open,
                    sum(len({one.deal for one in found.rows}) for found in changed),
                    sum((found.pay for found in changed), ZERO),
                    len({one.deal for one in unclaimed}),
                    sum({one.deal: one.amount for one in unclaimed}.values(), ZERO),
                )
            )
    return states


@transaction.atomic
def waive_sale(period: Period, deal: int, measure: str, author: Employee, reason: str) -> WaivedSale:
    """Say that nobody is paid for a sale of a closed month. ValueError with a sentence for nonsense."""
    lock_month(period)
    if not reason.strip():
        raise ValueError(_("Why nobody is paid for it must be said"))
    rows = Statement.objects.filter(period=period.first, status=Statement.Status.CLOSED).select_related(
        "scheme"
    )
    for one in find_unclaimed(period, rows):
        if (one.deal, one.measure) == (deal, measure):
            return WaivedSale.objects.create(
                period=period.first,
                measure=measure,
                deal=deal,
                amount=one.amount,
                author=author,
                reason=reason.strip(),
            )
    raise ValueError(
        _("Deal %(deal)s is not among the sales that are in nobody’s statement") % {"deal": deal}
    )
