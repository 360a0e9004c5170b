"""What the earlier months of a quarter or a year came to, for components that count by one (`kpi.calculation.running`).

A month that has a statement counts as it was kept, so a closed one is never asked again. One without is measured by
what is known now. Months before the scheme had the component, and those paid by another scheme, do not count.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Sum
from msgspec.structs import replace

import metrics
from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.calculation.component import Component
from kpi.calculation.rounding import ZERO
from kpi.calculation.running import LENGTHS, MONTH, Before, begin_period, list_months
from kpi.lines import read_line
from kpi.measures import collect_measures, read_measure
from kpi.models import Quota, Scheme, Statement, StatementLine
from kpi.month_facts import Earlier, Facts, Score, Spent, add_scores, add_spent
from kpi.pay_schemes import PayScheme, read_scheme
from kpi.payees import read_payees

Schemes = Mapping[int, PayScheme]
Collect = Callable[[Schemes, Period], Mapping[int, Facts]]


def collect_earlier(
    schemes: Schemes, period: Period, now: datetime, known: datetime, collect: Collect
) -> dict[int, dict[str, Earlier]]:
    """By person and kind of period. ``collect`` measures a month that has no statement.

    The number of queries does not grow with people; none where every component counts by the month.
    """
    running = {person: one for person, one in schemes.items() if one.longer_periods}
    if not running:
        return {}
    firsts = _find_firsts(running.values(), period.first)
    kept = _read_kept(running, firsts, period.first)
    _measure_missing(kept, running, firsts, period, collect)
    quotas = read_quotas(running, period.first)
    values = _measure_whole(running, firsts, period, now, known)
    found: dict[int, dict[str, Earlier]] = {}
    for person, scheme in running.items():
        found[person] = {}
        for length in scheme.longer_periods:
            first = firsts[scheme.code, length]
            months = [month for month in kept[person] if month.first >= first]
            earlier = sum_months(months, scheme.of_period(length), first)
            own = quotas.get((person, length), scheme.quotas.get(length))
            whole = values.get((person, length), {})
            found[person][length] = replace(earlier, before=replace(earlier.before, quota=own, values=whole))
    return found


def read_carried(schemes: Schemes, month: date) -> dict[int, dict[str, Decimal]]:
    """By person and component that carries over, what its lines of earlier months came to. One query, or none."""
    codes = {person: [one.code for one in scheme.carrying] for person, scheme in schemes.items()}
    asked = {code for owed in codes.values() for code in owed}
    found: dict[int, dict[str, Decimal]] = {person: dict.fromkeys(own, ZERO) for person, own in codes.items()}
    if not asked:
        return found
    lines = StatementLine.objects.filter(
        statement__manager__in=[person for person, own in codes.items() if own],
        statement__period__lt=month,
        code__in=asked,
        author=None,
    )
    sums = lines.values_list("statement__manager", "statement__scheme__code", "code").annotate(Sum("amount"))
    for person, scheme, code, amount in sums:
        if scheme == schemes[person].code and code in found[person]:
            found[person][code] += amount
    return found


@dataclass(frozen=True)
class MonthBefore:
    """A month of a quarter or a year; ``paid`` and ``base`` by the code of a component, empty where it has none."""

    first: date
    facts: Facts
    paid: Mapping[str, Decimal] = field(default_factory=dict)
    base: Mapping[str, Decimal] = field(default_factory=dict)


def _find_firsts(schemes: Iterable[PayScheme], month: date) -> dict[tuple[str, str], date]:
    """From which month on a scheme's period counts: its beginning, or that of the first version that counts by it."""
    codes = {scheme.code: scheme for scheme in schemes}
    begun: dict[tuple[str, str], date] = {}
    for row in Scheme.objects.filter(code__in=codes, effective_from__lte=month).order_by("effective_from"):
        for length in read_scheme(row).longer_periods & codes[row.code].longer_periods:
            begun.setdefault((row.code, length), row.effective_from)
    return {
        (code, length): max(begin_period(month, length), begun.get((code, length), date.min))
        for code, scheme in codes.items()
        for length in scheme.longer_periods
    }


def _read_kept(
    schemes: Schemes, firsts: Mapping[tuple[str, str], date], month: date
) -> dict[int, list[MonthBefore]]:
    found: dict[int, list[MonthBefore]] = {person: [] for person in schemes}
    rows = Statement.objects.filter(
        manager__in=schemes, period__gte=min(firsts.values()), period__lt=month
    ).select_related("scheme")
    for row in rows.prefetch_related("lines").order_by("period"):
        paid: dict[str, Decimal] = defaultdict(Decimal)
        base: dict[str, Decimal] = defaultdict(Decimal)
        own = row.scheme.code == schemes[row.manager_id].code
        for line in row.lines.all() if own else ():
            if running := read_line(line.values).running:
                paid[line.code] += line.amount
                base[line.code] += running.base
        found[row.manager_id].append(MonthBefore(row.period, row.facts if own else Facts(), paid, base))
    return found


