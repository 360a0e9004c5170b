"""Months that have been, paid by another scheme. Pure: asks nobody and writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from kpi.calculation.evaluation import Line, evaluate
from kpi.calculation.rounding import ZERO
from kpi.calculation.running import begin_period
from kpi.month_facts import Earlier, Facts
from kpi.pay_schemes import PayScheme
from kpi.running_facts import MonthBefore, sum_months
from kpi.what_if import judge_facts, take_inputs


@dataclass(frozen=True)
class Past:
    """A person's month: its first day, and the facts of it that the scheme asks for. ``quotas``: his own plans of
    longer periods."""

    first: date
    facts: Facts
    quotas: Mapping[str, Decimal] = field(default_factory=dict)


def replay(scheme: PayScheme, history: Sequence[Past]) -> list[list[Line]]:
    """The lines of each of a person's months, ascending, as if the scheme had been in force since the first of them.

    A plan of his own stays; one that a scheme gave is the present scheme's. Quarters and years count from the first
    month. Measures of a longer period that cannot be added up (a median) are those of the month.
    """
    paid: list[list[Line]] = []
    done: list[MonthBefore] = []
    carried = {one.code: history[0].facts.carried.get(one.code, ZERO) for one in scheme.carrying if history}
    for past in history:
        facts = replace(
            past.facts,
            quota=past.facts.quota if past.facts.quota_of == "manager" else scheme.quota,
            earlier=_earlier(scheme, past, history[0].first, done),
            carried=dict(carried),
        )
        facts = judge_facts(facts, scheme)
        lines = evaluate(scheme.components, take_inputs(facts))
        paid.append(lines)
        running = {line.code: line.running for line in lines if line.running}
        done.append(
            MonthBefore(
                past.first,
                facts,
                {line.code: line.amount for line in lines},
                {code: one.base for code, one in running.items()},
            )
        )
        for line in lines:
            if line.code in carried:
                carried[line.code] += line.amount
    return paid


def _earlier(scheme: PayScheme, past: Past, begun: date, done: Sequence[MonthBefore]) -> dict[str, Earlier]:
    found = {}
    for length in scheme.longer_periods:
        first = max(begin_period(past.first, length), begun)
        months = [month for month in done if month.first >= first]
        one = sum_months(months, scheme.of_period(length), first)
        quota = past.quotas.get(length, scheme.quotas.get(length))
        found[length] = replace(one, before=replace(one.before, quota=quota))
    return found
