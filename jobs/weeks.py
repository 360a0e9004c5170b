"""The department's weeks are counted by the clock (queue ``work``) and kept; pages read what is kept.

The present week and the one before are counted every time. An older one is counted again once a day, and at once when
everything was judged by other terms since; it is written only when its rows differ.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import Sum

from core import locks, moment
from core.periods import Period
from core.zone import portal_zone
from jobs.week_rows import KeptWeek, WeekFact
from metrics.weeks import DEFINITIONS, Fact, count_week, list_last_weeks
from qc.models import FullRun

KEPT = 53  # weeks: a year, and the one that goes on
LIVELY = 2
AT_ONCE = 14  # weeks of one run; one takes as long as reading what touches it
FRESH = timedelta(hours=23)


@shared_task
def count_weeks() -> int:
    """Count what is due, the newest first; returns how many weeks were written."""
    with locks.hold_alone("jobs.weeks") as mine:
        return keep_weeks(moment.now()) if mine else 0


def keep_weeks(now: datetime, most: int = AT_ONCE) -> int:
    """Count at most ``most`` of the weeks that are due and keep them; returns how many differed and were written."""
    terms = FullRun.objects.values_list("stamp", flat=True).first() or ""
    known = {row.week: row for row in KeptWeek.objects.filter(definitions=DEFINITIONS)}
    written, counted = 0, 0
    for place, week in enumerate(reversed(list_last_weeks(now, KEPT, portal_zone()))):
        if counted >= most:
            break
        if is_due(known.get(week.first), place, terms, now):
            counted += 1
            written += keep_week(week, now, terms)
    return written


def is_due(kept: KeptWeek | None, place: int, terms: str, now: datetime) -> bool:
    """``place``: how many weeks before the present one."""
    if kept is None or place < LIVELY or not kept.is_over:
        return True
    return kept.terms != terms or kept.counted_at <= now - FRESH


def keep_week(week: Period, now: datetime, terms: str = "") -> bool:
    """Count one week and keep it; whether its rows differed from what was kept."""
    rows = sorted(count_week(week, now), key=repr)
    digest = hashlib.blake2b(repr(rows).encode(), digest_size=16).hexdigest()
    key: dict[str, Any] = {"week": week.first, "definitions": DEFINITIONS}
    with transaction.atomic():
        old = KeptWeek.objects.select_for_update().filter(**key).first()
        told = {"counted_at": now, "digest": digest, "terms": terms, "is_over": now >= week.end}
        KeptWeek.objects.update_or_create(defaults=told, **key)
        if old is not None and old.digest == digest:
            return False
        WeekFact.objects.filter(**key).delete()
        WeekFact.objects.bulk_create([WeekFact(**key, **row._asdict()) for row in rows], batch_size=2_000)
    return True


def read_weeks(
    weeks: Sequence[date],
    measures: Collection[str],
    by_rule: bool = False,
    definitions: int = DEFINITIONS,
) -> list[Fact]:
    """What is kept of these weeks, by stage and person; one query. Weeks not counted yet have no rows."""
    if not weeks:
        return []
    found = WeekFact.objects.filter(definitions=definitions, measure__in=measures, week__in=list(weeks))
    keys = ["week", "measure", "stage", "manager", *(["rule"] if by_rule else [])]
    rows = found.values(*keys).order_by(*keys).annotate(deals=Sum("n"), money=Sum("amount"))
    return [
        Fact(r["week"], r["measure"], r["stage"], r["manager"], r.get("rule", ""), r["deals"], r["money"])
        for r in rows
    ]


def list_known_weeks(weeks: Sequence[date], definitions: int = DEFINITIONS) -> frozenset[date]:
    """Which of these weeks were counted."""
    found = KeptWeek.objects.filter(definitions=definitions, week__in=list(weeks))
    return frozenset(found.values_list("week", flat=True))
