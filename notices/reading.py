"""What has happened that may be worth telling: rows of the house, read in sets, as the values kinds are told from."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import override

from core.db import run_statements
from core.zone import first_of_day, local_day
from notices.decision_wording import names_of, title_of
from notices.kinds.sources import (
    AlertSeen,
    AppealSeen,
    DecisionSeen,
    FindingSeen,
    MirrorSeen,
    MonthSeen,
    ReportSeen,
    RuleSeen,
    ShiftSeen,
    StoppedSeen,
)
from notices.models import Address, Alert, ChannelState, Decision, Report
from pipelines.mirror import freshness, quarantine
from qc.models import Appeal
from qc.rule_modes import read as read_modes
from team.clock import Clocks
from team.models import Employee, Role

BACK = timedelta(hours=24)  # a finding that comes to light later than that is no news any more
AHEAD = timedelta(seconds=60)  # facts are noted so long before their moment, so that it is met to the second
SHIFT_BACK = timedelta(minutes=45)  # a digest is still one so long after the shift's start
BY_SHIFT = (Role.MANAGER, Role.HEAD, Role.DIRECTOR)  # who gets a digest
MOST = 2000  # facts a tick; the rest has its turn at the next

# The index finding_newest; what is told already is left out by notice_of_finding.
FINDINGS = """
    select f.id, f.rule, f.severity, f.mode, f.opens_at, f.manager_id, f.deal_id, f.task_id, d.price
    from qc_finding f left join pipelines_deal d on d.id = f.deal_id
    where f.withdrawn_at is null and f.opens_at > %(since)s and f.opens_at <= %(until)s
      and f.mode in ('warn', 'money') and f.rule = any(%(rules)s)
      and coalesce(f.closes_at, 'infinity') > greatest(f.opens_at, %(now)s)
      and not exists (select from notices_notice n where n.finding_id = f.id and n.kind = %(kind)s)
    order by f.opens_at, f.id limit %(most)s
"""
MONTHS = """
    select s.period, s.manager_id, s.total, s.closed_at from kpi_statement s
    where s.status = 'closed' and s.closed_at > %(since)s
      and not exists (select from notices_notice n where n.kind = %(kind)s
                      and n.key = 'month:' || to_char(s.period, 'YYYY-MM-DD') || ':' || s.manager_id)
    limit %(most)s
