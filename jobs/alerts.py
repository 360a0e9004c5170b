"""Weeks that are over are compared with the thirteen before them, whenever one of those was counted anew."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta

from celery import shared_task

from core import locks, moment
from core.zone import local_day
from jobs.week_rows import KeptWeek
from jobs.weeks import read_weeks
from metrics.unlike import BEFORE, judge_week
from metrics.week_lines import Line, draw_lines, leave_light_out
from metrics.week_measures import MEASURES, list_parts
from metrics.weeks import DEFINITIONS, Fact
from notices.alerts import Found, keep_alerts
from pipelines.models import Stage
from team.holders import find_leavers

SHOWN = 13  # weeks whose alerts are kept in order; older ones stay as they were found
BY_PEOPLE = ("density", "stuck", "untasked", "overdue", "lost", "leak")
BY_STAGES = ("density", "stuck", "untasked", "overdue")  # a deal that is lost stands on a stage of the lost


@shared_task
def compare_weeks() -> int:
    """Returns how many alerts are new."""
    with locks.hold_alone("jobs.alerts") as mine:
        return find_alerts(moment.now()) if mine else 0


def find_alerts(now: datetime) -> int:
    """Of the last whole weeks, those whose figures have changed since they were judged; returns how many are new."""
    kept = {
        row.week: row
        for row in KeptWeek.objects.filter(definitions=DEFINITIONS, is_over=True).order_by("-week")[
            : SHOWN + BEFORE
        ]
    }
    days = sorted(kept)
    due = {}
    for day in days[-SHOWN:]:
        before = [day - timedelta(days=7 * back) for back in range(BEFORE, 0, -1)]
        stamp = _stamp([kept[one].digest if one in kept else "" for one in (*before, day)])
        if kept[day].judged_by != stamp:
            due[day] = stamp
    if not due:
        return 0
    facts = read_weeks(days, {name for one in MEASURES.values() for name in (one.top, *one.base)})
    leavers = find_leavers(now, local_day(now))
    stages = set(Stage.objects.filter(kind=Stage.Kind.WORK, deleted_at=None).values_list("pk", flat=True))
    lines = list(_draw(facts, days, leavers, stages))
    new = 0
    for day, stamp in due.items():
        new += keep_alerts(day, _judge(lines, days, day), now)
        KeptWeek.objects.filter(pk=kept[day].pk).update(judged_by=stamp)
    return new


def _stamp(digests: Sequence[str]) -> str:
    return hashlib.blake2b("|".join(digests).encode(), digest_size=16).hexdigest()


def _draw(
    facts: Sequence[Fact], days: Sequence[date], leavers: Collection[int], stages: Collection[str]
) -> Iterator[tuple[str, str, Line]]:
    """Every line there is: figure, by what, and whose. Nobody's deals and those of leavers are no one's week."""
    for by, codes in (("people", BY_PEOPLE), ("stages", BY_STAGES)):
        for code in codes:
            heavy, _light = leave_light_out(draw_lines(list_parts(facts, MEASURES[code], by), days))
            for line in heavy:
                wanted = line.key in stages if by == "stages" else line.key is not None
                if wanted and not (by == "people" and line.key in leavers):
                    yield code, by, line


def _judge(lines: Sequence[tuple[str, str, Line]], days: Sequence[date], day: date) -> Iterator[Found]:
    place = days.index(day)
    first = day - timedelta(days=7 * BEFORE)
    before = [other for other, week in enumerate(days) if first <= week < day]
    for code, by, line in lines:
        unlike = judge_week(line.counts[place], [line.counts[other] for other in before])
        if unlike is not None:
            person, stage = (line.key, None) if by == "people" else (None, line.key)
            yield Found(code, person, stage, unlike)
