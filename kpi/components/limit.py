"""A cap and a floor of what some earnings bring together.

``by_shifts``: the limit itself is for a full month and shrinks with the shifts worked.
"""

from dataclasses import dataclass
from decimal import Decimal

from kpi.calculation.component import Inputs, Limit, Reason, component
from kpi.calculation.fields import flag, money
from kpi.calculation.rounding import ZERO
from kpi.calculation.wording import Difference, Money, Text, Titles, Word, gettext, gettext_noop


class Bounded(Reason, frozen=True, kw_only=True):
    limit: Decimal
    earned: Decimal


class Within(Bounded, frozen=True, kw_only=True, tag="free"):
    def because(self, amount: Decimal) -> Text:
        return gettext("%(earned)s is within the limit", earned=Money(self.earned))


class Above(Bounded, frozen=True, kw_only=True, tag="reached"):
    def because(self, amount: Decimal) -> Text:
        return gettext(
            "%(earned)s is above the limit of %(limit)s → %(difference)s",
            earned=Money(self.earned),
            limit=Money(self.limit),
            difference=Difference(amount),
        )


class Enough(Bounded, frozen=True, kw_only=True, tag="free"):
    def because(self, amount: Decimal) -> Text:
        return gettext(
            "%(earned)s is not below the guaranteed %(limit)s",
            earned=Money(self.earned),
            limit=Money(self.limit),
        )


class Below(Bounded, frozen=True, kw_only=True, tag="reached"):
    def because(self, amount: Decimal) -> Text:
        return gettext(
            "%(earned)s is below the guaranteed %(limit)s → %(difference)s",
            earned=Money(self.earned),
            limit=Money(self.limit),
            difference=Difference(amount),
        )


@component("cap", gettext_noop("Cap"), Within | Above)
@dataclass(frozen=True)
class Cap(Limit):
    amount: Decimal = money(gettext_noop("No more than"))
    by_shifts: bool = flag(gettext_noop("For a full month, less by shifts missed"))

    def promise(self) -> Text:
        return gettext("No more than %(amount)s together.", amount=Money(self.amount))

    def clause(self) -> Text:
        limit = gettext("No more than %(amount)s together", amount=Money(self.amount))
        return _write_clause(self.of, limit, self.by_shifts)

    def bound(self, earned: Decimal, inputs: Inputs) -> tuple[Decimal, Reason]:
        limit = _prorate(self.amount, inputs) if self.by_shifts else self.amount
        if earned <= limit or (self.by_shifts and not inputs.planned):
            return earned, Within(limit=limit, earned=earned)
        return limit, Above(limit=limit, earned=earned)


@component("floor", gettext_noop("Guarantee"), Enough | Below)
@dataclass(frozen=True)
class Floor(Limit):
    amount: Decimal = money(gettext_noop("No less than"))
    by_shifts: bool = flag(gettext_noop("For a full month, less by shifts missed"))

    def promise(self) -> Text:
        return gettext("No less than %(amount)s together.", amount=Money(self.amount))

    def clause(self) -> Text:
        limit = gettext("No less than %(amount)s together", amount=Money(self.amount))
        return _write_clause(self.of, limit, self.by_shifts)

    def bound(self, earned: Decimal, inputs: Inputs) -> tuple[Decimal, Reason]:
        limit = _prorate(self.amount, inputs) if self.by_shifts else self.amount
        if earned >= limit:
            return earned, Enough(limit=limit, earned=earned)
        return limit, Below(limit=limit, earned=earned)


def _write_clause(of: tuple[str, ...], limit: Text, by_shifts: bool) -> Text:
    words: dict[str, Word] = {"of": Titles(of), "limit": limit}
    if by_shifts:
        if of:
            return gettext("“%(of)s”: %(limit)s for a full month, less by the shifts missed.", **words)
        return gettext("%(limit)s for a full month, less by the shifts missed.", limit=limit)
    return gettext("“%(of)s”: %(limit)s.", **words) if of else gettext("%(limit)s.", limit=limit)


def _prorate(amount: Decimal, inputs: Inputs) -> Decimal:
    return amount * inputs.worked / inputs.planned if inputs.planned else ZERO
