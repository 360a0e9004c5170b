"""A bonus lowered because of a disciplinary sanction: by an order, in its month only, never beyond a fifth of the pay.

Labour Code, art. 135: such a cut touches bonuses alone, those of the month of the sanction, and must not make the
month's pay less by more than 20 %.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from msgspec import Struct

from kpi.calculation.component import Inputs, Reason, Sanction, component
from kpi.calculation.document import Place
from kpi.calculation.fields import day, person, rows, share, text
from kpi.calculation.rounding import ONE, ZERO, kopecks, kopecks_within
from kpi.calculation.running import MONTH
from kpi.calculation.wording import (
    Day,
    Listing,
    Money,
    Percent,
    Said,
    Text,
    Titles,
    Word,
    gettext,
    gettext_noop,
)

MOST = Decimal("0.2")  # of the month's pay, by law


@dataclass(frozen=True)
class Order:
    """Takes a share of the bonuses of the month of its day from one person."""

    person: int = person(gettext_noop("Employee"))
    number: str = text(gettext_noop("Order No."))
    day: date = day(gettext_noop("Date of the order"))
    share: Decimal = share(gettext_noop("Share of the bonuses"), above_zero=True)


class Cited(Struct, frozen=True):
    number: str
    day: date
    share: Decimal

    def told(self) -> Text:
        return gettext(
            "order No. %(number)s of %(day)s, %(share)s",
            number=Said(self.number),
            day=Day(self.day),
            share=Percent(self.share),
        )


class Nothing(Reason, frozen=True, kw_only=True, tag="nothing"):
    def because(self, amount: Decimal) -> Text:
        return gettext("There is no order of this month")


class ByOrder(Reason, frozen=True, kw_only=True):
    """``asked``: what the orders come to; ``limit``: what may be taken at most."""

    orders: tuple[Cited, ...]
    bonuses: Decimal
    pay: Decimal
    asked: Decimal
    at_most: Decimal
    limit: Decimal

    def words(self) -> dict[str, Word]:
        return {
            "orders": Listing([one.told() for one in self.orders], "; "),
            "asked": Money(self.asked),
            "bonuses": Money(self.bonuses),
            "share": Percent(self.at_most),
            "pay": Money(self.pay),
            "limit": Money(self.limit),
        }


class Lowered(ByOrder, frozen=True, kw_only=True, tag="lowered"):
    def because(self, amount: Decimal) -> Text:
        return gettext(
            "%(orders)s: %(asked)s of bonuses of %(bonuses)s; no more than %(share)s of the month’s pay of "
            "%(pay)s, %(limit)s",
            **self.words(),
        )


class Capped(ByOrder, frozen=True, kw_only=True, tag="capped"):
    def because(self, amount: Decimal) -> Text:
        return gettext(
            "%(orders)s: %(asked)s of bonuses of %(bonuses)s would be more than %(share)s of the month’s pay of "
            "%(pay)s, so it is %(limit)s",
            **self.words(),
        )


@component("disciplinary", gettext_noop("Bonus lowered by an order"), Nothing | Lowered | Capped)
@dataclass(frozen=True)
class Disciplinary(Sanction):
    orders: tuple[Order, ...] = rows(gettext_noop("Orders"), Order, least=0)
    at_most: Decimal = share(
        gettext_noop("No more than this share of the month’s pay"), optional=True, most=MOST, default=MOST
    )

    @property
    def people(self) -> frozenset[int]:
        return frozenset(order.person for order in self.orders)

    def check(self, place: Place) -> None:
        if self.period != MONTH:
            raise place["period"].fail(gettext("left out: an order is of one month"))
        told = [(order.person, order.number, order.day) for order in self.orders]
        for number, one in enumerate(place["orders"].items(0)):
            if told[number] in told[:number]:
                raise one["number"].fail(gettext("used once"))

    def promise(self) -> Text:
        return gettext(
            "“%(of)s” of the month in which a disciplinary sanction is applied may be lowered by a written order "
            "with its number, of that month only; the month’s pay never becomes less by more than %(share)s.",
            of=Titles(self.of),
            share=Percent(self.at_most),
        )

    def reduce(self, bonuses: Decimal, pay: Decimal, inputs: Inputs) -> tuple[Decimal, Reason]:
        mine = [
            order
            for order in self.orders
            if order.person == inputs.person and order.day.replace(day=1) == inputs.month
        ]
        if not mine:
            return ZERO, Nothing()
        whole = min(sum((order.share for order in mine), ZERO), ONE)
        asked = kopecks(max(bonuses, ZERO) * whole)
        limit = kopecks_within(max(pay, ZERO) * self.at_most)
        kind = Capped if asked > limit else Lowered
        return -min(asked, limit), kind(
            orders=tuple(Cited(order.number, order.day, order.share) for order in mine),
            bonuses=bonuses,
            pay=pay,
            asked=asked,
            at_most=self.at_most,
            limit=limit,
        )
