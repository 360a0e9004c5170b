"""A whole statement: components and inputs in, lines out.

Order, whatever the order of the document: earnings → multipliers → caps and floors; rounding once per line, at the end.
A multiplier or a limit gets a line of its own with the difference that it makes, so the lines add up to the total to
the kopeck. Between the lines amounts stay exact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from kpi.formulas.components import Coefficient, Component, Gate, Inputs, Limit, Values
from kpi.formulas.rounding import ZERO, kopecks


@dataclass(frozen=True)
class Line:
    code: str
    kind: str
    amount: Decimal
    values: Values = field(default_factory=dict)


def evaluate(components: Sequence[Component], inputs: Inputs) -> list[Line]:
    """The statement's lines, in the order of the document."""
    exact: dict[str, Decimal] = {}  # of earnings after their multipliers, and of the limits' own differences
    lines: dict[str, Line] = {}
    for component in sorted(components, key=_turn):
        if isinstance(component, Coefficient | Gate):
            factor, values = component.factor(inputs)
            before = {code: exact[code] for code in component.of}
            exact |= {code: amount * factor for code, amount in before.items()}
            # each earning's rounded amounts telescope: earning + all of its multipliers = the product, rounded once
            amount = sum((kopecks(exact[code]) - kopecks(before[code]) for code in component.of), ZERO)
            values["base"] = str(sum((kopecks(before[code]) for code in component.of), ZERO))
        elif isinstance(component, Limit):
            earned = sum((kopecks(exact[code]) for code in component.of or exact), ZERO)
            bounded, values = component.bound(earned, inputs)
            amount = exact[component.code] = kopecks(bounded) - earned
        else:
            exact[component.code], values = component.earn(inputs)
            amount = kopecks(exact[component.code])
        lines[component.code] = Line(component.code, component.kind, amount, values)
    return [lines[component.code] for component in components]


def total(lines: Iterable[Line]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)


def _turn(component: Component) -> int:
    if isinstance(component, Limit):
        return 2
    return 1 if isinstance(component, Coefficient | Gate) else 0
