"""The rates that weeks are compared by, and how rows of weeks become addends of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy

from metrics.week_lines import Part
from metrics.weeks import DAYS, FINDINGS, LOST, OPEN, OPENED, OVERDUE, STUCK, UNTASKED, WON, Fact


@dataclass(frozen=True)
class Measure:
    """A rate: ``top`` per hundred of ``base``; ``of_days``: the base is its amount, not its number. ``is_share``: what
    is counted is a part of the base, so that the rate is in per cent."""

    title: Any
    top: str
    base: tuple[str, ...]
    unit: Any
    of_days: bool = False
    is_share: bool = False


MEASURES: dict[str, Measure] = {
    "density": Measure(
        gettext_lazy("Findings per 100 deal-days"),
        OPENED,
        (DAYS,),
        gettext_lazy("new findings per 100 deal-days"),
        of_days=True,
    ),
    "standing": Measure(
        gettext_lazy("Open findings per 100 open deals"),
        FINDINGS,
        (OPEN,),
        gettext_lazy("open findings per 100 open deals at the week’s end"),
    ),
    "stuck": Measure(
        gettext_lazy("Stuck among open deals"),
        STUCK,
        (OPEN,),
        gettext_lazy("% of open deals at the week’s end"),
        is_share=True,
    ),
    "untasked": Measure(
        gettext_lazy("Without a next task"),
        UNTASKED,
        (OPEN,),
        gettext_lazy("% of open deals at the week’s end"),
        is_share=True,
    ),
    "overdue": Measure(
        gettext_lazy("Overdue tasks per 100 open deals"),
        OVERDUE,
        (OPEN,),
        gettext_lazy("overdue tasks per 100 open deals at the week’s end"),
    ),
    "lost": Measure(
        gettext_lazy("Lost among closed deals"),
        LOST,
        (WON, LOST),
        gettext_lazy("% of closed deals"),
        is_share=True,
    ),
    "leak": Measure(
        gettext_lazy("Lost deals per 100 deal-days"),
        LOST,
        (DAYS,),
        gettext_lazy("lost deals per 100 deal-days"),
        of_days=True,
    ),
}


def list_parts(facts: Sequence[Fact], measure: Measure, by: str) -> list[Part]:
    """By rules the base is everybody's work, whatever the rule."""
    parts: list[Part] = []
    base_of_week: dict[date, float] = defaultdict(float)
    rules = set()
    for fact in facts:
        top = float(fact.n) if fact.measure == measure.top else 0.0
        base = base_of(fact, measure)
        if by == "rules":
            base_of_week[fact.week] += base
            if top:
                rules.add(fact.rule)
                parts.append(Part(fact.week, fact.rule, top, 0.0))
        else:
            parts.append(Part(fact.week, fact.manager if by == "people" else fact.stage, top, base))
    return parts + [Part(week, rule, 0.0, base) for rule in rules for week, base in base_of_week.items()]


def base_of(fact: Fact, measure: Measure) -> float:
    if fact.measure not in measure.base:
        return 0.0
    return float(fact.amount) if measure.of_days else float(fact.n)
