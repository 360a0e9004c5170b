"""A whole statement: components and inputs in, lines out.

Order, whatever the order of the document: earnings → multipliers → caps and floors; rounding once per line, at the end.
A multiplier or a limit gets a line of its own with the difference that it makes, so the lines add up to the total to
the kopeck. Between the lines amounts stay exact. A multiplier is a condition of earning: what is below zero is not
earned, so it is not multiplied.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from msgspec.structs import replace

from kpi.calculation.component import Component, Earning, Inputs, Limit, Multiplier, Reason, phase_of
from kpi.calculation.rounding import ZERO, kopecks


@dataclass(frozen=True)
class Line:
    code: str
    kind: str
    amount: Decimal
    reason: Reason


def evaluate(components: Sequence[Component], inputs: Inputs) -> list[Line]:
    """The statement's lines, in the order of the document."""
    exact: dict[str, Decimal] = {}  # of earnings after their multipliers, and of the limits' own differences
    lines: dict[str, Line] = {}
    reason: Reason
    for component in sorted(components, key=lambda one: phase_of(type(one))):
        if isinstance(component, Earning):
            exact[component.code], reason = component.earn(inputs)
            amount = kopecks(exact[component.code])
        elif isinstance(component, Multiplier):
            factor, given = component.factor(inputs)
            before = {code: exact[code] for code in component.of}
            # what was given back was multiplied when it was paid, by what nobody kept: here it is not
            exact |= {code: amount * factor for code, amount in before.items() if amount > 0}
            # each earning's rounded amounts telescope: earning + all of its multipliers = the product, rounded once
            amount = sum((kopecks(exact[code]) - kopecks(before[code]) for code in component.of), ZERO)
            reason = replace(given, base=sum((kopecks(before[code]) for code in component.of), ZERO))
        elif isinstance(component, Limit):
            earned = sum((kopecks(exact[code]) for code in component.of or exact), ZERO)
            bounded, reason = component.bound(earned, inputs)
            amount = exact[component.code] = kopecks(bounded) - earned
        lines[component.code] = Line(component.code, component.kind, amount, reason)
    return [lines[component.code] for component in components]


def sum_lines(lines: Iterable[Line]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)
