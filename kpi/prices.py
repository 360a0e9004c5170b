"""The price of a finding: the statement without it minus the statement with it. Reads, and writes nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Protocol

from msgspec.structs import replace

from core import moment
from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.calculation.rounding import ZERO
from kpi.ladder import change_times, find_quality
from kpi.models import Statement
from kpi.pay_schemes import read_scheme
from kpi.payees import read_payees
from kpi.what_if import COUNTS_IN_MONEY, break_rules, compute_pay
from pipelines.models import Stay
from qc import first_times
from qc import queries as judgement
from qc.rules import CALENDAR, CLIENT, OWN, RULES, VISIT
from team.clock import Clocks
from team.schedules import load_clocks


class FindingLike(Protocol):
    """What of a finding its price depends on."""

    @property
    def pk(self) -> int: ...
    @property
    def rule(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def deal_id(self) -> int | None: ...
    @property
    def stage_id(self) -> str | None: ...
    @property
    def manager_id(self) -> int | None: ...
    @property
    def opens_at(self) -> datetime: ...
    @property
    def closes_at(self) -> datetime | None: ...
    @property
    def disputed_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Asked:
    """A finding as it is priced, with a beginning of its own."""

    pk: int
    rule: str
    mode: str
    deal_id: int | None
    stage_id: str | None
    manager_id: int | None
    opens_at: datetime
    closes_at: datetime | None
    disputed_at: datetime | None


def open_later(finding: FindingLike, opens_at: datetime) -> Asked:
    """The finding as if it had opened only then."""
    names = (one.name for one in fields(Asked) if one.name != "opens_at")
    return Asked(**{name: getattr(finding, name) for name in names}, opens_at=opens_at)


def finding_prices(findings: Iterable[FindingLike]) -> dict[int, Decimal | None]:
    """What each finding costs its manager in a month: the statement without it minus the statement with it.

    The month is the present one while the finding is open, and that of its opening otherwise; of one that has not
    opened yet it is what the finding will cost. Zero when it is free as the first of its month (what it costs from the
    next one on is that month's), when its rule does not count in money, or when quality does not
    count it in that month (the deal was given away before). None is not known: there is no statement of that month
    yet. Of a disputed one it is what it would cost, were the appeal refused. Three queries, however many findings; two
    more where amoCRM users are paid under another one.
    """
    now, told = moment.now(), list(findings)
    free = first_times.find_noted(told)
    wanted = [open_later(one, free[one.pk]) if one.pk in free else one for one in told]
    periods = {month_in(finding, now).first for finding in wanted}
    managers = {finding.manager_id for finding in wanted if finding.manager_id is not None}
    rows = Statement.objects.filter(period__in=periods).select_related("scheme")
    kept, owners = list(rows.filter(manager__in=managers)), dict[int, int]()
    paid = {finding.manager_id for finding in wanted if finding.mode == COUNTS_IN_MONEY}
    if others := (managers & paid) - {row.manager_id for row in kept}:
        owners = _find_owners(others, now)
        kept += rows.filter(manager__in=set(owners.values()) - managers)
    counted = held(wanted, now)
    return priced(wanted, kept, counted, now, owners) | {
        one.pk: ZERO for one in told if one.pk in free and _is_free(one, free[one.pk], now)
    }


def _is_free(finding: FindingLike, until: datetime, now: datetime) -> bool:
    """Whether it has cost nothing so far and, if it was mended in time, never will."""
    return now < until or (finding.closes_at is not None and finding.closes_at <= until)


def _find_owners(users: Iterable[int], now: datetime) -> dict[int, int]:
    """Under which main amoCRM user the work of these others is paid now; one query."""
    payees = read_payees(month_of(now, portal_zone()))
    found = {user: payees.whose(user, now.astimezone(portal_zone()).date()) for user in users}
    return {user: person for user, person in found.items() if person is not None and person != user}


def priced(
    findings: Iterable[FindingLike],
    statements: Iterable[Statement],
    counted: Collection[int],
    now: datetime,
    owners: Mapping[int, int] | None = None,
) -> dict[int, Decimal | None]:
    """The same with the statements at hand; ``counted`` are keys of findings that quality can count.

    ``owners``: the main amoCRM users under whom the findings of others are paid.
    """
    by_month = {(row.manager_id, row.period): row for row in statements}
    clocks: Clocks | None = None
    known: dict[tuple[int, str, bool, bool], Decimal | None] = {}
    totals: dict[int, Decimal] = {}  # of statements, as their facts make them
    prices: dict[int, Decimal | None] = {}
    is_by_time = cache(_is_by_time)
    for finding in findings:
        person = (owners or {}).get(finding.manager_id or 0, finding.manager_id or 0)
        statement = by_month.get((person, month_in(finding, now).first))
        if statement is None:
            prices[finding.pk] = None
        elif finding.mode != COUNTS_IN_MONEY or finding.pk not in counted:
            prices[finding.pk] = ZERO
        elif is_by_time(statement):
            clocks = clocks or load_clocks({row.manager_id for row in by_month.values()})
            prices[finding.pk] = _price_of_time(statement, finding, clocks)
        else:
            disputed = finding.disputed_at is not None
            case = (statement.pk, finding.rule, _is_counted(finding, statement), disputed)
            if case not in known:
                if statement.pk not in totals:
                    totals[statement.pk] = compute_pay(statement.facts, read_scheme(statement.scheme))
                known[case] = _price(
                    statement, totals[statement.pk], finding.rule, counted=case[2], is_occasion=disputed
                )
            prices[finding.pk] = known[case]
    return prices


def held(findings: Collection[FindingLike], now: datetime) -> set[int]:
    """Those that quality can count against their manager in their month: he owned the deal in a part of it.

    Keys of findings; one query.
    """
    pieces: dict[tuple[int | None, int | None], list[tuple[str, datetime | None]]] = defaultdict(list)
    stays = Stay.objects.filter(
        deal__in={finding.deal_id for finding in findings},
        manager__in={finding.manager_id for finding in findings if finding.manager_id is not None},
    )
    for manager, deal, stage, left_at in stays.values_list("manager", "deal", "stage", "left_at"):
        pieces[manager, deal].append((stage, left_at))
    return {
        finding.pk
        for finding in findings
        if judgement.occasion(finding.rule) in OWN
        or any(
            (left_at is None or left_at > month_in(finding, now).start)
            and (judgement.occasion(finding.rule) != VISIT or stage == finding.stage_id)
            for stage, left_at in pieces[finding.manager_id, finding.deal_id]
        )
    }


def month_in(finding: FindingLike, now: datetime) -> Period:
    """The month that the finding costs money in."""
    is_open = finding.opens_at < now and (finding.closes_at is None or finding.closes_at > now)
    return month_of(now if is_open else finding.opens_at, portal_zone())


def _is_counted(finding: FindingLike, statement: Statement) -> bool:
    """Whether the statement was computed with it: it had opened, and nobody had objected."""
    disputed = finding.disputed_at is not None and finding.disputed_at < statement.computed_at
    return finding.opens_at < statement.computed_at and not disputed


def _is_by_time(statement: Statement) -> bool:
    measure = find_quality(read_scheme(statement.scheme)) if statement.inputs else None
    return measure is not None and measure.by_time


def _price_of_time(statement: Statement, finding: FindingLike, clocks: Clocks) -> Decimal:
    """What it takes by standing: up to its end, or while it has none, up to the end of the month."""
    period, facts, scheme = (
        month_of(statement.period, portal_zone()),
        statement.facts,
        read_scheme(statement.scheme),
    )
    spent = facts.times.get(finding.rule)
    if spent is None:
        return ZERO
    kind = RULES[finding.rule].clock
    clock = clocks.client if kind == CLIENT else clocks.calendar
    if kind not in (CLIENT, CALENDAR):
        clock = clocks.owner(finding.manager_id)
    edges = period.start, statement.computed_at, period.end
    opens_at, closes_at = finding.opens_at, finding.closes_at or period.end
    past, ahead = (
        int(clock.worked(max(opens_at, start), min(closes_at, end)).total_seconds())
        if max(opens_at, start) < min(closes_at, end)
        else 0
        for start, end in zip(edges, edges[1:], strict=False)
    )
    if not _is_counted(finding, statement):  # what lies behind is not in the facts
        ahead, past = ahead + past, 0
    with_it = replace(spent, broken=min(spent.broken + ahead, spent.demanded + ahead))
    without = replace(spent, broken=max(spent.broken - past, 0))
    pays = [
        compute_pay(change_times(facts, {**facts.times, finding.rule: one}, scheme), scheme)
        for one in (without, with_it)
    ]
    return pays[0] - pays[1]


def _price(
    statement: Statement, total: Decimal, rule: str, *, counted: bool, is_occasion: bool
) -> Decimal | None:
    """``total``: of the statement's facts; ``counted``: it was computed with the finding in it; ``is_occasion``: with
    its occasion, at least."""
    facts, scheme = statement.facts, read_scheme(statement.scheme)
    if counted:
        other = break_rules(facts, scheme, {rule: (-1, 0)}) if rule in facts.rules else facts
    else:  # a task that is not due yet is no opportunity yet
        new = (judgement.occasion(rule) in OWN and not is_occasion) or rule not in facts.rules
        other = break_rules(facts, scheme, {rule: (1, int(new))})
    if other is None:
        return None
    difference = compute_pay(other, scheme) - total
    return difference if counted else -difference
