"""What another mode or weight of a rule would do to the money of a month; writes nothing."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from core.periods import Period
from kpi.ladder import find_quality
from kpi.measurement import add_times
from kpi.models import Statement
from kpi.month_facts import Facts, Score, Spent
from kpi.pay_schemes import PayScheme, read_scheme
from kpi.payees import read_payees
from kpi.what_if import COUNTS_IN_MONEY, compute_pay, judge_facts
from qc.switch_backtest import SwitchTrial
from team.schedules import load_clocks


def try_switch(trial: SwitchTrial, months: Collection[Period]) -> list[dict[int, Decimal]]:
    """Of each month, by whom it is paid to: the total with the rule as tried all month, less what it computes.

    The present month and the one before can be asked for; a closed one is by its frozen facts, corrections left aside.
    """
    rows = Statement.objects.filter(period__in=[month.first for month in months]).exclude(inputs={})
    kept: dict[date, dict[int, tuple[PayScheme, Facts]]] = defaultdict(dict)
    for row in rows.select_related("scheme"):
        kept[row.period][row.manager_id] = read_scheme(row.scheme), row.facts
    return [_try_month(trial, month, kept[month.first]) for month in months]


def _try_month(
    trial: SwitchTrial, period: Period, kept: Mapping[int, tuple[PayScheme, Facts]]
) -> dict[int, Decimal]:
    scores: dict[int, Score] = {}
    times: dict[int, Spent] = {}
    if trial.begins and trial.switch.mode == COUNTS_IN_MONEY:
        by_time = {person for person, (scheme, _facts) in kept.items() if _is_by_time(scheme)}
        scores, times = _measure(trial, period, kept.keys(), by_time)
    found = {}
    for person, (scheme, facts) in kept.items():
        changed = _switch(facts, trial, scores.get(person), times.get(person), scheme)
        found[person] = compute_pay(changed, scheme) - compute_pay(facts, scheme)
    return found


def _is_by_time(scheme: PayScheme) -> bool:
    measure = find_quality(scheme)
    return measure is not None and measure.by_time


def _switch(
    facts: Facts, trial: SwitchTrial, score: Score | None, spent: Spent | None, scheme: PayScheme
) -> Facts:
    """The facts with the rule by the switch. One that goes on counting is weighed anew, as it was counted."""
    rule, rules, times = trial.switch.rule, dict(facts.rules), dict(facts.times)
    was, lasted = rules.pop(rule, None), times.pop(rule, None)
    if trial.switch.mode == COUNTS_IN_MONEY and not trial.begins:
        score = None if was is None else replace(was, weight=trial.switch.weight)
        spent = None if lasted is None else replace(lasted, weight=trial.switch.weight)
    if score is not None:
        rules[rule] = score
    if spent is not None:
        times[rule] = spent
    return judge_facts(replace(facts, rules=rules, times=times), scheme)


def _measure(
    trial: SwitchTrial, period: Period, people: Collection[int], by_time: Collection[int]
) -> tuple[dict[int, Score], dict[int, Spent]]:
    """The rule alone, of all amoCRM users of each person together; by time of those who are paid by it."""
    scores: dict[int, Score] = {}
    times: dict[int, dict[str, Spent]] = {}
    weight = trial.switch.weight
    for span, users in read_payees(period).windows(people):
        for user, one in trial.ledger.scores_in(span, users).items():
            before = scores.get(users[user], Score(weight, 0, 0))
            scores[users[user]] = Score(
                weight, before.violations + one.violations, before.opportunities + one.opportunities
            )
        timed = {user for user, person in users.items() if person in by_time}
        if timed:
            for user, lasted in trial.ledger.times_in(span, timed, load_clocks(timed)).items():
                add_times(times.setdefault(users[user], {}), [lasted])
    return scores, {person: one for person, by_rule in times.items() for one in by_rule.values()}