def _measure_missing(
    kept: dict[int, list[MonthBefore]],
    schemes: Schemes,
    firsts: Mapping[tuple[str, str], date],
    period: Period,
    collect: Collect,
) -> None:
    missing: dict[date, dict[int, PayScheme]] = defaultdict(dict)
    for person, scheme in schemes.items():
        first = min(firsts[scheme.code, length] for length in scheme.longer_periods)
        there = {month.first for month in kept[person]}
        for month in list_months(first, period.first):
            if month not in there:
                missing[month][person] = scheme
    for month, people in missing.items():
        for person, facts in collect(people, month_of(month, portal_zone())).items():
            kept[person].append(MonthBefore(month, facts))


def read_quotas(schemes: Schemes, month: date) -> dict[tuple[int, str], Decimal]:
    """A person's own plans: of the period, or the sum of those of all its months."""
    lengths = {length for scheme in schemes.values() for length in scheme.longer_periods}
    found: dict[tuple[int, str], Decimal] = {}
    months: dict[tuple[int, str], list[Decimal]] = defaultdict(list)
    first = min(begin_period(month, length) for length in lengths)
    until = first.replace(year=first.year + 1)
    rows = Quota.objects.filter(manager__in=schemes, period__gte=first, period__lt=until)
    for person, span, begins, amount in rows.values_list("manager", "span", "period", "amount"):
        for length in lengths:
            if span == length and begins == begin_period(month, length):
                found[person, length] = amount
            elif span == MONTH and begin_period(begins, length) == begin_period(month, length):
                months[person, length].append(amount)
    for key, amounts in months.items():
        if len(amounts) == LENGTHS[key[1]]:
            found.setdefault(key, sum(amounts, ZERO))
    return found


def _measure_whole(
    schemes: Schemes,
    firsts: Mapping[tuple[str, str], date],
    period: Period,
    now: datetime,
    known: datetime,
) -> dict[tuple[int, str], dict[str, Decimal | None]]:
    """Measures that cannot be added up month by month (a win rate, a median), of the whole period so far."""
    wanted: dict[tuple[date, str], tuple[set[str], set[int]]] = defaultdict(lambda: (set(), set()))
    for person, scheme in schemes.items():
        for length in scheme.longer_periods:
            names = [
                name
                for one in scheme.of_period(length)
                for name in one.measures
                if not _adds_up(name) and not _is_judged(name)
            ]
            if names:
                asked, people = wanted[firsts[scheme.code, length], length]
                asked.update(names)
                people.add(person)
    found: dict[tuple[int, str], dict[str, Decimal | None]] = defaultdict(dict)
    for (first, length), (asked, people) in wanted.items():
        start = month_of(first, portal_zone()).start
        payees = read_payees(Period(start, period.end, f"{first.isoformat()}/{period.label}"))
        for name, by in collect_measures(asked, frozenset(people), payees, now, known).items():
            for person in people:
                found[person, length][name] = by[person]
    return found


def _adds_up(name: str) -> bool:
    measure = read_measure(name)
    return not _is_judged(name) and (measure.is_sales or metrics.METRICS[measure.code].empty is not None)


def _is_judged(name: str) -> bool:
    measure = read_measure(name)
    return measure.kept or measure.is_quality


def sum_months(months: Iterable[MonthBefore], components: Sequence[Component], first: date) -> Earlier:
    """What these months of a period that counts from the day ``first`` came to, without its plan. Asks nobody."""
    names = {name for one in components for name in one.measures if _adds_up(name)}
    sums: dict[str, Decimal | None] = dict.fromkeys(names, ZERO)
    paid, base = (dict.fromkeys((one.code for one in components), ZERO) for _ in range(2))
    deals: Counter[str] = Counter()
    rules: dict[str, Score] = {}
    times: dict[str, Spent] = {}
    planned = worked = 0
    for month in months:
        facts = month.facts
        planned, worked = planned + facts.shifts.planned, worked + facts.shifts.worked
        for name in names:
            value, so_far = facts.measures.get(name, ZERO), sums[name]
            sums[name] = None if value is None or so_far is None else so_far + value
            deals[name] += len((facts.wins or {}).get(name, ()))
        for code in paid:
            paid[code] += month.paid.get(code, ZERO)
            base[code] += month.base.get(code, ZERO)
        rules = add_scores(rules, facts.rules)
        times = add_spent(times, facts.times)
    before = Before(
        since=first, planned=planned, worked=worked, sums=sums, deals=dict(deals), paid=paid, base=base
    )
    return Earlier(before, rules, times)
