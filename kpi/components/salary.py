"""A fixed sum for a full month, by shifts worked."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from kpi.calculation.component import Earning, Inputs, Reason, component
from kpi.calculation.fields import money
from kpi.calculation.rounding import ZERO
from kpi.calculation.wording import Money, Text, gettext, gettext_noop, ngettext


class Paid(Reason, frozen=True, kw_only=True, tag="paid"):
    amount: Decimal
    worked: int
    planned: int

    def because(self, amount: Decimal) -> Text:
        return ngettext(
            "%(worked)s of %(planned)s shift × %(amount)s = %(result)s",
            "%(worked)s of %(planned)s shifts × %(amount)s = %(result)s",
            self.planned,
            worked=self.worked,
            planned=self.planned,
            amount=Money(self.amount),
            result=Money(amount),
        )


class NoShifts(Reason, frozen=True, kw_only=True, tag="no_shifts"):
    amount: Decimal

    def because(self, amount: Decimal) -> Text:
        return gettext(
            "No shifts are planned for this month: the salary of %(amount)s cannot be counted by shifts",
            amount=Money(self.amount),
        )


@component("salary", gettext_noop("Salary by shifts"), Paid | NoShifts)
@dataclass(frozen=True)
class Salary(Earning):
    is_bonus: ClassVar[bool] = False

    amount: Decimal = money(gettext_noop("For a full month"))

    def promise(self) -> Text:
        return gettext(
            "%(amount)s for all shifts of the month, by the shifts worked.", amount=Money(self.amount)
        )

    def earn(self, inputs: Inputs) -> tuple[Decimal, Reason]:
        if not inputs.planned:
            return ZERO, NoShifts(amount=self.amount)
        # multiply first: a division that does not come out even must be the last step before rounding
        earned = self.amount * inputs.worked / inputs.planned
        return earned, Paid(amount=self.amount, worked=inputs.worked, planned=inputs.planned)
