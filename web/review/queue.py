"""«Проверка»: what waits for a reviewer, by rule, and a manager's own cases; appeals and waivers beside them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median
from typing import Any

from django.db import models
from django.db.models import Count, F, Min, Q, When, Window
from django.db.models.functions import RowNumber
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import moment
from kpi.prices import finding_prices
from qc import appeals, manual_reviews, queries, rulings
from qc.models import Appeal, Finding, Ruling
from qc.rules import QUESTION, RULES
from team.clock import AnyClock
from team.models import Employee, Role
from team.schedules import load_clocks
from web.frame import listing, live
from web.review.exports import export_list

SHOWN, ALONE = 8, 50  # rows of a rule: among others, and when it is chosen
TERM = timedelta(hours=10)  # of company hours: a working day to look at what has opened
TABS = ("queue", "appeals", "waivers", "done")
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Case:
    """A line of the list. ``due``: until when it is to be ruled about."""

    finding: Any
    due: datetime | None
    appealed: bool = False
    called: bool = False

    @property
    def alone(self) -> bool:
        """Decided one by one, never together with others."""
        return self.appealed or self.called


@dataclass(frozen=True)
class Group:
    rule: str
    title: str
    icon: str
    is_question: bool
    count: int
    cases: list[Case]

    @property
    def ready(self) -> int:
        return sum(not case.alone for case in self.cases)

    @property
    def left_out(self) -> int:
        return len(self.cases) - self.ready

    @property
    def more(self) -> int:
        return self.count - len(self.cases)


def opens_review(user: Employee) -> bool:
    """Reviewers and managers; for finance the page does not exist."""
    return rulings.is_reviewer(user) or user.role == Role.MANAGER


@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """The reviewer's queue, or a manager's own cases."""
    user: Any = request.user
    if not opens_review(user):
        raise Http404
    reviewer = rulings.is_reviewer(user)
    tabs = TABS if reviewer else ("own", "appeals")
    tab = request.GET.get("tab") or tabs[0]
    wrong = [_("There is no list “%(tab)s”.") % {"tab": tab[:40]}] if tab not in tabs else []
    rule = request.GET.get("rule", "")
    if rule and rule not in RULES:
        wrong.append(_("There is no rule “%(rule)s”.") % {"rule": rule[:40]})
    now = moment.now()
    context = {
        "now": now,
        "tab": tab,
        "rule": rule,
        "reviewer": reviewer,
        "problems": wrong,
        "tabs": [
            (label, reverse("review") + (f"?tab={name}" if name != tabs[0] else ""), name == tab)
            for name, label in (
                ("queue", _("To review")),
                ("own", _("My cases")),
                ("appeals", _("Appeals")),
                ("waivers", _("Waivers")),
                ("done", _("Done")),
            )
            if name in tabs
        ],
    }
    if not wrong:
        asked = Pending(user, now)
        context |= LISTS[tab](user, now, rule, asked)
        if form := listing.asked_file(request):
            return export_list(form, tab, context, user, now, rule)
        context["verbs"] = listing.file_addresses(request)
        if reviewer:
            context |= figures(user, now, asked)
        if manual_reviews.may_audit(user):
            context |= {"audits": True, "agreement": manual_reviews.measure_agreement(now - 3 * MONTH)}
    part = live.draw_part(
        request, "review/_list.html", context, id="cases", url=request.get_full_path(), css="card cases"
    )
    bare = live.SEEN in request.headers
    return live.answer_part(
        request, part, "review/review.html", context, bare=bare, status=422 if wrong else 200
    )


class Pending:
    """What waits for a reviewer, and the clock by which he is to look at it: each asked for once."""

    def __init__(self, user: Employee, now: datetime) -> None:
        self.cases = rulings.list_waiting(user, now)

    @cached_property
    def by_rule(self) -> dict[str, tuple[int, datetime]]:
        """How many, and since when the oldest."""
        rows = self.cases.order_by().values_list("rule").annotate(Count("pk"), Min("opens_at"))
        return {rule: (number, oldest) for rule, number, oldest in rows}

    @cached_property
    def clock(self) -> AnyClock:
        return load_clocks([]).client


def list_queue(user: Employee, now: datetime, rule: str, asked: Pending) -> dict[str, Any]:
    """By rule, the heaviest first, in each the oldest first; a query beside those of `Pending` and of the prices."""
    waiting = asked.cases.filter(rule=rule) if rule else asked.cases
    counts = {code: one[0] for code, one in asked.by_rule.items() if not rule or code == rule}
    place = Window(RowNumber(), partition_by=F("rule"), order_by=[F("opens_at").asc(), F("pk").asc()])
    rows = waiting.annotate(place=place).filter(place__lte=ALONE if rule else SHOWN)
    found = list(
        rows.select_related("deal", "stage", "manager", "task", "contact").order_by("opens_at", "pk")
    )
    by_rule: dict[str, list[Case]] = {}
    for one in found:
        case = Case(one, asked.clock.after(one.opens_at, TERM), one.appealed, one.called)
        by_rule.setdefault(one.rule, []).append(case)
    return {
        "groups": [
            Group(code, queries.title(code), one.icon, one.severity == QUESTION, counts[code], by_rule[code])
            for code, one in RULES.items()
            if code in by_rule
        ],
        "total": sum(counts.values()),
        "prices": _prices(user, found),
    }


def list_own(user: Employee, now: datetime, rule: str, _asked: Pending) -> dict[str, Any]:
    """What is held against a manager: open now or over within a month, the dearest first."""
    rows = Finding.objects.standing().visible_to(user).filter(opens_at__lt=now)
    rows = rows.filter(Q(closes_at=None) | Q(closes_at__gt=now - MONTH))
    if rule:
        rows = rows.filter(rule=rule)
    total = rows.order_by().count()
    related = ("deal", "stage", "manager", "task", "contact", "appeal")
    ended = models.Case(When(closes_at__lte=now, then=F("closes_at")))  # null: the end is still to come
    found = list(rows.select_related(*related).order_by(ended.desc(nulls_first=True), "-opens_at")[:100])
    prices = _prices(user, found)
    found.sort(
        key=lambda one: (one.closes_at is not None and one.closes_at <= now, -(prices.get(one.pk) or 0))
    )
    return {"cases": [Case(one, None) for one in found], "total": total, "prices": prices}


def list_appeals(user: Employee, now: datetime, rule: str, _asked: Pending) -> dict[str, Any]:
    rows = appeals.list_appeals(user)
    if rule:
        rows = rows.filter(finding__rule=rule)
    found = list(rows[:200])
    waiting = [one for one in found if one.decided_at is None]
    decided = sorted(
        (one for one in found if one.decided_at), key=lambda one: one.decided_at or now, reverse=True
    )
    return {
        "appeals": [(one, one.state_at(now)) for one in waiting + decided],
        "prices": _prices(user, [one.finding for one in found]),
    }


def list_waivers(user: Employee, now: datetime, rule: str, _asked: Pending) -> dict[str, Any]:
    found = [one for one in rulings.list_waivers(user, now) if not rule or one.finding.rule == rule]
    return {"rulings": found}


def list_done(user: Employee, now: datetime, rule: str, _asked: Pending) -> dict[str, Any]:
    """One's own rulings of the last day: within ten minutes they can be taken back."""
    rows = Ruling.objects.in_force().filter(author=user, at__gte=now - timedelta(days=1))
    if rule:
        rows = rows.filter(finding__rule=rule)
    related = ("finding__deal", "finding__stage", "finding__manager", "finding__task", "author")
    return {"rulings": list(rows.select_related(*related).order_by("-at", "-pk")[:200])}


