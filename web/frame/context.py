"""What the page frame needs on every page: the menu of the reader's role, how old the data is, and where amoCRM lives.

All are lazy: a block that draws no frame asks nothing of the database.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from core import account, moment
from kpi.statements import closes_months
from pipelines.mirror import freshness
from pipelines.models import Cursor
from pipelines.models.judgement import BACKLOG
from qc.models import Finding
from team.models import Employee, Role
from web.frame import judging
from web.frame.view_pages import PAGES

MANY = 999  # a badge need not be exact, and counting a million findings on every page takes 100 ms


def frame(request: HttpRequest) -> dict[str, Any]:
    state = SimpleLazyObject(lambda: read_state(request))
    fresh = SimpleLazyObject(lambda: age(request, state))
    waiting = SimpleLazyObject(lambda: judging.tell(state.backlog))
    return {
        "demo": settings.DEMO,
        "has_views": request.resolver_match is not None and request.resolver_match.url_name in PAGES,
        "nav": SimpleLazyObject(lambda: menu(request, state)),
        "freshness": fresh,
        "judging": waiting,
        "unfinished": SimpleLazyObject(lambda: bool(fresh["loading"] or waiting)),
        "amo": SimpleLazyObject(lambda: account.own().address),
        "leavers": SimpleLazyObject(lambda: getattr(request.user, "leavers", frozenset())),
    }


STATE = """
    select (select count(*) from ({findings}) counted), ({backlog}), c.entity, c.as_of, c.state, c.rows
    from (select 1) one left join pipelines_cursor c on true
"""


class State:
    """``cursors`` of the mirror, how many findings stand open to the reader (at most one more than `MANY`), and the
    `BACKLOG` of judgement."""

    def __init__(
        self, cursors: list[Cursor], open_findings: int = 0, backlog: Sequence[int] = (0, 0, 0)
    ) -> None:
        self.cursors, self.open_findings, self.backlog = cursors, open_findings, backlog


def read_state(request: HttpRequest) -> State:
    """One query."""
    if not isinstance(user := request.user, Employee):
        return State(list(Cursor.objects.all()))
    shown = Finding.objects.shown_to(user)
    few = shown.open(moment.now()).order_by().values("pk")[: MANY + 1]
    try:
        findings, values = few.query.sql_with_params()
    except EmptyResultSet:  # somebody who sees nobody
        findings, values = "select 1 where false", ()
    with connection.cursor() as cursor:
        cursor.execute(STATE.format(findings=findings, backlog=BACKLOG), values)
        rows = cursor.fetchall()
    known = [Cursor(entity=row[2], as_of=row[3], state=row[4], rows=row[5]) for row in rows if row[2]]
    return State(known, rows[0][0], rows[0][1])


def menu(request: HttpRequest, state: Any) -> list[dict[str, Any]]:
    user = request.user
    if not isinstance(user, Employee):
        return []
    open_findings = state.open_findings
    work = [
        user.directs and _link(request, "desk", "layout-dashboard", _("Desk")),
        user.directs and _link(request, "then-and-now", "trending-up-down", _("Then and now")),
        user.directs and _link(request, "losses", "circle-x", _("Losses")),
        user.sees_money
        and _link(
            request,
            "my-month",
            "wallet",
            _("My month") if user.role == Role.MANAGER else _("Managers’ money"),
        ),
        _link(request, "analytics", "chart-line", _("Analytics")),
        _link(request, "decisions", "gavel", _("Decisions")),
        user.directs and _link(request, "reports", "newspaper", _("Reports")),
        _link(request, "deals", "briefcase", _("Deals")),
        _link(request, "tasks", "list-checks", _("Tasks")),
        _link(
            request,
            "findings",
            "shield-alert",
            _("Findings"),
            badge=open_findings if open_findings <= MANY else f"{MANY}+",
            words=_("open findings"),
        ),
    ]
    if user.role != Role.FINANCE:
        name = _("My cases") if user.role == Role.MANAGER else _("Review")
        work.append(_link(request, "review", "shield-check", name))
    work.append(_link(request, "notices", "bell", _("Notices"), load="notices-count"))
    order = [
        _link(request, "regulations", "book-open-check", _("Regulations")),
        _link(request, "rules", "scale", _("Rules")),
        user.directs and _link(request, "effects", "flask-conical", _("Effects")),
        closes_months(user) and _link(request, "schemes", "file-pen-line", _("Pay schemes")),
        _link(request, "team", "users", _("Team")),
        user.directs and _link(request, "sync", "refresh-cw", _("Sync")),
        user.reads_changes and _link(request, "audit", "history", _("Changes")),
        user.administers and _link(request, "access", "key-round", _("Access")),
        user.is_staff and _link(request, "admin:index", "settings", _("Administration")),
    ]
    return [
        {"title": "", "items": [item for item in work if item]},
        {"title": _("Order"), "items": [item for item in order if item]},
    ]


def age(request: HttpRequest, state: Any) -> dict[str, Any]:
    whole = freshness.overall_freshness(moment.now(), state.cursors)
    user = request.user
    sees_sync = isinstance(user, Employee) and user.directs
    return {
        "as_of": whole.as_of,
        "state": whole.state,
        "url": reverse("sync") if sees_sync else "",
        "loading": freshness.is_loading(state.cursors),
    }


def _link(
    request: HttpRequest,
    name: str,
    icon: str,
    label: str,
    badge: int | str = 0,
    words: str = "",
    load: str = "",
) -> dict[str, Any]:
    url = reverse(name)
    return {
        "url": url,
        "icon": icon,
        "label": label,
        "active": request.path.startswith(url),
        "badge": badge or "",
        "badge_words": words,
        "load": reverse(load) if load else "",
    }
