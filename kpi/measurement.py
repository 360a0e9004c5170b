"""Gathering the facts of a month for all managers at once: the first step of the way to pay (docs/money.md)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from core.periods import Period
from kpi.measures import collect_measures
from kpi.models import Quota
from kpi.month_facts import Behind, Facts, PaidBefore, Score, Shifts
from kpi.pay_schemes import PayScheme
from kpi.sales import Sales, collect_sales, sales_measures
from kpi.what_if import COUNTS_IN_MONEY, judge_facts
from metrics import held_by_rule
from qc import queries as judgement
from qc.models import RuleMode
from team.schedules import count_shifts


def collect_facts(schemes: Mapping[int, PayScheme], period: Period, now: datetime) -> dict[int, Facts]:
    """The facts of every person of ``schemes``, by his scheme. The number of queries does not grow with people."""
    people = frozenset(schemes)
    known = judgement.known_until(now)
    names = {name for scheme in schemes.values() for name in scheme.measures}
    measured = collect_measures(names, period, people, now, known)
    scores = judgement.quality(period, people)
    behind: dict[int, dict[str, Behind]] = defaultdict(dict)
    for person, rule, findings, deals in held_by_rule(period, people, now):
        behind[person][rule] = Behind(findings, deals)
    weights = dict(RuleMode.objects.filter(mode=COUNTS_IN_MONEY).values_list("rule", "weight"))
    quotas = dict(
        Quota.objects.filter(period=period.first, manager__in=people).values_list("manager", "amount")
    )
    sold = collect_sales(schemes, period)
    worked = count_shifts(people, period.first, period.last, now.astimezone(period.start.tzinfo).date())
    found = {}
    for person, scheme in schemes.items():
        quota = quotas.get(person, scheme.quota)
        own = {name: by[person] for name, by in sold.items() if person in by}
        days = own[scheme.sales].days if scheme.sales in own else {}
        facts = Facts(
            measures={name: measured[name][person] for name in scheme.measures if name in measured}
            | {name: own[name].total if name in own else None for name in sales_measures(scheme)},
            quota=quota,
            quota_of=None if quota is None else "manager" if person in quotas else "scheme",
            shifts=Shifts(worked[person].planned, worked[person].worked, worked[person].left),
            rota=list(worked[person].days),
            rules={score.rule: Score(*score[1:]) for score in scores.get(person, [])},
            known_until=known,
            weights=weights,
            findings=dict(behind[person]),
            days=dict(sorted(days.items())),
            wins={name: one.wins for name, one in own.items()},
            paid=list(dict.fromkeys(_paid(own.values()))),
        )
        found[person] = judge_facts(facts, scheme)
    return found


def _paid(sales: Iterable[Sales]) -> Iterator[PaidBefore]:
    for one in sales:
        for row in one.before:
            if row.paid_in is not None:
                yield PaidBefore(row.deal, row.amount, row.paid_in)
