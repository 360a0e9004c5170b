"""What statements are computed from: the facts of a month for all managers at once, kept with each statement as JSON.

``{"measures": {name: number}, "quota": …, "quota_of": "manager" or "scheme", "shifts": {"planned", "worked", "left"},
"rota": [day], "rules": {rule: [weight, violations, opportunities]}, "weights": {rule: weight}, "known_until": moment,
"findings": {rule: [findings, deals]}, "days": {day: sales}, "wins": {measure: {deal: amount}},
"paid": [{"deal", "amount", "in"}]}``. ``rota`` are the days that can be worked, ``weights`` of all rules that count in
money, ``wins`` the deals that the month pays, ``paid`` those won in it that a closed month has paid. Numbers are text;
null is not known.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.periods import Period
from kpi import sales
from kpi.formulas.components import Inputs
from kpi.formulas.pay import evaluate, total
from kpi.measures import Measure, gather
from kpi.models import Quota
from kpi.pay_schemes import Plan
from metrics import held_by_rule
from qc import queries as judgement
from qc.queries import RuleScore
from team.schedules import shifts

Facts = dict[str, Any]
COUNTS_IN_MONEY = "money"  # the mode of a rule


def collect(plans: Mapping[int, Plan], period: Period, now: datetime) -> dict[int, Facts]:
    """The facts of every person of ``plans``, by his plan. The number of queries does not grow with people."""
    people = frozenset(plans)
    known = judgement.known_until(now)
    names = {name for plan in plans.values() for name in plan.measures}
    measured = gather(names, period, people, now, known)
    scores = judgement.quality(period, people)
    behind: dict[int, dict[str, list[int]]] = defaultdict(dict)
    for person, rule, findings, deals in held_by_rule(period, people, now):
        behind[person][rule] = [findings, deals]
    weights = dict(judgement.RuleMode.objects.filter(mode=COUNTS_IN_MONEY).values_list("rule", "weight"))
    quotas = dict(
        Quota.objects.filter(period=period.first, manager__in=people).values_list("manager", "amount")
    )
    sold = sales.gather(plans, period)
    worked = shifts(people, period.first, period.last, now.astimezone(period.start.tzinfo).date())
    found = {}
    for person, plan in plans.items():
        quota = quotas.get(person, plan.quota)
        own = {name: by[person] for name, by in sold.items() if person in by}
        days = own[plan.sales].days if plan.sales in own else {}
        facts: Facts = {
            "measures": {name: _text(measured[name][person]) for name in plan.measures if name in measured}
            | {name: str(own[name].total) if name in own else None for name in sales.measures(plan)},
            "quota": _text(quota),
            "quota_of": None if quota is None else "manager" if person in quotas else "scheme",
            "shifts": {name: getattr(worked[person], name) for name in ("planned", "worked", "left")},
            "rota": [day.isoformat() for day in worked[person].days],
            "rules": {score.rule: list(score[1:]) for score in scores.get(person, [])},
            "known_until": known.isoformat(),
            "weights": weights,
            "findings": behind[person],
            "days": {day.isoformat(): str(amount) for day, amount in sorted(days.items())},
            "wins": {name: _by_deal(one.wins) for name, one in own.items()},
            "paid": [
                {"deal": row.deal, "amount": str(row.amount), "in": str(row.paid_in)}
                for one in own.values()
                for row in one.before
            ],
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


def broken(facts: Facts, plan: Plan, more: Mapping[str, tuple[int, int]]) -> Facts | None:
    """The facts with so many more (violations, opportunities) of each rule; less is below zero.

    None when the statement does not know the weight of such a rule.
    """
    rules = dict(facts["rules"])
    for rule, (violations, opportunities) in more.items():
        weight = facts["weights"].get(rule)
        weight, broke, could = rules.get(rule, (weight, 0, 0))
        if weight is None:
            return None
        could = max(could + opportunities, 0)
        rules[rule] = [weight, min(max(broke + violations, 0), could), could]
    return judged(facts | {"rules": {rule: row for rule, row in rules.items() if row[2]}}, plan)


def pay(facts: Facts, plan: Plan) -> Decimal:
    """The total of the statement that these facts make."""
    return total(evaluate(plan.components, read(facts)))


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


def _by_deal(wins: Mapping[int, Decimal]) -> dict[str, str]:
    return {str(deal): str(amount) for deal, amount in wins.items()}


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)
