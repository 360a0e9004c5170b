"""What statements are computed from: the facts of a month for all managers at once, kept with each statement as JSON.

``{"measures": {name: number}, "quota": …, "quota_of": "manager" or "scheme", "shifts": {"planned", "worked", "left"},
"rules": {rule: [weight, violations, opportunities]}, "findings": {rule: [findings, deals]}, "days": {day: sales}}``.
Numbers are text; null is not known.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kpi.formulas.components import Inputs
from kpi.measures import Measure, gather
from kpi.metrics import UnknownField, held_by_rule, won_by_day
from kpi.models import Quota
from kpi.plans import Plan
from qc import queries as judgement
from qc.queries import RuleScore
from salesops.lib.periods import Period
from team.queries import shifts

Facts = dict[str, Any]


def collect(plans: Mapping[int, Plan], period: Period, now: datetime) -> dict[int, Facts]:
    """The facts of every person of ``plans``, by his plan. The number of queries does not grow with people."""
    people = frozenset(plans)
    measured = gather({name for plan in plans.values() for name in plan.measures}, period, people, now)
    scores = judgement.quality(period, people)
    behind: dict[int, dict[str, list[int]]] = defaultdict(dict)
    for person, rule, findings, deals in held_by_rule(period, people, now):
        behind[person][rule] = [findings, deals]
    quotas = dict(
        Quota.objects.filter(period=period.first, manager__in=people).values_list("manager", "amount")
    )
    days = _days(plans, period)
    worked = shifts(people, period.first, period.last, now.astimezone(period.start.tzinfo).date())
    found = {}
    for person, plan in plans.items():
        quota = quotas.get(person, plan.quota)
        facts: Facts = {
            "measures": {name: _text(measured[name][person]) for name in plan.measures if name in measured},
            "quota": _text(quota),
            "quota_of": None if quota is None else "manager" if person in quotas else "scheme",
            "shifts": worked[person]._asdict(),
            "rules": {score.rule: list(score[1:]) for score in scores.get(person, [])},
            "findings": behind[person],
            "days": {day.isoformat(): str(amount) for day, amount in sorted(days[person].items())},
        }
        found[person] = judged(facts, plan)
    return found


def judged(facts: Facts, plan: Plan) -> Facts:
    """The facts with the measures that follow from the scores of the rules: quality and kept rules."""
    scores = [RuleScore(rule, *numbers) for rule, numbers in facts["rules"].items()]
    derived = {}
    for measure in map(Measure.read, plan.measures):
        if measure.is_quality:
            derived[measure.name] = _text(judgement.score(scores))
        elif measure.kept:
            derived[measure.name] = _text(_kept(measure.code, scores))
    return facts | {"measures": facts["measures"] | derived}


def read(facts: Facts) -> Inputs:
    """The facts as the formulas take them."""
    measures = {name: None if value is None else Decimal(value) for name, value in facts["measures"].items()}
    quota = None if facts["quota"] is None else Decimal(facts["quota"])
    return Inputs(measures, quota, facts["shifts"]["planned"], facts["shifts"]["worked"])


def _kept(rule: str, scores: Collection[RuleScore]) -> Decimal | None:
    """The share of the rule's opportunities that were kept; not known without any."""
    score = next((score for score in scores if score.rule == rule), None)
    if score is None or not score.opportunities:
        return None
    return 1 - Decimal(score.violations) / score.opportunities


def _days(plans: Mapping[int, Plan], period: Period) -> dict[int, dict[date, Decimal]]:
    """Sales by local day, in the sum that each person's plan is about."""
    groups: dict[str, set[int]] = defaultdict(set)
    for person, plan in plans.items():
        if plan.sales is not None:
            groups[plan.sales].add(person)
    found: dict[int, dict[date, Decimal]] = defaultdict(dict)
    for name, people in groups.items():
        measure = Measure.read(name)
        if measure.code == "won_sum":
            with suppress(UnknownField):  # as in gather(): there is no data
                for person, day, amount in won_by_day(period, people, measure.options):
                    found[person][day] = amount
    return found


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)
