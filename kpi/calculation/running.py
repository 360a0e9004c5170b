"""A plan that is longer than a month: what the earlier months of a quarter or a year came to.

A month pays what the period has earned so far less what its earlier months have paid. So the months of a period add up
to what the whole of it earns at once, and a month that is closed is never touched.
"""

from datetime import date
from decimal import Decimal

from msgspec import Struct, field

from kpi.calculation.rounding import ZERO
from kpi.calculation.wording import Day, Difference, Money, Text, gettext, gettext_noop

MONTH, QUARTER, YEAR = "month", "quarter", "year"
PERIODS = {MONTH: gettext_noop("month"), QUARTER: gettext_noop("quarter"), YEAR: gettext_noop("year")}
LENGTHS = {MONTH: 1, QUARTER: 3, YEAR: 12}


class Before(Struct, frozen=True, kw_only=True):
    """What the months of a quarter or a year before this one came to, from the first day ``since``.

    ``sums`` are of those months and grow by this month's; ``values`` are of the whole period up to the end of this
    month and take the place of this month's. ``quota``: the plan of the whole period. ``paid``: by the code of a
    component, what its lines came to; ``base``: what a multiplier or a limit was about in those months.
    """

    since: date
    quota: Decimal | None = None
    planned: int = 0
    worked: int = 0
    sums: dict[str, Decimal | None] = field(default_factory=dict)
    values: dict[str, Decimal | None] = field(default_factory=dict)
    deals: dict[str, int] = field(default_factory=dict)
    paid: dict[str, Decimal] = field(default_factory=dict)
    base: dict[str, Decimal] = field(default_factory=dict)


class Running(Struct, frozen=True, kw_only=True):
    """Of a line whose component runs over a longer period: ``earned`` since the first day ``since``, ``before``: what
    earlier months have paid of it; ``base``: what it was about in this month alone. Kept for ever."""

    period: str
    since: date
    earned: Decimal
    before: Decimal
    base: Decimal = ZERO

    def because(self, amount: Decimal) -> Text:
        return gettext(
            "Since %(since)s: %(earned)s, of which earlier months have paid %(before)s → %(difference)s",
            since=Day(self.since),
            earned=Money(self.earned),
            before=Money(self.before),
            difference=Difference(amount),
        )


def begin_period(month: date, period: str) -> date:
    """The first day of the quarter or year that the month of this first day lies in."""
    length = LENGTHS[period]
    return month.replace(month=(month.month - 1) // length * length + 1, day=1)


def list_months(first: date, until: date) -> list[date]:
    """First days of the months from ``first`` up to, not including, ``until``."""
    found = []
    while first < until:
        found.append(first)
        first = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return found
