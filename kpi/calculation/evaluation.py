"""A whole statement: components and inputs in, lines out.

Order, whatever the order of the document: earnings → multipliers → caps and floors → what is taken back → advances →
sanctions; rounding once per line, at the end.
A multiplier or a limit gets a line of its own with the difference that it makes, so the lines add up to the total to
the kopeck. Between the lines amounts stay exact. A multiplier is a condition of earning: what is below zero is not
earned, so it is not multiplied. A component of a quarter or a year pays what that has earned so far less what earlier
months have paid (`kpi.calculation.running`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from msgspec.structs import replace

from kpi.calculation.component import (
    Component,
    Earning,
    Inputs,
    Limit,
    Multiplier,
    Reason,
    Sanction,
    phase_of,
)
from kpi.calculation.rounding import ZERO, kopecks
from kpi.calculation.running import Before, Running


@dataclass(frozen=True)
class Line:
    """``running``: where the component counts by a longer period than the month."""

    code: str
    kind: str
    amount: Decimal
    reason: Reason
    running: Running | None = None


def evaluate(components: Sequence[Component], inputs: Inputs) -> list[Line]:
    """The statement's lines, in the order of the document."""
    month = _Month(inputs)
    for component in sorted(components, key=lambda one: phase_of(type(one))):
        month.add(component)
    return [month.lines[component.code] for component in components]


def sum_lines(lines: Iterable[Line]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)


def _is_unknown(component: Earning, given: Inputs) -> bool:
    no_quota = component.by_quota and not given.quota
    return no_quota or any(given.measure(name) is None for name in component.measures)


class _Month:
    """``exact``: of earnings after their multipliers, and of the limits' own differences; ``shared``: what a multiplier
    of a longer period makes of several earnings together, by their codes.
    """

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.exact: dict[str, Decimal] = {}
        self.shared: dict[frozenset[str], Decimal] = {}
        self.lines: dict[str, Line] = {}

    def add(self, component: Component) -> None:
        before = self.inputs.before.get(component.period)
        if isinstance(component, Earning):
            self._earn(component, before)
        elif isinstance(component, Multiplier):
            if before is None:
                self._multiply(component)
            else:
                self._multiply_running(component, before)
        elif isinstance(component, Limit):
            self._limit(component, before)
        elif isinstance(component, Sanction):
            self._reduce(component)

    def _earn(self, component: Earning, before: Before | None) -> None:
        given = self.inputs.over(component.period)
        earned, reason = component.earn(given)
        if before is not None:
            paid = before.paid.get(component.code, ZERO)
            # rounded before the difference: half a kopeck twice is one. What is not known takes nothing back.
            earned = ZERO if _is_unknown(component, given) else kopecks(earned) - paid
        self.exact[component.code] = earned
        self._put(component, kopecks(earned), reason, before)

    def _multiply(self, component: Multiplier) -> None:
        factor, given = component.factor(self.inputs)
        before = {code: self.exact[code] for code in component.of}
        # what was given back was multiplied when it was paid, by what nobody kept: here it is not
        self.exact |= {code: amount * factor for code, amount in before.items() if amount > 0}
        # each earning's rounded amounts telescope: earning + all of its multipliers = the product, rounded once
        amount = sum((kopecks(self.exact[code]) - kopecks(before[code]) for code in component.of), ZERO)
        base = sum((kopecks(before[code]) for code in component.of), ZERO)
        self._put(component, amount, replace(given, base=base), None)

    def _multiply_running(self, component: Multiplier, before: Before) -> None:
        """The factor of the whole period, on all that the period has earned; the earnings are not told apart."""
        factor, given = component.factor(self.inputs.over(component.period))
        own = self._sum(component.of)
        base = own + before.base.get(component.code, ZERO)
        amount = kopecks(max(base, ZERO) * (factor - 1)) - before.paid.get(component.code, ZERO)
        of = frozenset(component.of)
        self.shared[of] = self.shared.get(of, ZERO) + amount
        self._put(component, amount, replace(given, base=base), before, own)

    def _limit(self, component: Limit, before: Before | None) -> None:
        own = self._sum(component.of or tuple(self.exact))
        earned = own + (before.base.get(component.code, ZERO) if before else ZERO)
        bounded, reason = component.bound(earned, self.inputs.over(component.period))
        paid = before.paid.get(component.code, ZERO) if before else ZERO
        amount = self.exact[component.code] = kopecks(bounded) - earned - paid
        self._put(component, amount, reason, before, own)

    def _reduce(self, component: Sanction) -> None:
        amount, reason = component.reduce(self._sum(component.of), self._sum(tuple(self.exact)), self.inputs)
        self.exact[component.code] = kopecks(amount)
        self._put(component, kopecks(amount), reason, None)

    def _sum(self, codes: Sequence[str]) -> Decimal:
        """What these have brought so far in the month, to the kopeck."""
        asked = set(codes)
        whole = sum((kopecks(self.exact[code]) for code in asked), ZERO)
        return whole + sum((amount for of, amount in self.shared.items() if of <= asked), ZERO)

    def _put(
        self,
        component: Component,
        amount: Decimal,
        reason: Reason,
        before: Before | None,
        base: Decimal = ZERO,
    ) -> None:
        running = None
        if before is not None:
            paid = before.paid.get(component.code, ZERO)
            running = Running(
                period=component.period, since=before.since, earned=amount + paid, before=paid, base=base
            )
        self.lines[component.code] = Line(component.code, component.kind, amount, reason, running)
