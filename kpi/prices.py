"""The price of a finding: the statement without it minus the statement with it. Reads, and writes nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from core import moment
from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.calculation.rounding import ZERO
from kpi.models import Statement
from kpi.pay_schemes import read_scheme
from kpi.what_if import COUNTS_IN_MONEY, break_rules, compute_pay
from pipelines.models import Stay
from qc import queries as judgement
from qc.rules import TASK, VISIT


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


def finding_prices(findings: Iterable[FindingLike]) -> dict[int, Decimal | None]:
    """What each finding costs its manager in a month: the statement without it minus the statement with it.

    The month is the present one while the finding is open, and that of its opening otherwise; of one that has not
    opened yet it is what the finding will cost. Zero when its rule does not count in money, or when quality does not
    count it in that month (the deal was given away before). None is not known: there is no statement of that month
    yet. Two queries, however many findings.
    """
    wanted, now = list(findings), moment.now()
    kept = Statement.objects.filter(
        manager__in={finding.manager_id for finding in wanted},
        period__in={month_in(finding, now).first for finding in wanted},
    ).select_related("scheme")
    counted = held(wanted, now)
    return priced(wanted, kept, counted, now)


def priced(
    findings: Iterable[FindingLike], statements: Iterable[Statement], counted: Collection[int], now: datetime
) -> dict[int, Decimal | None]:
    """The same with the statements at hand; ``counted`` are keys of findings that quality can count."""
    by_month = {(row.manager_id, row.period): row for row in statements}
    known: dict[tuple[int, str, bool], Decimal | None] = {}
    prices: dict[int, Decimal | None] = {}
    for finding in findings:
        statement = by_month.get((finding.manager_id or 0, month_in(finding, now).first))
        if statement is None:
            prices[finding.pk] = None
        elif finding.mode != COUNTS_IN_MONEY or finding.pk not in counted:
            prices[finding.pk] = ZERO
        else:
            case = (statement.pk, finding.rule, finding.opens_at < statement.computed_at)
            if case not in known:
                known[case] = _price(statement, finding.rule, counted=case[2])
            prices[finding.pk] = known[case]
    return prices


def held(findings: Collection[FindingLike], now: datetime) -> set[int]:
    """Those that quality can count against their manager in their month: he owned the deal in a part of it.

    Keys of findings; one query.
    """
    pieces: dict[tuple[int | None, int | None], list[Stay]] = defaultdict(list)
    for piece in Stay.objects.filter(
        deal__in={finding.deal_id for finding in findings},
        manager__in={finding.manager_id for finding in findings if finding.manager_id is not None},
    ):
        pieces[piece.manager_id, piece.deal_id].append(piece)
    return {
        finding.pk
        for finding in findings
        if judgement.occasion(finding.rule) == TASK
        or any(
            (piece.left_at is None or piece.left_at > month_in(finding, now).start)
            and (judgement.occasion(finding.rule) != VISIT or piece.stage_id == finding.stage_id)
            for piece in pieces[finding.manager_id, finding.deal_id]
        )
    }


def month_in(finding: FindingLike, now: datetime) -> Period:
    """The month that the finding costs money in."""
    is_open = finding.opens_at < now and (finding.closes_at is None or finding.closes_at > now)
    return month_of(now if is_open else finding.opens_at, portal_zone())


def _price(statement: Statement, rule: str, counted: bool) -> Decimal | None:
    """``counted``: the statement was computed with the finding in it."""
    facts, scheme = statement.facts, read_scheme(statement.scheme)
    if counted:
        other = break_rules(facts, scheme, {rule: (-1, 0)}) if rule in facts.rules else facts
    else:  # a task that is not due yet is no opportunity yet
        new = judgement.occasion(rule) == TASK or rule not in facts.rules
        other = break_rules(facts, scheme, {rule: (1, int(new))})
    if other is None:
        return None
    difference = compute_pay(other, scheme) - compute_pay(facts, scheme)
    return difference if counted else -difference
