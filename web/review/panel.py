"""One case beside the list, or as a page: clause, fact, clock arithmetic, way, evidence, history, appeal."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import moment
from kpi.prices import finding_prices
from qc import appeals, first_times, manual_reviews, norms, overturns, rulings, wording
from qc.criteria import field_names
from qc.models import Appeal, Finding, Ruling
from qc.options import FieldNames
from qc.rules import CALENDAR, CLIENT, OWNER, RULES
from team.clock import Clocks, Counted
from team.schedules import load_clocks
from web.deals import diary, ribbon

MONTH = timedelta(days=30)
AROUND = timedelta(days=14)  # evidence as old as that before the case began
EVIDENCE, SHIFTS = 25, 10
ACTS = ("mistaken", "waived", "snoozed", "appeal")


@require_safe
def review_finding(request: HttpRequest, pk: int) -> HttpResponse:
    """``act`` opens one of its forms."""
    finding = find(request.user, pk)
    act = request.GET.get("act", "")
    return answer(request, finding, act if act in ACTS else "")


def find(user: Any, pk: int) -> Finding:
    """One that the reader may see; also one that does not stand any more, where people have said something of it."""
    rows = Finding.objects.visible_to(user)
    ruled = Exists(Ruling.objects.filter(finding=OuterRef("pk")))
    said = Q(withdrawn_at=None) | Q(appeal__isnull=False) | ruled
    related = (
        "deal__stage",
        "stage",
        "manager",
        "task",
        "contact",
        "regulation",
        "appeal__author",
        "appeal__reviewer",
    )
    return get_object_or_404(rows.filter(said).select_related(*related), pk=pk)


def answer(
    request: HttpRequest, finding: Finding, act: str = "", problem: str = "", status: int = 200
) -> HttpResponse:
    """The panel alone for the list beside it, else a page."""
    context = describe(request.user, finding, moment.now()) | {"act": act, "problem": problem}
    bare = bool(request.headers.get("HX-Request"))
    return render(request, "review/_panel.html" if bare else "review/finding.html", context, status=status)


def describe(user: Any, finding: Finding, now: datetime) -> dict[str, Any]:
    first_times.note_free([finding])
    appeal: Appeal | None = getattr(finding, "appeal", None)
    ruled = list(finding.rulings.select_related("author"))
    decides = False
    if appeal is not None:
        prefetch_related_objects([appeal], "steps__author")
        decides = appeal.decided_at is None and appeals.may_decide(appeal, user)
    reviewer = rulings.is_reviewer(user)
    waits = appeal is not None and appeal.decided_at is None
    in_force = [one for one in ruled if one.revoked_at is None]
    context = {
        "now": now,
        "finding": finding,
        "appeal": appeal,
        "state": appeal.state_at(now) if appeal else None,
        "states": _states(appeal, now),
        "decides": decides,
        "rulings": ruled,
        "undo": [
            one.pk
            for one in in_force
            if reviewer
            and (
                one.kind == Ruling.Kind.WAIVED or (one.author_id == user.pk and one.at + rulings.UNDO >= now)
            )
        ],
        "rules": reviewer
        and not waits
        and finding.withdrawn_at is None
        and user.person_id != finding.manager_id,
        "confirmed": any(one.kind == Ruling.Kind.CONFIRMED for one in in_force),
        "may_appeal": appeal is None
        and appeals.may_appeal(finding, user)
        and not appeals.refusal(finding, now),
        "own_appeal": appeal is not None and appeal.author_id == user.pk,
        "reasons": Appeal.Reason.choices,
        "tomorrow": now + timedelta(days=1),
        "latest": now + appeals.AHEAD,
        "price": finding_prices([finding]).get(finding.pk) if user.sees_money else None,
        "sum": explain(finding, now),
        "facts": _facts(finding),
        "precision": overturns.measure_precision(now - MONTH).get(finding.rule),
        "others": _others(finding, now),
        "reviewed": finding.values.get("review") if manual_reviews.may_audit(user) else None,
    }
    if finding.deal is not None:
        prefetch_related_objects([finding.deal], "findings")
        context["segments"] = ribbon.segments(finding.deal, now)
        tasks = list(finding.deal.tasks.all())
        since, until = finding.since - AROUND, finding.closes_at or now
        told = [one for one in diary.entries(finding.deal, tasks) if since <= one.at <= until + AROUND]
        context["evidence"] = list(reversed(told[:EVIDENCE]))
    return context


def _facts(finding: Finding) -> list[tuple[wording.FactRow, bool]]:
    """What the version demands by which it was judged, a line for each rule, and whether it is this finding's."""
    if finding.regulation is None:
        return []
    known, names = norms.read_norms(finding.regulation.norms), FieldNames()
    if norms.asks_for_fields(known):
        names = field_names()
        known = norms.read_norms(finding.regulation.norms, names)
    codes = [
        rule.code
        for rule in norms.rules()
        if rule.facts is not None and rule.facts(known[rule.code]) is not None
    ]
    told = wording.facts(finding.regulation, names)
    return [(row, code == finding.rule) for row, code in zip(told, codes, strict=True)]


