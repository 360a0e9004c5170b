"""An advance: pay is made up to a sum, and what was given is taken back from better months, or is not."""

from dataclasses import dataclass
from decimal import Decimal

from kpi.calculation.component import Inputs, Ledger, Reason, component
from kpi.calculation.fields import flag, money
from kpi.calculation.rounding import ZERO
from kpi.calculation.wording import Money, Text, gettext, gettext_noop


class Drawn(Reason, frozen=True, kw_only=True):
    """``owed``: before this month."""

    draw: Decimal
    earned: Decimal
    owed: Decimal


class Advanced(Drawn, frozen=True, kw_only=True, tag="advanced"):
    recoverable: bool = True

    def because(self, amount: Decimal) -> Text:
        values = {
            "earned": Money(self.earned),
            "draw": Money(self.draw),
            "amount": Money(amount),
            "owed": Money(self.owed + amount),
        }
        if self.recoverable:
            return gettext(
                "%(earned)s is less than the advance of %(draw)s: %(amount)s in advance, %(owed)s is owed now",
                **values,
            )
        return gettext("%(earned)s is made up to %(draw)s: %(amount)s, nothing is owed", **values)


class Recovered(Drawn, frozen=True, kw_only=True, tag="recovered"):
    def because(self, amount: Decimal) -> Text:
        return gettext(
            "%(earned)s is above the advance of %(draw)s: of the %(owed)s owed, %(amount)s is returned",
            earned=Money(self.earned),
            draw=Money(self.draw),
            owed=Money(self.owed),
            amount=Money(-amount),
        )


class Earned(Drawn, frozen=True, kw_only=True, tag="earned"):
    def because(self, amount: Decimal) -> Text:
        return gettext(
            "%(earned)s is not below the advance of %(draw)s, and nothing is owed",
            earned=Money(self.earned),
            draw=Money(self.draw),
        )


@component("draw", gettext_noop("Advance"), Advanced | Recovered | Earned)
@dataclass(frozen=True)
class Draw(Ledger):
    amount: Decimal = money(gettext_noop("Pay is made up to"))
    forgiven: bool = flag(gettext_noop("Is not taken back"))

    @property
    def is_owed(self) -> bool:
        return not self.forgiven

    def promise(self) -> Text:
        if self.forgiven:
            return gettext("Pay is made up to %(amount)s; nothing is taken back.", amount=Money(self.amount))
        return gettext(
            "Pay is made up to %(amount)s in advance; better months return it from what is above.",
            amount=Money(self.amount),
        )

    def bound(self, earned: Decimal, inputs: Inputs) -> tuple[Decimal, Reason]:
        owed = ZERO if self.forgiven else max(inputs.carried.get(self.code, ZERO), ZERO)
        values = {"draw": self.amount, "earned": earned, "owed": owed}
        if earned < self.amount:
            return self.amount, Advanced(recoverable=not self.forgiven, **values)
        if returned := min(owed, earned - self.amount):
            return earned - returned, Recovered(**values)
        return earned, Earned(**values)
