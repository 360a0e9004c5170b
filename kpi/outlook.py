"""What would change a statement: the pace until the end of the month, the next step, the price of a finding.

Everything here evaluates the frozen formulas on the statement's own kept inputs with something changed, and touches
nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from kpi import inputs, plans
from kpi.formulas import rates
from kpi.formulas.components import Coefficient, Inputs, Rate
from kpi.formulas.pay import Line, evaluate, total
from kpi.formulas.rounding import ZERO, kopecks
from kpi.inputs import Facts
from kpi.models import Scheme, Statement
from kpi.sentences import money, percent, signed
from kpi.shown import COUNTS_IN_MONEY
from salesops.lib import moment
from salesops.lib.periods import month_of

TZ = ZoneInfo(settings.TIME_ZONE)
MORE_SALES = Decimal(10_000)
SPREAD = 1.2816  # standard deviations: four months of five end inside


class FindingLike(Protocol):
    """What of a finding its price depends on."""

    @property
    def pk(self) -> int: ...
    @property
    def rule(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def manager_id(self) -> int | None: ...
    @property
    def opens_at(self) -> datetime: ...
    @property
    def closes_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Forecast:
    """The total at the end of the month at the present pace by shifts, and the range that holds four times of five."""

    total: Decimal
    low: Decimal | None
    high: Decimal | None

    def __str__(self) -> str:
        words = {"total": money(self.total)}
        if self.low is None or self.high is None:
            return _("at the present pace %(total)s by the end of the month") % words
        words |= {"low": money(self.low), "high": money(self.high)}
        return _("at the present pace %(total)s by the end of the month (from %(low)s to %(high)s)") % words


@dataclass(frozen=True)
class NextStep:
    """What is near: the next tier, what more sales bring, what a point of quality is worth. None = does not apply."""

    gap: Decimal | None
    rate: Decimal | None
    per_sales: Decimal | None
    per_point: Decimal | None

    @property
    def sentences(self) -> list[str]:
        return list(self._sentences())

    def _sentences(self) -> Iterator[str]:
        if self.gap is not None and self.rate is not None:
            yield _("%(gap)s more to the rate of %(rate)s") % {
                "gap": money(self.gap),
                "rate": percent(self.rate),
            }
        if self.per_sales:
            yield _("the next %(sales)s of sales = %(pay)s") % {
                "sales": money(MORE_SALES),
                "pay": signed(self.per_sales),
            }
        if self.per_point:
            yield _("1 point of quality = %(pay)s") % {"pay": money(self.per_point)}


def what_if(statement: Statement, changes: Mapping[str, Decimal]) -> list[Line]:
    """The statement's lines with some measures («won_sum») changed."""
    return evaluate(_plan(statement).components, _changed(inputs.read(statement.inputs), changes))


def next_step(statement: Statement) -> NextStep:
    """By the scheme and the facts of the statement; each value is the statement after minus the statement before."""
    plan, given = _plan(statement), inputs.read(statement.inputs)
    now = total(evaluate(plan.components, given))
    gap, tier = None, None
    rate = next((item for item in plan.components if isinstance(item, Rate) and item.scale != "flat"), None)
    sold = given.measure(plan.sales) if plan.sales else None
    if rate is not None and sold is not None and given.quota:
        gap, tier = rates.gap(sold, given.quota, rate.tiers) or (None, None)
    per_sales = per_point = None
    if plan.sales and sold is not None:
        more = _changed(given, {plan.sales: sold + MORE_SALES})
        per_sales = total(evaluate(plan.components, more)) - now
    coefficient = next((item for item in plan.components if isinstance(item, Coefficient)), None)
    score = given.measure(coefficient.measure) if coefficient else None
    if coefficient is not None and score is not None:
        better = _changed(given, {coefficient.measure: score + 1})
        per_point = total(evaluate(plan.components, better)) - now
    return NextStep(gap, tier.rate if tier else None, per_sales, per_point)


