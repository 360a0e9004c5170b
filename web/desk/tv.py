"""A screen for the wall: what the team has done together, and nobody's money, debts or places."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import moment
from jobs.desk import ask_for_count
from metrics import kept_snapshot
from pipelines.models import Task
from web.desk import blocks, money
from web.desk.views import for_scopes, this_month
from web.desk.week_figures import read_sparks
from web.frame.permissions import for_heads
from web.frame.scope import read_scope


@require_safe
@for_heads
@for_scopes
def screen(request: HttpRequest) -> HttpResponse:
    """The whole of what the reader sees; the page asks for itself again every minute."""
    scope, now = read_scope(request), moment.now()
    taken = kept_snapshot.take_snapshot(now, this_month(), ask_for_count)
    shown = blocks.figures_block(taken, scope)
    plan = money.reckon_plan(taken, scope, this_month(), now)
    days = blocks.won_by_day(taken, scope)
    today = timezone.localdate(now)
    sparks = read_sparks(
        scope, now, {"findings": shown["open_findings"], "stuck": shown["sums"].stuck}, marked=False
    )
    return render(
        request,
        "desk/tv.html",
        {
            "now": now,
            "won_today": days.get(today, (0, 0))[0],
            "won_month": sum(deals for deals, _sum in days.values()),
            "plan": plan,
            "fixed": shown["fixed_findings"],
            "done_today": count_done(scope.people, now, scope.everybody),
            "sparks": sparks,
            "best_day": max(days.items(), key=lambda item: item[1][0], default=None),
        },
    )


def count_done(people: Any, now: datetime, everybody: bool) -> int:
    """Tasks completed since midnight, by whoever's they are."""
    start = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Task.objects.filter(
        completed_at__gte=start, completed_at__lt=start + timedelta(days=1), deleted_at=None
    )
    return rows.count() if everybody else rows.filter(manager__in=list(people)).count()