"""


def see_findings(
    kind: str, rules: Collection[str], ahead: timedelta, started_at: datetime, now: datetime
) -> Iterator[FindingSeen]:
    """Findings not told by this kind yet: opened within a day, or (``ahead``) to open within that time."""
    since = max(now - BACK, started_at) if not ahead else now
    values = {"since": since, "until": now + ahead + AHEAD, "rules": list(rules), "now": now}
    [rows] = run_statements((FINDINGS, {**values, "kind": kind, "most": MOST}), prepare=True)
    for row in rows:
        yield FindingSeen(*row)


def see_months(kind: str, started_at: datetime, now: datetime) -> Iterator[MonthSeen]:
    values = {"since": max(now - timedelta(days=7), started_at), "kind": kind, "most": MOST}
    [rows] = run_statements((MONTHS, values))
    for row in rows:
        yield MonthSeen(*row)


def see_appeals(kind: str, started_at: datetime, now: datetime) -> Iterator[AppealSeen]:
    """Appeals decided in the last week whose authors have not been told."""
    since = max(now - timedelta(days=7), started_at)
    rows = Appeal.objects.filter(decided_at__gt=since, decided_at__lte=now).order_by("decided_at")[:MOST]
    for row in rows:
        assert row.decided_at is not None
        yield AppealSeen(
            row.pk, row.author_id, row.finding_id, row.is_upheld, row.decision_text, row.decided_at
        )


def see_mirror(now: datetime) -> Iterator[MirrorSeen]:
    if freshness.is_connected():
        whole = freshness.overall_freshness(now)
        aside = sum(quarantine.count_set_aside().values())
        yield MirrorSeen(now, whole.as_of, whole.state, aside)


def see_rules(started_at: datetime, now: datetime) -> Iterator[RuleSeen]:
    """Changes of modes in the last three days."""
    since = max(now - timedelta(days=3), started_at)
    for code, steps in read_modes().items():
        for before, after in zip(steps, steps[1:], strict=False):
            if since < after.since <= now and before.mode != after.mode:
                yield RuleSeen(code, before.mode, after.mode, after.since)


def see_shifts(clocks: Clocks, people: Collection[Employee], now: datetime) -> Iterator[ShiftSeen]:
    """Shifts that have just begun or begin within a minute, of people with hours of their own or company hours."""
    since, until = now - SHIFT_BACK, now + AHEAD
    for one in people:
        if one.role not in BY_SHIFT:
            continue
        clock = clocks.owner(one.person_id)
        # From well before, so that the part after a break is not taken for the beginning of a shift.
        parts: dict[Any, list[tuple[datetime, datetime]]] = {}
        for part in clock.explain(now - timedelta(hours=24), now + timedelta(hours=24)):
            parts.setdefault(part.day, []).append((part.start, part.end))
        if not hasattr(clock, "schedule"):
            continue  # the calendar's days have no beginning
        for day, windows in parts.items():
            starts_at = min(start for start, _ in windows)
            if since < starts_at <= until and starts_at > now - timedelta(hours=23):
                yield ShiftSeen(one.pk, one.person_id, day, starts_at, max(end for _, end in windows))


def see_stopped(started_at: datetime, now: datetime) -> Iterator[StoppedSeen]:
    since = max(now - timedelta(days=3), started_at)
    for row in Address.objects.filter(stopped_at__gt=since).exclude(stopped_why=""):
        assert row.stopped_at is not None
        employee = row.employee_id or row.linked_by_id
        yield StoppedSeen(row.pk, employee, row.channel, row.stopped_why, row.stopped_at)


def see_states() -> Iterator[StoppedSeen]:
    for row in ChannelState.objects.exclude(stopped_at=None):
        assert row.stopped_at is not None
        yield StoppedSeen(0, None, row.channel, row.stopped_why, row.stopped_at)


def see_decisions(started_at: datetime, now: datetime) -> Iterator[DecisionSeen]:
    """Taken in the last week, and those whose term was over in it."""
    since = max(now - timedelta(days=7), started_at)
    rows = list(
        Decision.objects.running()
        .filter(owner__isnull=False, due_on__isnull=False)
        .filter(Q(taken_at__gt=since) | Q(due_on__gte=local_day(since), due_on__lt=local_day(now)))
        .select_related("owner")[:MOST]
    )
    names = names_of(rows)
    for row in rows:
        with override(row.owner.language):
            seen = DecisionSeen(row.pk, row.owner_id, title_of(row, names), row.n, row.due_on, row.taken_at)
        if row.taken_at > since and row.taken_by_id != row.owner_id:
            yield seen
        over_at = first_of_day(row.due_on + timedelta(days=1))
        if since < over_at <= now:
            yield replace(seen, overdue_at=over_at)


def see_alerts(started_at: datetime, now: datetime) -> Iterator[AlertSeen]:
    """Found in the last two days of the week before this one: an older week is no news, however late it is counted."""
    since = max(now - timedelta(days=2), started_at)
    today = local_day(now)
    monday = today - timedelta(days=today.weekday())
    rows = Alert.objects.filter(week=monday - timedelta(days=7), found_at__gt=since, found_at__lte=now)
    for row in rows.select_related("person", "stage").order_by("about"):
        who = str(row.person if row.person_id is not None else row.stage)
        yield AlertSeen(
            row.about,
            row.week,
            row.measure,
            who,
            row.person_id,
            row.rate,
            row.usual,
            row.weeks,
            row.is_good,
            row.found_at,
        )


def see_reports(started_at: datetime, now: datetime) -> Iterator[ReportSeen]:
    since = max(now - timedelta(days=2), started_at)
    for row in Report.objects.filter(told_at__gt=since, told_at__lte=now).order_by("number"):
        assert row.told_at is not None
        yield ReportSeen(row.number, row.head_id, row.told_at)
