"""Sales that are won and wait for the client's payment: what they would add to the pay of a month if paid now.

A sum of sales holds where it is dated by a field (``date=501``, the day of payment) or asks for one to be filled
(``when=field:501``): a deal without it is won and pays nobody yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.calculation.rounding import ZERO
from kpi.measures import Measure, read_measure
from kpi.models import Statement
from kpi.pay_schemes import read_scheme
from kpi.payees import read_payees
from kpi.sales import find_wins_ever, sales_measures
from kpi.what_if import compute_pay, settle
from metrics import UnknownField, list_wins

MONTHS = 12  # since a sale: what has waited longer will hardly be paid
DATED_BY_THEMSELVES = ("closed_at", "created_at")


@dataclass(frozen=True)
class Held:
    deal: int
    amount: Decimal


@dataclass(frozen=True)
class Holding:
    """``rows``: the largest first. ``pay``: what all of them together would add to the month's pay."""

    rows: tuple[Held, ...]
    pay: Decimal


def find_held(statement: Statement, now: datetime) -> Holding | None:
    """Of the person, by the scheme of a month that lasts. None where nothing in it can wait for a payment, and then
    nothing is asked; else two queries a measure and one."""
    scheme = read_scheme(statement.scheme)
    holding = [one for name in sales_measures(scheme) if _holds(one := read_measure(name))]
    if not holding:
        return None
    span = _span(now)
    payees = read_payees(span)
    facts, held = statement.facts, dict[str, dict[int, Decimal]]()
    for measure in holding:
        options = {key: value for key, value in measure.options.items() if key not in ("date", "when")}
        try:
            won = {
                deal: amount
                for user, deal, day, amount in list_wins(
                    span, payees.users_of([statement.manager_id]), options
                )
                if payees.whose(user, day) == statement.manager_id and amount
            }
            counted: Mapping[int, object] = find_wins_ever(measure.name, won)
        except UnknownField:
            continue
        held[measure.name] = {deal: amount for deal, amount in won.items() if deal not in counted}
    paid = {name: {**(facts.wins or {}).get(name, {}), **rows} for name, rows in held.items()}
    largest: dict[int, Decimal] = {}
    for rows in held.values():
        for deal, amount in rows.items():
            largest[deal] = max(amount, largest.get(deal, ZERO))
    return Holding(
        tuple(sorted((Held(*pair) for pair in largest.items()), key=lambda one: (-one.amount, one.deal))),
        compute_pay(settle(facts, paid, scheme), scheme) - compute_pay(facts, scheme),
    )


def _holds(measure: Measure) -> bool:
    dated = measure.options.get("date", "closed_at") not in DATED_BY_THEMSELVES
    return not measure.team and (dated or "when" in measure.options)


def _span(now: datetime) -> Period:
    first = month = month_of(now, portal_zone())
    for _ in range(MONTHS - 1):
        first = first.previous
    return Period(first.start, month.end, f"{first.label}/{month.label}")
