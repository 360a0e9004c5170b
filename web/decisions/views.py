"""Decisions: what is proposed now, what is under way, what became of the others; and the card of one."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core import moment
from core.zone import local_day
from notices import decisions as life
from notices import proposed
from notices.decision_results import measure_results
from notices.decision_wording import (
    ICONS,
    Names,
    facts_of_pile,
    name_pile,
    names_of,
    say_expected,
    say_why,
    title_of,
)
from notices.models import Decision, Hidden
from team.models import Employee
from web.decisions.forms import EndForm, TermForm, first_problem
from web.frame import listing
from web.frame.deeds import draw_proposals
from web.frame.permissions import deals_open_to

KEPT = timedelta(weeks=13)  # so long an ended decision stands on the page
FIRST = 8
TONES = {
    "proposed": ("neutral", "lightbulb"),
    "taken": ("info", "clock"),
    "done": ("good", "check"),
    "dropped": ("neutral", "x"),
    "overdue": ("bad", "clock-alert"),
}


COLUMNS: listing.Columns = (  # of what `draw` gives
    (gettext_lazy("Decision"), lambda one: one["title"]),
    (gettext_lazy("Who"), lambda one: str(one["row"].owner) if one["row"].owner else None),
    (gettext_lazy("State"), lambda one: one["row"].get_state_display()),
    (gettext_lazy("Until"), lambda one: one["row"].due_on),
    (gettext_lazy("Days late"), lambda one: one["late"] or None),
    (gettext_lazy("Put off, times"), lambda one: one["row"].moves),
    (gettext_lazy("Stood"), lambda one: one["row"].n),
    (gettext_lazy("Stand"), lambda one: of_result(one, "standing")),
    (gettext_lazy("Amount"), lambda one: one["row"].money),
    (gettext_lazy("Hoped for"), lambda one: one["row"].expected),
    (gettext_lazy("Won since then"), lambda one: of_result(one, "won_sum")),
    (gettext_lazy("Left the stage, share"), lambda one: of_result(one, "left_share")),
    (gettext_lazy("Of like deals, share"), lambda one: of_result(one, "like_share")),
    (gettext_lazy("Ended"), lambda one: one["row"].ended_at),
    (gettext_lazy("What became of it"), lambda one: one["row"].outcome or None),
)


def of_result(one: dict[str, Any], name: str) -> Any:
    return getattr(one["result"], name, None)


@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    now, user = moment.now(), request.user
    visible = Decision.objects.visible_to(user).select_related("owner", "report")
    running = list(visible.running().order_by("due_on", "pk")[:200])
    ended = list(
        visible.filter(state__in=(Decision.State.DONE, Decision.State.DROPPED), ended_at__gt=now - KEPT)
        .order_by("-ended_at")[:100]
    )  # fmt: skip
    names, results = names_of([*running, *ended]), measure_results([*running, *ended], now)
    if form := listing.asked_file(request):
        rows = [draw(one, names, results, now) for one in (*running, *ended)]
        return listing.export_rows(_("Decisions"), form, rows, COLUMNS)
    context = {
        "verbs": listing.file_addresses(request) if running or ended else {},
        "running": [draw(one, names, results, now) for one in running],
        "ended": [draw(one, names, results, now) for one in ended],
        "proposals": [],
        "now": now,
    }
    if user.directs:
        found, counted_at = proposed.list_piles(now, user.sees, reader=cast(Employee, user))
        shown = found[:FIRST]
        context |= {
            "proposals": draw_proposals(shown, now),
            "as_of": counted_at,
            "expected": sum(one.expected for one in shown),
            "hidden": list_hidden(user, now),
        }
    return render(request, "decisions/decisions.html", context)


def list_hidden(user: Any, now: Any) -> list[tuple[str, Hidden]]:
    """What is hidden from the reader, by name."""
    rows = list(Hidden.objects.hidden_from(user, local_day(now)).select_related("hidden_by"))
    names = Names([facts_of_pile(one.key) for one in rows])
    return [(name_pile(one.key, names), one) for one in rows]


def draw(one: Decision, names: Names, results: dict[int, Any], now: Any) -> dict[str, Any]:
    """A decision as a row shows it."""
    late = (local_day(now) - one.due_on).days if one.due_on and one.state == Decision.State.TAKEN else 0
    tone, icon = TONES["overdue" if late > 0 else one.state]
    return {
        "row": one,
        "title": title_of(one, names),
        "result": results.get(one.pk),
        "late": max(late, 0),
        "tone": tone,
        "icon": icon,
        "kind_icon": ICONS.get(one.kind, "list-checks"),
    }


def visible_decision(request: HttpRequest, pk: int) -> Decision:
    rows = Decision.objects.visible_to(request.user).select_related("owner", "taken_by", "ended_by", "report")
    return get_object_or_404(rows, pk=pk)


def may_steer(user: Any, decision: Decision) -> bool:
    """Whether he may put it off, drop it or give it back: whoever directs."""
    return bool(user.directs)


@require_safe
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    one, now = visible_decision(request, pk), moment.now()
    names, results = names_of([one]), measure_results([one], now)
    rows = one.deals.select_related("deal__stage", "deal__manager", "stage", "manager").order_by(
        "-price", "deal_id"
    )
    page = listing.page_of(request, rows, one.n)
    open_to_reader = set(
        deals_open_to(request.user).filter(pk__in=[row.deal_id for row in page]).values_list("pk", flat=True)
    )
    context = draw(one, names, results, now) | {
        "decision": one,
        "why": say_why(one.kind, one.facts, one.n, names),
        "how": say_expected(one.facts, one.n, one.money, one.expected),
        "page": page,
        "may_open": open_to_reader,
        "steers": may_steer(request.user, one),
        "acts": request.user.directs or one.owner_id == request.user.pk,
        "term": TermForm(initial={"due_on": one.due_on}),
        "end": EndForm(),
        "now": now,
    }
    return render(request, "decisions/decision.html", context)


def _step(request: HttpRequest, pk: int, work: Any, said: str, *, steer: bool = False) -> HttpResponse:
    one = visible_decision(request, pk)
    allowed = may_steer(request.user, one) or (not steer and one.owner_id == request.user.pk)
    if not allowed:
        messages.error(request, _("Only whoever directs may do that."))
    else:
        try:
            work(one)
        except life.Impossible as problem:
            messages.error(request, str(problem))
        else:
            messages.success(request, said)
    return redirect("decision", pk=pk)


@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    now, user = moment.now(), cast(Employee, request.user)
    return _step(
        request, pk, lambda one: life.take_decision(one, user, now), _("The decision is taken."),
        steer=True,
    )  # fmt: skip


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    form, now, user = EndForm(request.POST), moment.now(), cast(Employee, request.user)
    if not form.is_valid():
        messages.error(request, first_problem(form))
        visible_decision(request, pk)
        return redirect("decision", pk=pk)
    done, outcome = form.cleaned_data["done"] == "1", form.cleaned_data["outcome"]
    return _step(
        request,
        pk,
        lambda one: life.end_decision(one, user, now, done=done, outcome=outcome),
        _("Done. What became of the list stays here.") if done else _("The decision is dropped."),
        steer=not done,
    )


@require_POST
def put_off(request: HttpRequest, pk: int) -> HttpResponse:
    form, now = TermForm(request.POST), moment.now()
    if not form.is_valid():
        messages.error(request, first_problem(form))
        visible_decision(request, pk)
        return redirect("decision", pk=pk)
    due = form.cleaned_data["due_on"]
    return _step(
        request, pk, lambda one: life.put_off(one, due, now), _("The term is another one."), steer=True
    )


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    now = moment.now()
    return _step(request, pk, lambda one: life.untake(one, now), _("Taken back."), steer=True)