def forecast(statement: Statement) -> Forecast | None:
    """None when the month is over or closed, and while no shift is worked or none is left."""
    over = month_of(statement.period, TZ).end <= moment.now()
    if over or statement.status == Statement.Status.CLOSED:
        return None
    plan, given = _plan(statement), inputs.read(statement.inputs)
    left = statement.inputs["shifts"]["left"]
    sold = given.measure(plan.sales) if plan.sales else None
    if not given.worked or not left or sold is None or not plan.sales:
        return None
    shifts = given.worked + left

    def ending(sales: Decimal) -> Decimal:
        return total(evaluate(plan.components, _changed(given, {str(plan.sales): kopecks(sales)}, shifts)))

    expected = sold * shifts / given.worked
    ahead = ending(expected)
    spread = _spread([Decimal(amount) for amount in statement.inputs["days"].values()], given.worked, left)
    if not spread:
        return Forecast(ahead, None, None)
    return Forecast(ahead, ending(max(sold, expected - spread)), ending(expected + spread))


def finding_prices(findings: Iterable[FindingLike]) -> dict[int, Decimal | None]:
    """What each finding costs its manager in a month: the statement without it minus the statement with it.

    The month is the present one while the finding is open, and that of its opening otherwise; of one that has not
    opened yet it is what the finding will cost. Zero when its rule does not count in money; None when there is no
    statement. One query, however many findings.
    """
    wanted, now = list(findings), moment.now()
    months = {finding.pk: _month(finding, now) for finding in wanted}
    kept = Statement.objects.filter(
        manager__in={finding.manager_id for finding in wanted}, period__in=set(months.values())
    ).select_related("scheme")
    statements: dict[tuple[int | None, date], Statement] = {(row.manager_id, row.period): row for row in kept}
    known: dict[tuple[int, str, bool], Decimal] = {}
    prices: dict[int, Decimal | None] = {}
    for finding in wanted:
        statement = statements.get((finding.manager_id, months[finding.pk]))
        if statement is None:
            prices[finding.pk] = None
        elif finding.mode != COUNTS_IN_MONEY:
            prices[finding.pk] = ZERO
        else:
            case = (statement.pk, finding.rule, finding.opens_at <= statement.computed_at)
            if case not in known:
                known[case] = _price(statement, finding.rule, counted=case[2])
            prices[finding.pk] = known[case]
    return prices


def _month(finding: FindingLike, now: datetime) -> date:
    is_open = finding.opens_at <= now and (finding.closes_at is None or finding.closes_at > now)
    return month_of(now if is_open else finding.opens_at, TZ).first


def _price(statement: Statement, rule: str, counted: bool) -> Decimal:
    facts, plan = statement.inputs, _plan(statement)
    if rule not in facts["rules"]:
        return ZERO
    weight, violations, opportunities = facts["rules"][rule]
    step = -1 if counted else 1
    violations = min(max(violations + step, 0), opportunities)
    other: Facts = facts | {"rules": facts["rules"] | {rule: [weight, violations, opportunities]}}
    pay = [
        total(evaluate(plan.components, inputs.read(case))) for case in (inputs.judged(other, plan), facts)
    ]
    return pay[0] - pay[1] if counted else pay[1] - pay[0]


def _spread(days: list[Decimal], worked: int, left: int) -> Decimal | None:
    """How far the sales of the shifts left may lie from their mean, taking shifts as alike and independent."""
    if worked < 2:
        return None
    mean = sum(days, ZERO) / worked
    squares = sum(((day - mean) ** 2 for day in days), ZERO) + max(worked - len(days), 0) * mean**2
    return (squares / (worked - 1) * left).sqrt() * Decimal(str(SPREAD))


def _changed(given: Inputs, changes: Mapping[str, Decimal], worked: int | None = None) -> Inputs:
    measures: dict[str, Any] = {**given.measures, **changes}
    return replace(given, measures=measures, worked=given.worked if worked is None else worked)


def _plan(statement: Statement) -> plans.Plan:
    return _parsed(statement.scheme)


@lru_cache(maxsize=64)
def _parsed(scheme: Scheme) -> plans.Plan:
    """A scheme's version never changes, so it is read once."""
    return plans.parse(scheme.document)
