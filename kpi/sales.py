"""Sales that a month pays for: every won deal once. What a closed month has paid no later one pays again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import connection

from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.calculation.rounding import ZERO
from kpi.corrections import CORRECTION
from kpi.measures import read_measure
from kpi.models import Statement
from kpi.pay_schemes import PayScheme, read_scheme
from metrics import UnknownField, list_wins


@dataclass(frozen=True)
class NotPaid:
    """A won deal that the month does not pay; ``paid_in`` is the first day of the closed month that has."""

    deal: int
    amount: Decimal
    paid_in: date | None = None


@dataclass
class Sales:
    """Of one person by one measure: what the month pays for, by deal and by local day, and what was paid before."""

    wins: dict[int, Decimal] = field(default_factory=dict)
    days: dict[date, Decimal] = field(default_factory=dict)
    before: list[NotPaid] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum(self.wins.values(), ZERO)


def sales_measures(scheme: PayScheme) -> list[str]:
    """Those of the scheme's measures that are sums of sales."""
    return [name for name in scheme.measures if read_measure(name).is_sales]


def collect_sales(people: Mapping[int, PayScheme], period: Period) -> dict[str, dict[int, Sales]]:
    """By measure and person, for every measure of sales in their schemes; one of a vanished field is left out."""
    users: dict[str, set[int]] = defaultdict(set)
    for person, scheme in people.items():
        for name in sales_measures(scheme):
            users[name].add(person)
    won = {}
    for name, asked in users.items():
        try:
            won[name] = list(list_wins(period, asked, read_measure(name).options))
        except UnknownField:
            continue
    paid = _paid((deal for rows in won.values() for _person, deal, _day, _amount in rows), period)
    found: dict[str, dict[int, Sales]] = {}
    for name, rows in won.items():
        found[name] = {person: Sales() for person in users[name]}
        for person, deal, day, amount in rows:
            sales, before = found[name][person], paid.get((name, deal))
            if before is not None:
                sales.before.append(NotPaid(deal, amount, before))
            else:
                sales.wins[deal] = amount
                sales.days[day] = sales.days.get(day, ZERO) + amount
    return found


def find_unpaid(statement: Statement) -> list[NotPaid]:
    """Won in the statement's closed month by what is known now, and paid in none: each is for a correction.

    Two queries for every measure of sales in the scheme.
    """
    if statement.status != Statement.Status.CLOSED or statement.facts.wins is None:
        return []
    period = month_of(statement.period, portal_zone())
    found: dict[int, Decimal] = {}
    for name in sales_measures(read_scheme(statement.scheme)):
        try:
            rows = list(list_wins(period, [statement.manager_id], read_measure(name).options))
        except UnknownField:
            continue
        paid = _paid(deal for _person, deal, _day, _amount in rows)
        found |= {row[1]: row[3] for row in rows if (name, row[1]) not in paid}
    return [NotPaid(deal, amount) for deal, amount in sorted(found.items())]


def _paid(deals: Iterable[int], besides: Period | None = None) -> dict[tuple[str, int], date]:
    """Which closed month (``besides`` one) has paid these deals, by measure; a correction pays for every measure."""
    wanted = sorted(set(deals))
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select measure.key, deal.key::bigint, s.period
            from kpi_statement s, jsonb_each(s.inputs -> 'wins') measure, jsonb_object_keys(measure.value) deal(key)
            where s.status = 'closed' and s.period is distinct from %(besides)s::date
              and deal.key = any(%(deals)s::bigint[]::text[])
            union all
            select measure.key, (l.values ->> 'deal')::bigint, s.period
            from kpi_statementline l
            join kpi_statement s on s.id = l.statement_id and s.period is distinct from %(besides)s::date,
                 jsonb_object_keys(s.inputs -> 'wins') measure(key)
            where l.code = %(correction)s and l.values ->> 'deal' = any(%(deals)s::bigint[]::text[])
            """,
            {"deals": wanted, "correction": CORRECTION, "besides": besides.first if besides else None},
        )
        return {(measure, deal): period for measure, deal, period in cursor.fetchall()}
