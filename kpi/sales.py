"""Sales that a month pays for: every won deal once. What a closed month has paid no later one pays again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from core.periods import Period, parse_month
from core.zone import portal_zone
from kpi.calculation.rounding import ZERO
from kpi.measures import Measure, read_measure
from kpi.paid_sales import read_paid
from kpi.pay_schemes import PayScheme
from kpi.payees import Payees
from metrics import UnknownField, list_wins


class Win(NamedTuple):
    """A won deal, by local day; ``person`` is paid for it, ``user`` had it in amoCRM."""

    person: int
    deal: int
    day: date
    amount: Decimal
    user: int


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


def has_team(schemes: Iterable[PayScheme]) -> bool:
    """Whether any of the schemes pays for the sales of others."""
    return any(read_measure(name).team for scheme in schemes for name in scheme.measures)


def find_wins(measure: Measure, people: Iterable[int], payees: Payees) -> Iterator[Win]:
    """What these people are paid for by the measure of sales, by what is known now. One query.

    Raises UnknownField when amoCRM no longer has the field.
    """
    asked = set(people)
    if measure.team:
        asked_of = {member for head in asked for member in payees.team_of(head)}
        users = payees.users_of(asked_of)
    else:
        users = payees.users_of(asked)
    for user, deal, day, amount in list_wins(payees.period, users, measure.options):
        person = payees.whose(user, day)
        if measure.team and person is not None:
            person = payees.head_of(person, day)
        if person in asked:
            yield Win(person, deal, day, amount, user)


def find_wins_ever(name: str, deals: Iterable[int]) -> dict[int, tuple[date, Decimal]]:
    """Day and amount of those of the deals that count by the measure at any time, whosever they are. One query.

    Raises UnknownField when amoCRM no longer has the field.
    """
    zone = portal_zone()
    always = Period(parse_month("1970-01", zone).start, parse_month("2200-12", zone).end, "")
    won = list_wins(always, None, read_measure(name).options, deals)
    return {deal: (day, amount) for _user, deal, day, amount in won}


def collect_sales(
    schemes: Mapping[int, PayScheme], payees: Payees, again: bool = False
) -> dict[str, dict[int, Sales]]:
    """By measure and person, for every measure of sales in their schemes; one of a vanished field is left out.

    ``again``: what closed months have paid counts, too.
    """
    people: dict[str, set[int]] = defaultdict(set)
    for person, scheme in schemes.items():
        for name in sales_measures(scheme):
            people[name].add(person)
    won: dict[str, list[Win]] = {}
    for name, asked in people.items():
        try:
            won[name] = list(find_wins(read_measure(name), asked, payees))
        except UnknownField:
            continue
    deals = () if again else (win.deal for wins in won.values() for win in wins)
    paid = {(one.measure, one.deal): one.period for one in read_paid(deals)}
    found: dict[str, dict[int, Sales]] = {}
    for name, wins in won.items():
        found[name] = {person: Sales() for person in people[name]}
        for win in wins:
            sales, before = found[name][win.person], paid.get((name, win.deal))
            if before is not None:
                sales.before.append(NotPaid(win.deal, win.amount, before))
            else:
                sales.wins[win.deal] = win.amount
                sales.days[win.day] = sales.days.get(win.day, ZERO) + win.amount
    return found