@dataclass(frozen=True)
class Arithmetic:
    """How the time of a case came together, shift by shift; ``earlier``: of shifts that are not shown."""

    shifts: list[Counted]
    earlier: timedelta
    total: timedelta
    norm: timedelta | None
    by_calendar: bool

    @property
    def over(self) -> timedelta | None:
        return None if self.norm is None else max(self.total - self.norm, timedelta())


def explain(finding: Finding, now: datetime) -> Arithmetic:
    """On the clock that the rule, or the norm it was judged by, names."""
    rule = RULES[finding.rule]
    case = finding.values.get("case")
    code = case if case in (CALENDAR, OWNER, CLIENT) else rule.clock
    # The calendar is nobody's, so nobody's rota is read for it.
    people = [finding.manager_id] if finding.manager_id else []
    clocks = Clocks() if code == CALENDAR else load_clocks(people)
    clock = {CALENDAR: clocks.calendar, CLIENT: clocks.client}.get(code) or clocks.owner(finding.manager_id)
    until = max(min(now, finding.closes_at or now), finding.since)
    whole = clock.explain(finding.since, until)
    shown = whole[-SHIFTS:]
    seconds = finding.values.get("norm", finding.values.get("grace"))
    return Arithmetic(
        shown,
        sum((one.amount for one in whole[: -len(shown)]), timedelta()) if shown else timedelta(),
        clock.worked(finding.since, until),
        None if seconds is None else timedelta(seconds=seconds),
        clock is clocks.calendar,
    )


def _states(appeal: Appeal | None, now: datetime) -> list[tuple[str, datetime | None, str]]:
    """The four states of an appeal: name, when it came to it, and «done», «here» or nothing."""
    if appeal is None:
        return []
    steps = {step.kind: step.at for step in appeal.steps.all()}
    state = appeal.state_at(now)
    shown: list[tuple[Any, datetime | None]] = [
        (_("filed"), steps.get("filed")),
        (_("under review"), steps.get("taken")),
    ]
    if "asked" in steps:
        shown.append((_("information is needed"), steps.get("asked")))
    shown.append((appeal.get_decision_display() if appeal.decision else _("decision"), appeal.decided_at))
    here = {"filed": 0, "review": 1, "info": 2}.get(str(state), len(shown) - 1)
    return [
        (name, at, "done" if place < here or appeal.decided_at else "here" if place == here else "")
        for place, (name, at) in enumerate(shown)
    ]


def _others(finding: Finding, now: datetime) -> dict[str, int]:
    """How often it has come before: on this deal, and with this person within a month; one query."""
    same = Finding.objects.filter(rule=finding.rule, opens_at__lt=now).exclude(pk=finding.pk)
    on_deal = Q(deal=finding.deal_id) if finding.deal_id else Q(pk=None)
    recent = Q(manager=finding.manager_id, opens_at__gte=now - MONTH)
    stands = Q(withdrawn_at=None)
    found: dict[str, int] = same.filter(on_deal | recent).aggregate(
        deal=Count("pk", filter=on_deal & stands, distinct=True),
        person=Count("pk", filter=recent & stands, distinct=True),
        excused=Count("pk", filter=recent & Q(excused_until__isnull=False), distinct=True),
    )
    return found