LISTS = {
    "queue": list_queue,
    "own": list_own,
    "appeals": list_appeals,
    "waivers": list_waivers,
    "done": list_done,
}


def figures(user: Employee, now: datetime, asked: Pending) -> dict[str, Any]:
    """The head of the page: what waits, and how fast appeals were answered; two queries beside those of `Pending`."""
    oldest = min((since for _number, since in asked.by_rule.values()), default=None)
    known = Appeal.objects.visible_to(user).filter(Q(decided_at=None) | Q(decided_at__gte=now - MONTH))
    rows = list(known.values_list("author", "filed_at", "decided_at", "due_at"))
    answers = [decided - filed for _author, filed, decided, _due in rows if decided]
    open_ones = [(author, due) for author, _filed, decided, due in rows if decided is None]
    ends = [one.until for one in rulings.list_waivers(user, now) if one.until]
    return {
        "waiting": sum(number for number, _since in asked.by_rule.values()),
        "waiting_due": asked.clock.after(oldest, TERM) if oldest else None,
        "appeals_open": len(open_ones),
        "appeals_due": min((due for _author, due in open_ones), default=None),
        "appeals_mine": sum(author != user.pk for author, _due in open_ones),
        "answer": median(answers) if answers else None,
        "answers": len(answers),
        "waivers": len(ends),
        "waivers_next": min(ends, default=None),
    }


def _prices(user: Employee, findings: Iterable[Finding]) -> dict[int, Any]:
    return finding_prices(list(findings)) if user.sees_money else {}
