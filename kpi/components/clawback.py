"""Takes back what closed months have paid for sales that came back within a window, in the month when it is known.

What is due is counted anew each month from all sales that ever came back, and what earlier months took of it is off: so
a remainder waits for a month that can bear it, and a sale that counts again is given back.
"""

from dataclasses import dataclass
from decimal import Decimal

from msgspec import Struct

from kpi.calculation.component import Inputs, Reason, Return, Reversal, component
from kpi.calculation.document import Place
from kpi.calculation.fields import choice, measure, share, whole
from kpi.calculation.rounding import ONE, ZERO, kopecks, kopecks_within
from kpi.calculation.running import MONTH
from kpi.calculation.wording import (
    Listing,
    MeasureTitle,
    Money,
    Percent,
    Text,
    Word,
    gettext,
    gettext_noop,
    ngettext,
)

ALL, BY_DAYS = "all", "by_days"
PROPORTIONS = {
    ALL: gettext_noop("all of it"),
    BY_DAYS: gettext_noop("less by every day since the sale"),
}
LONGEST = 730  # days


class Row(Struct, frozen=True):
    """A deal with what it has cost by now: ``due`` of the ``cost``."""

    deal: int
    days: int
    cost: Decimal
    due: Decimal

    def told(self) -> Text:
        return ngettext(
            "deal %(deal)s, returned after %(days)s day: %(due)s of %(cost)s",
            "deal %(deal)s, returned after %(days)s days: %(due)s of %(cost)s",
            self.days,
            deal=self.deal,
            days=self.days,
            due=Money(self.due),
            cost=Money(self.cost),
        )


class Reversed(Reason, frozen=True, kw_only=True):
    """``due``: of all sales that ever came back; ``before``: what earlier months have taken of it."""

    due: Decimal
    before: Decimal
    rows: tuple[Row, ...] = ()


class Nothing(Reversed, frozen=True, kw_only=True, tag="nothing"):
    def because(self, amount: Decimal) -> Text:
        return gettext("No sale of a closed month has come back")


class Taken(Reversed, frozen=True, kw_only=True, tag="taken"):
    """``left``: what waits for later months."""

    left: Decimal = ZERO

    def because(self, amount: Decimal) -> Text:
        values: dict[str, Word] = {
            "rows": Listing([row.told() for row in self.rows], "; "),
            "before": Money(self.before),
            "amount": Money(-amount),
        }
        if self.left:
            return gettext(
                "%(rows)s. Earlier months have taken %(before)s, this one takes %(amount)s, %(left)s waits",
                left=Money(self.left),
                **values,
            )
        if self.before:
            return gettext(
                "%(rows)s. Earlier months have taken %(before)s, this one takes %(amount)s", **values
            )
        return Text("%(rows)s", values)


class GivenBack(Reversed, frozen=True, kw_only=True, tag="given_back"):
    def because(self, amount: Decimal) -> Text:
        return gettext(
            "Earlier months have taken %(before)s and %(due)s of it is due: what counts again is given back, "
            "%(amount)s",
            before=Money(self.before),
            due=Money(self.due),
            amount=Money(amount),
        )


@component("clawback", gettext_noop("Return of pay for returned sales"), Nothing | Taken | GivenBack)
@dataclass(frozen=True)
class Clawback(Reversal):
    measure: str = measure(gettext_noop("Of which sum"))
    window: int = whole(gettext_noop("Days since the sale"), LONGEST)
    proportion: str = choice(gettext_noop("What is returned"), PROPORTIONS)
    at_most: Decimal = share(
        gettext_noop("No more than this share of the month’s pay"),
        optional=True,
        above_zero=True,
        default=ONE,
    )

    @property
    def measures(self) -> tuple[str, ...]:
        """None of the month: what closed months were paid by is known from them."""
        return ()

    @property
    def reversed_sales(self) -> str:
        return self.measure

    @property
    def longest(self) -> int:
        return self.window

    def check(self, place: Place) -> None:
        if self.period != MONTH:
            raise place["period"].fail(gettext("left out: what came back is counted by the month"))

    def promise(self) -> Text:
        values: dict[str, Word] = {
            "window": self.window,
            "measure": MeasureTitle(self.measure),
            "most": Percent(self.at_most),
        }
        if self.proportion == ALL:
            return ngettext(
                "What was paid for “%(measure)s” is returned when the sale comes back within %(window)s day, "
                "in the month when that is known; at most %(most)s of the month’s pay, the rest later.",
                "What was paid for “%(measure)s” is returned when the sale comes back within %(window)s days, "
                "in the month when that is known; at most %(most)s of the month’s pay, the rest later.",
                self.window,
                **values,
            )
        return ngettext(
            "What was paid for “%(measure)s” is returned when the sale comes back within %(window)s day, less by "
            "every day since the sale, in the month when that is known; at most %(most)s of the month’s pay, the rest "
            "later.",
            "What was paid for “%(measure)s” is returned when the sale comes back within %(window)s days, less by "
            "every day since the sale, in the month when that is known; at most %(most)s of the month’s pay, the rest "
            "later.",
            self.window,
            **values,
        )

    def share_due(self, days: int) -> Decimal:
        """The share of what a sale brought that is returned when it comes back so many days after it."""
        if days >= self.window:
            return ZERO
        return ONE if self.proportion == ALL else 1 - Decimal(days) / self.window

    def bound(self, earned: Decimal, inputs: Inputs) -> tuple[Decimal, Reason]:
        rows = tuple(self._row(one) for one in inputs.returns.get(self.code, ()))
        due = sum((row.due for row in rows), ZERO)
        before = -inputs.carried.get(self.code, ZERO)
        change, shown = due - before, tuple(row for row in rows if row.due)
        if change > 0:
            taken = min(change, kopecks_within(max(earned, ZERO) * self.at_most))
            return earned - taken, Taken(due=due, before=before, rows=shown, left=change - taken)
        if change < 0:
            return earned - change, GivenBack(due=due, before=before, rows=shown)
        return earned, Nothing(due=due, before=before, rows=shown)

    def _row(self, one: Return) -> Row:
        due = kopecks(one.cost * self.share_due(one.days))
        return Row(deal=one.deal, days=one.days, cost=one.cost, due=due)
