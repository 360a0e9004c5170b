"""Gathering the facts of a month for all managers at once: the first step of the way to pay (docs/money.md)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial

from core.periods import Period
from kpi.measures import collect_measures, read_measure
from kpi.models import Quota
from kpi.month_facts import Behind, Facts, PaidBefore, Score, Shifts, Spent
from kpi.pay_schemes import PayScheme
from kpi.payees import Payees, read_payees
from kpi.returns import collect_returns
from kpi.running_facts import collect_earlier, read_carried
from kpi.sales import Sales, collect_sales, has_team, sales_measures
from kpi.what_if import COUNTS_IN_MONEY, judge_facts
from metrics import count_held
from pipelines.models import Person
from qc import queries as judgement
from qc.models import RuleMode
from team.schedules import count_own_shifts


def collect_facts(
    schemes: Mapping[int, PayScheme],
    period: Period,
    now: datetime,
    alone: bool = False,
    again: bool = False,
) -> dict[int, Facts]:
    """The facts of every person of ``schemes``, by his scheme. The number of queries does not grow with people.

    ``alone``: without earlier months (those of quarters and years, and what came back of closed ones). ``again``: sales
    that closed months have paid count, too.
    """
    people = frozenset(schemes)
    known = judgement.known_until(now)
    payees = read_payees(period, teams=has_team(schemes.values()))
    names = {name for scheme in schemes.values() for name in scheme.measures}
    measured = collect_measures(names, people, payees, now, known)
    scores, behind = _judge(people, payees, now)
    by_time = any(read_measure(name).is_quality and read_measure(name).by_time for name in names)
    times = _judge_time(people, payees) if by_time else {}
    weights = dict(RuleMode.objects.filter(mode=COUNTS_IN_MONEY).values_list("rule", "weight"))
    quotas = dict(
        Quota.objects.filter(span=Quota.Span.MONTH, period=period.first, manager__in=people).values_list(
            "manager", "amount"
        )
    )
    sold = collect_sales(schemes, payees, again)
    earlier = {} if alone else collect_earlier(schemes, period, now, known, partial(_collect_alone, now=now))
    names_of = dict(Person.objects.filter(pk__in=people).values_list("pk", "name"))
    carried = read_carried(schemes, period.first)
    returns = {} if alone else collect_returns(schemes, period)
    worked = count_own_shifts(people, period.first, period.last, now.astimezone(period.start.tzinfo).date())
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
            rules=scores[person],
            times=times.get(person, {}),
            known_until=known,
            weights=weights,
            findings=dict(behind[person]),
            days=dict(sorted(days.items())),
            wins={name: one.wins for name, one in own.items()},
            paid=list(dict.fromkeys(_paid(own.values()))),
            earlier=earlier.get(person, {}),
            carried=carried.get(person, {}),
            returns=returns.get(person, {}),
            name=names_of.get(person, ""),
            person=person,
            month=period.first,
        )
        found[person] = judge_facts(facts, scheme)
    return found


def _collect_alone(schemes: Mapping[int, PayScheme], period: Period, now: datetime) -> dict[int, Facts]:
    return collect_facts(schemes, period, now, alone=True)


def _judge(
    people: frozenset[int], payees: Payees, now: datetime
) -> tuple[dict[int, dict[str, Score]], dict[int, dict[str, Behind]]]:
    """By person and rule, of all amoCRM users of a person together."""
    scores: dict[int, dict[str, Score]] = defaultdict(dict)
    behind: dict[int, dict[str, Behind]] = defaultdict(dict)
    for span, users in payees.windows(people):
        for user, found in judgement.quality(span, frozenset(users)).items():
            mine = scores[users[user]]
            for one in found:
                before = mine.get(one.rule, Score(one.weight, 0, 0))
                mine[one.rule] = Score(
                    one.weight, before.violations + one.violations, before.opportunities + one.opportunities
                )
        for user, rule, findings, deals in count_held(span, frozenset(users), now):
            held = behind[users[user]].get(rule, Behind(0, 0))
            behind[users[user]][rule] = Behind(held.findings + findings, held.deals + deals)
    return scores, behind


def _judge_time(people: frozenset[int], payees: Payees) -> dict[int, dict[str, Spent]]:
    found: dict[int, dict[str, Spent]] = defaultdict(dict)
    for span, users in payees.windows(people):
        for user, scores in judgement.quality_by_time(span, frozenset(users)).items():
            add_times(found[users[user]], scores)
    return found


def add_times(times: dict[str, Spent], scores: Iterable[judgement.TimeScore]) -> None:
    """Add scores of one of a person's amoCRM users to his own."""
    for one in scores:
        before = times.get(one.rule, Spent(one.weight, 0, 0, 0))
        times[one.rule] = Spent(
            one.weight,
            before.broken + int(one.broken.total_seconds()),
            before.demanded + int(one.demanded.total_seconds()),
            before.deals + one.deals,
        )


def _paid(sales: Iterable[Sales]) -> Iterator[PaidBefore]:
    for one in sales:
        for row in one.before:
            if row.paid_in is not None:
                yield PaidBefore(row.deal, row.amount, row.paid_in)
