"""A statement's facts with something changed, and the pay that they make. Touches nothing."""

import dataclasses
from collections.abc import Collection, Mapping
from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from kpi.calculation.component import Inputs
from kpi.calculation.evaluation import evaluate, sum_lines
from kpi.calculation.rounding import ZERO
from kpi.measures import read_measure
from kpi.month_facts import Facts, Score, Spent, add_scores, add_spent
from kpi.pay_schemes import PayScheme
from qc import queries as judgement
from qc.queries import RuleScore, TimeScore

COUNTS_IN_MONEY = "money"  # the mode of a rule
Wins = dict[int, Decimal]  # deal → amount


def settle(facts: Facts, counted: Mapping[str, Mapping[int, Decimal]], scheme: PayScheme) -> Facts:
    """The facts with these deals for their sums of sales."""
    wins = {**(facts.wins or {}), **{name: dict(rows) for name, rows in counted.items()}}
    sums = {name: sum(rows.values(), ZERO) for name, rows in counted.items() if name in scheme.measures}
    return replace(facts, wins=wins, measures=facts.measures | sums)


def without_owed(scheme: PayScheme) -> PayScheme:
    """The scheme without advances that are returned and what was taken back: a correction of a closed month moves no
    later one, so what its lines have made somebody owe would hide what the month has brought."""
    parts = tuple(one for one in scheme.components if not one.is_owed)
    return dataclasses.replace(scheme, components=parts)


def judge_facts(facts: Facts, scheme: PayScheme) -> Facts:
    """The facts with the measures that follow from the scores of the rules: quality and kept rules."""
    earlier = {
        length: replace(
            one,
            before=replace(
                one.before,
                values=one.before.values
                | _judge(scheme, add_scores(one.rules, facts.rules), add_spent(one.times, facts.times)),
            ),
        )
        for length, one in facts.earlier.items()
    }
    derived = _judge(scheme, facts.rules, facts.times)
    return replace(facts, measures=facts.measures | derived, earlier=earlier)


def _judge(
    scheme: PayScheme, rules: Mapping[str, Score], times: Mapping[str, Spent]
) -> dict[str, Decimal | None]:
    scores = [RuleScore(rule, one.weight, one.violations, one.opportunities) for rule, one in rules.items()]
    derived: dict[str, Decimal | None] = {}
    for measure in map(read_measure, scheme.measures):
        if measure.is_quality:
            derived[measure.name] = score_time(times) if measure.by_time else judgement.score(scores)
        elif measure.kept:
            derived[measure.name] = _kept(measure.code, scores)
    return derived


def score_time(times: Mapping[str, Spent]) -> Decimal | None:
    """Quality by time, 0…100; None when nothing was demanded."""
    return judgement.time_score(
        TimeScore(rule, one.weight, timedelta(seconds=one.broken), timedelta(seconds=one.demanded), one.deals)
        for rule, one in times.items()
    )


def break_rules(facts: Facts, scheme: PayScheme, more: Mapping[str, tuple[int, int]]) -> Facts | None:
    """The facts with so many more (violations, opportunities) of each rule; less is below zero.

    None when the statement does not know the weight of such a rule.
    """
    rules = dict(facts.rules)
    for rule, (violations, opportunities) in more.items():
        before = rules.get(rule)
        weight = before.weight if before else facts.weights.get(rule)
        if weight is None:
            return None
        could = max((before.opportunities if before else 0) + opportunities, 0)
        broke = (before.violations if before else 0) + violations
        rules[rule] = Score(weight, min(max(broke, 0), could), could)
    return judge_facts(
        replace(facts, rules={rule: one for rule, one in rules.items() if one.opportunities}), scheme
    )


def compute_pay(facts: Facts, scheme: PayScheme) -> Decimal:
    """The total of the statement that these facts make."""
    return pay_inputs(take_inputs(facts), scheme)


def pay_inputs(inputs: Inputs, scheme: PayScheme) -> Decimal:
    return sum_lines(evaluate(scheme.components, inputs))


def take_inputs(facts: Facts) -> Inputs:
    """The facts as the components take them."""
    deals = {name: len(wins) for name, wins in (facts.wins or {}).items()}
    before = {length: one.before for length, one in facts.earlier.items()}
    return Inputs(
        facts.measures,
        facts.quota,
        facts.shifts.planned,
        facts.shifts.worked,
        deals,
        before,
        facts.carried,
        facts.returns,
        facts.person,
        facts.month,
    )


def _kept(rule: str, scores: Collection[RuleScore]) -> Decimal | None:
    """The share of the rule's opportunities that were kept; not known without any."""
    score = next((score for score in scores if score.rule == rule), None)
    if score is None or not score.opportunities:
        return None
    return 1 - Decimal(score.violations) / score.opportunities
