"""The desk's money: the plan of the month, each manager's part in it, and sums won by day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import charts, formats
from core.periods import Period
from kpi.models import Statement
from kpi.month_facts import Facts
from kpi.pace import grade_pace
from metrics.snapshot import Snapshot
from qc.queries import RuleScore, score
from web.desk import blocks
from web.desk.blocks import NOTHING
from web.frame.scope import Scope


@dataclass(frozen=True)
class Plan:
    """Won in the month against the plan; ``passed`` is the share of its shifts that are over.

    ``won`` is everybody's, ``planned`` what those with a plan have won of it.
    """

    won: Decimal
    planned: Decimal
    quota: Decimal | None
    passed: Decimal

    @property
    def attainment(self) -> Decimal | None:
        """planned ÷ quota; null without a plan."""
        return self.planned / self.quota if self.quota else None

    @property
    def pace(self) -> Decimal | None:
        """Attainment ÷ the share of shifts that have passed: 1 is just on plan."""
        return self.attainment / self.passed if self.attainment is not None and self.passed else None

    @property
    def tone(self) -> str:
        return "neutral" if self.pace is None else grade_pace(self.pace)


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


def statements(scope: Scope, month: Period) -> list[Statement]:
    """Of the scope's people; one query. Plan, shifts and quality are for every reader of the desk, pay is not."""
    return list(Statement.objects.filter(period=month.first, manager__in=list(scope.people)))


def reckon_plan(snapshot: Snapshot, scope: Scope, month: Period, now: datetime) -> Plan:
    """The whole scope's. A plan belongs to a person, so a single pipeline has none."""
    won, drafts = blocks.won_by_person(snapshot, scope), statements(scope, month)
    quotas = {one.manager_id: quota for one in drafts if (quota := one.facts.quota)}
    return Plan(
        sum(won.values(), NOTHING),
        sum((won.get(person, NOTHING) for person in quotas), NOTHING),
        None if "pipeline" in scope.chosen else sum(quotas.values(), NOTHING) or None,
        measure_passed([one.facts for one in drafts if one.manager_id in quotas], month, now),
    )


def list_members(
    snapshot: Snapshot, scope: Scope, month: Period, now: datetime, sees_pay: bool
) -> list[Member]:
    """Everybody with a statement or a sale in the month, the farthest along first; one query."""
    won, drafts = (
        blocks.won_by_person(snapshot, scope),
        {one.manager_id: one for one in statements(scope, month)},
    )
    broken = blocks.open_findings(snapshot, scope)
    people = [person for person in scope.people if person in drafts or person in won]
    rows = []
    for person in people:
        draft = drafts.get(person)
        facts = [draft.facts] if draft else []
        quota = facts[0].quota if facts and "pipeline" not in scope.chosen else None
        rows.append(
            Member(
                person,
                scope.name(person),
                Plan(sold := won.get(person, NOTHING), sold, quota, measure_passed(facts, month, now)),
                score(
                    RuleScore(rule, kept.weight, kept.violations, kept.opportunities)
                    for one in facts
                    for rule, kept in one.rules.items()
                ),
                draft.total if draft and sees_pay else None,
                broken.get(person, 0),
            )
        )
    return sorted(rows, key=lambda one: (-(one.plan.attainment or 0), -one.plan.won, one.name))


def measure_passed(facts: list[Facts], month: Period, now: datetime) -> Decimal:
    """Worked ÷ planned shifts of these people; without a rota, the share of the calendar month that is over."""
    planned = sum(one.shifts.planned for one in facts)
    if planned:
        return Decimal(sum(one.shifts.worked for one in facts)) / planned
    return Decimal(str(round(max((month.until(now) - month.start) / (month.end - month.start), 0.0), 4)))


def won_chart(snapshot: Snapshot, scope: Scope, month: Period, quota: Decimal | None) -> charts.Chart:
    """Sums won by local day of the month, with the plan spread evenly; a click leads to the day's deals."""
    locale, days, won = get_language() or "en", list(month.days()), blocks.won_by_day(snapshot, scope)
    deals = reverse("deals")
    bars = charts.Series(
        _("Won"),
        [won[day][1] if day in won else None for day in days],
        texts=[
            f"{formats.day(day, locale)}: {formats.money(won[day][1] if day in won else 0, locale)}"
            for day in days
        ],
        hrefs=[deals + scope.query(result="won", since=day, until=day + timedelta(days=1)) for day in days],
    )
    line = None
    if quota:
        daily = quota / len(days)
        text = _("Plan: %(sum)s a day") % {"sum": formats.money(daily, locale)}
        line = charts.Series(_("Plan"), [daily] * len(days), color="chart-6", texts=[text] * len(days))
    return charts.bars_and_line(days, bars, line)
