"""The desk's money: the plan of the month, each manager's part in it, and sums won by day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kpi.models import Quota, Statement
from salesops.desk import blocks
from salesops.desk.scope import Scope
from salesops.desk.snapshot import Snapshot
from salesops.lib import charts, formats
from salesops.lib.periods import Period
from team.models import Employee

ON_TRACK, AT_RISK = Decimal(1), Decimal("0.8")  # of the pace; metrics.md 2.8


@dataclass(frozen=True)
class Plan:
    """Won in the month against the plan; ``passed`` is the share of the month that is over."""

    won: Decimal
    quota: Decimal | None
    passed: Decimal

    @property
    def attainment(self) -> Decimal | None:
        """won ÷ quota; null without a plan."""
        return self.won / self.quota if self.quota else None

    @property
    def pace(self) -> Decimal | None:
        """Attainment ÷ the share of the month that has passed: 1 is just on plan."""
        return self.attainment / self.passed if self.attainment is not None and self.passed else None

    @property
    def tone(self) -> str:
        if self.pace is None:
            return "neutral"
        return "good" if self.pace >= ON_TRACK else "warn" if self.pace >= AT_RISK else "bad"


@dataclass(frozen=True)
class Member:
    """A manager's month. ``total`` is None for a reader who may not see pay, ``quality`` when nothing was judged."""

    person: int
    name: str
    plan: Plan
    quality: Decimal | None
    total: Decimal | None
    findings: int

    @property
    def href(self) -> str:
        return f"{reverse('my-month')}?manager={self.person}"


def passed(month: Period, now: datetime) -> Decimal:
    share = (month.until(now) - month.start) / (month.end - month.start)
    return Decimal(str(round(max(share, 0.0), 4)))


def quotas(scope: Scope, month: Period) -> Mapping[int, Decimal]:
    """Plans of the scope's people; one query."""
    rows = Quota.objects.filter(period=month.first, manager__in=list(scope.people))
    return dict(rows.values_list("manager_id", "amount"))


def plan(snapshot: Snapshot, scope: Scope, month: Period, now: datetime) -> Plan:
    """The whole scope's. A plan belongs to a person, so a single pipeline has none."""
    won = sum(blocks.won_by_person(snapshot, scope).values(), Decimal(0))
    quota = None if "pipeline" in scope.chosen else sum(quotas(scope, month).values(), Decimal(0)) or None
    return Plan(won, quota, passed(month, now))


def members(snapshot: Snapshot, scope: Scope, user: Employee, month: Period, now: datetime) -> list[Member]:
    """Everybody with a plan, a statement or a sale in the month, the farthest along first; two queries."""
    won, plans = blocks.won_by_person(snapshot, scope), quotas(scope, month)
    statements = {row.manager_id: row for row in Statement.objects.filter(period=month.first, manager__in=list(scope.people))}
    open_findings: dict[int | None, int] = {}
    for row in scope.cut(snapshot.findings):
        open_findings[row.manager] = open_findings.get(row.manager, 0) + row.open
    rows = []
    for person in {*plans, *statements, *(manager for manager in won if manager is not None)} & set(scope.people):
        statement = statements.get(person)
        inputs = statement.inputs if statement else {}
        rows.append(
            Member(
                person,
                scope.name(person),
                Plan(won.get(person, Decimal(0)), plans.get(person), passed(month, now)),
                _figure(inputs.get("quality")),
                statement.total if statement and user.sees_money else None,
                open_findings.get(person, 0),
            )
        )
    return sorted(rows, key=lambda one: (-(one.plan.attainment or 0), -one.plan.won, one.name))


def _figure(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def won_chart(snapshot: Snapshot, scope: Scope, month: Period, quota: Decimal | None) -> charts.Chart:
    """Sums won by local day of the month, with the plan spread evenly; a click leads to the day's deals."""
    locale, days, won = get_language() or "en", list(month.days()), blocks.won_by_day(snapshot, scope)
    deals = reverse("deals")
    bars = charts.Series(
        _("Won"),
        [won[day][1] if day in won else None for day in days],
        texts=[f"{formats.day(day, locale)}: {formats.money(won[day][1] if day in won else 0, locale)}" for day in days],
        hrefs=[deals + scope.query(result="won", since=day, until=day + timedelta(days=1)) for day in days],
    )
    line = None
    if quota:
        daily = quota / len(days)
        text = _("Plan: %(sum)s a day") % {"sum": formats.money(daily, locale)}
        line = charts.Series(_("Plan"), [daily] * len(days), color="chart-6", texts=[text] * len(days))
    return charts.bars_and_line(days, bars, line)
