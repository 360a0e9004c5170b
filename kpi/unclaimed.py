"""Sales of a month that are in nobody's statement, and what is done with them once the month is closed."""

from collections import defaultdict
from collections.abc import Collection, Iterable
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
from metrics import CREDITING, NARROWING, UnknownField, list_wins
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
    return _find(period, statements).get(period.first, [])


def _find(span: Period, statements: Iterable[Statement]) -> dict[date, list[Unclaimed]]:
    """By month of the span. A query for each measure, and five."""
    rows = list(statements)
    if not rows:
        return {}
    names = {
        name
        for scheme in {row.scheme for row in rows if row.inputs}
        for name in sales_measures(read_scheme(scheme))
        if not read_measure(name).team and not set(read_measure(name).options) & {*NARROWING, *CREDITING}
    }
    payees, months = read_payees(span), {row.period for row in rows}
    paid_people = {(row.period, row.manager_id) for row in rows}
    found: list[tuple[str, int | None, int, date, Decimal, int | None]] = []
    for name in sorted(names):
        try:
            wins = list(list_wins(span, None, read_measure(name).options))
        except UnknownField:
            continue
        for user, deal, day, amount in wins:
            person, month = None if user is None else payees.whose(user, day), day.replace(day=1)
            if amount and month in months and (month, person) not in paid_people:
                found.append((name, user, deal, day, amount, person))
    settled = {(one.measure, one.deal) for one in read_paid(row[2] for row in found)}
    waived = set(
        WaivedSale.objects.filter(period__in=months).values_list("period", "measure", "deal") if found else ()
    )
    found = [
        row
        for row in found
        if (row[0], row[2]) not in settled and (row[3].replace(day=1), row[0], row[2]) not in waived
    ]
    users = dict(Person.objects.filter(pk__in={row[1] for row in found if row[1]}).values_list("pk", "name"))
    people = {row[5] for row in found if row[5]}
    staff = {one.person_id: str(one) for one in Employee.objects.filter(person__in=people)}
    told: dict[date, list[Unclaimed]] = defaultdict(list)
    for row in sorted(found, key=lambda row: (-row[4], row[2])):
        name, whose, deal, day, amount, person = row
        told[day.replace(day=1)].append(
            Unclaimed(
                deal, name, day, amount, whose, users.get(whose or 0, ""), person, staff.get(person, "")
            )
        )
    return told


@dataclass(frozen=True)
class Pile:
    """The sales of one amoCRM user, the dearest first."""

    sales: list[Unclaimed]

    @property
    def first(self) -> Unclaimed:
        return self.sales[0]

    @property
    def total(self) -> Decimal:
        """Each deal once, by whichever measure."""
        return sum({one.deal: one.amount for one in reversed(self.sales)}.values(), ZERO)


def pile_by_user(sales: Iterable[Unclaimed]) -> list[Pile]:
    """The largest sum first."""
    found: dict[int | None, list[Unclaimed]] = defaultdict(list)
    for one in sales:
        found[one.user].append(one)
    return sorted((Pile(rows) for rows in found.values()), key=lambda pile: -pile.total)


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
    rows = list(Statement.objects.filter(period__in=[one.first for one in months]).select_related("scheme"))
    by_month: dict[date, list[Statement]] = defaultdict(list)
    for row in rows:
        by_month[row.period].append(row)
    differences = find_differences(rows)
    span = Period(months[-1].start, months[0].end, f"{months[-1].label}/{months[0].label}")
    unclaimed_by_month = _find(span, rows)
    states = []
    for period in months:
        of_month = by_month[period.first]
        changed = [differences[row.pk] for row in of_month if row.pk in differences]
        unclaimed = unclaimed_by_month.get(period.first, [])
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
def waive_sales(
    period: Period, sales: Collection[tuple[int, str]], author: Employee, reason: str
) -> list[WaivedSale]:
    """Say that nobody is paid for these sales, (deal, measure), of a closed month.

    ValueError with a sentence for nonsense; then none is waived.
    """
    lock_month(period)
    if not reason.strip():
        raise ValueError(_("Why nobody is paid for it must be said"))
    rows = Statement.objects.filter(period=period.first, status=Statement.Status.CLOSED).select_related(
        "scheme"
    )
    found = {(one.deal, one.measure): one for one in find_unclaimed(period, rows)}
    for deal, measure in sales:
        if (deal, measure) not in found:
            says = _("Deal %(deal)s is not among the sales that are in nobody’s statement")
            raise ValueError(says % {"deal": deal})
    return WaivedSale.objects.bulk_create(
        WaivedSale(
            period=period.first,
            measure=measure,
            deal=deal,
            amount=found[deal, measure].amount,
            author=author,
            reason=reason.strip(),
        )
        for deal, measure in dict.fromkeys(sales)
    )
