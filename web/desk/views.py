"""«Пульт»: where to step in now. Every block is an address of its own with its own permission."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core import changes, moment
from core.periods import Period, month_of
from core.zone import portal_zone
from jobs.desk import ask_for_count
from kpi.statements import closes_months
from kpi.unclaimed import review_months
from metrics import kept_snapshot, snapshot
from metrics.snapshot import Snapshot
from web.desk import blocks, deeds, kept_blocks, money, today
from web.desk.exports import FILES
from web.desk.week_figures import read_sparks
from web.frame import listing, live
from web.frame.permissions import for_heads
from web.frame.scope import Scope, ScopeForm, read_scope, refusing
from web.frame.view_pages import AS_IT_IS, desk_view

Context = dict[str, Any]
FIRST = 8  # rows of a ranking on the desk; the block opened alone shows all


def this_month() -> Period:
    return month_of(moment.now(), portal_zone())


def _figures(request: HttpRequest, scope: Scope, taken: Snapshot) -> Context:
    now, month = moment.now(), this_month()
    shown = blocks.figures_block(taken, scope)
    sums: blocks.Sums = shown["sums"]
    present = {
        "frozen": sums.frozen,
        "stuck": sums.stuck,
        "overdue": shown["overdue"],
        "untasked": sums.untasked,
        "findings": shown["open_findings"],
    }
    return shown | {
        "sparks": read_sparks(scope, now, present),
        "plan": money.reckon_plan(taken, scope, month, now),
        "month": month,
        "as_of": taken.as_of,
        "week_ago": taken.as_of - snapshot.WEEK,
    }


def _today(request: HttpRequest, scope: Scope, taken: Snapshot) -> Context:
    now = moment.now()
    return {
        "cases": today.list_cases(taken, scope, now),
        "spots": blocks.hot_spots(taken, scope, request.user.leavers),
        "gone": blocks.gone_owners(taken, scope, request.user.leavers),
        "amo": taken.amo,
        "now": now,
    }


def _first(request: HttpRequest, scope: Scope, taken: Snapshot) -> Context:
    whole = request.GET.get("all") == "1" or not request.headers.get("HX-Request")
    return deeds.list_deeds(taken, scope, request.user, moment.now(), whole=whole)


def _flow(request: HttpRequest, scope: Scope, taken: Snapshot | None) -> Context:
    return kept_blocks.flow_block(scope, moment.now(), this_month())


def _load(request: HttpRequest, scope: Scope, taken: Snapshot | None) -> Context:
    return kept_blocks.load_block(scope, moment.now(), this_month())


def _feed(request: HttpRequest, scope: Scope, taken: Snapshot) -> Context:
    return {"stories": today.list_recent(taken, scope), "versions": today.list_by_version(taken, scope)}


def _stuck(request: HttpRequest, scope: Scope, taken: Snapshot) -> Context:
    return blocks.stages_block(taken, scope)


def _people(request: HttpRequest, scope: Scope, taken: Snapshot) -> Context:
    return blocks.people_block(taken, scope)


def _heat(request: HttpRequest, scope: Scope, taken: Snapshot) -> Context:
    whole = request.GET.get("all") == "1" or not request.headers.get("HX-Request")
    return blocks.heat_block(taken, scope, by_count=request.GET.get("by") == "count", whole=whole)


def _overdue(request: HttpRequest, scope: Scope, taken: Snapshot) -> Context:
    return blocks.overdue_block(taken, scope)


def _untasked(request: HttpRequest, scope: Scope, taken: Snapshot) -> Context:
    return blocks.untasked_block(taken, scope)


def _managers(request: HttpRequest, scope: Scope, taken: Snapshot) -> Context:
    month = this_month()
    members = money.list_members(taken, scope, month, moment.now(), request.user.sees_money)
    return {"members": members, "month": month, "partial": "pipeline" in scope.chosen}


def _won(request: HttpRequest, scope: Scope, taken: Snapshot) -> Context:
    month = this_month()
    plan = money.reckon_plan(taken, scope, month, moment.now())
    return {"plan": plan, "month": month, "figure": money.won_chart(taken, scope, month, plan.quota)}


def _months(request: HttpRequest, scope: Scope, taken: Snapshot | None) -> Context:
    """Months are whole: a part of the company has none to close."""
    asked = closes_months(request.user) and not scope.chosen
    return {"states": review_months(moment.now()) if asked else []}


# name → title for a block opened alone, what it shows
BLOCKS: dict[str, tuple[Any, Callable[[HttpRequest, Scope, Any], Context]]] = {
    "figures": (_("Main figures"), _figures),
    "first": (_("What to do first"), _first),
    "today": (_("Where to step in now"), _today),
    "feed": (_("Latest findings"), _feed),
    "stuck": (_("Frozen money by stage"), _stuck),
    "people": (_("Frozen money by person"), _people),
    "heat": (_("Stuck deals: stages and people"), _heat),
    "overdue": (_("Overdue tasks"), _overdue),
    "untasked": (_("Deals without a next task"), _untasked),
    "flow": (_("Flow of the funnel this month"), _flow),
    "load": (_("Load and discipline"), _load),
    "won": (_("Won by day"), _won),
    "managers": (_("Managers this month"), _managers),
    "months": (_("Months to close and to correct"), _months),
}
WITHOUT_SNAPSHOT = {"flow", "load", "months"}  # they show figures of their own


for_scopes = refusing(_("Desk"), "desk", _("Show the whole company"), query=AS_IT_IS)


@require_safe
@for_heads
@for_scopes
def desk(request: HttpRequest) -> HttpResponse:
    if not request.GET and (address := desk_view(request.user)):  # type: ignore[arg-type]  # signed in
        return redirect(address)
    scope = read_scope(request)
    return render(
        request,
        "desk/desk.html",
        {"form": ScopeForm(scope), "query": scope.query(), "stamp": changes.page_stamp(moment.now())}
        | {"whole": request.GET.get("whole") == "1", "rest": scope.query(whole=1)}
        | {"closes": closes_months(request.user), "unset": AS_IT_IS},
    )


@require_safe
@for_heads
@for_scopes
def block(request: HttpRequest, block: str) -> HttpResponse:
    """One block: its bare part for htmx (204 when what it shows has not changed), a page for a person."""
    if block not in BLOCKS:
        raise Http404
    title, show = BLOCKS[block]
    bare = bool(request.headers.get("HX-Request"))
    scope, file = read_scope(request), FILES.get(block)
    now, month = moment.now(), this_month()
    if file is not None and (form := listing.asked_file(request)):
        shown = show(request, scope, kept_snapshot.take_snapshot(now, month, ask_for_count))
        return listing.export_rows(str(title), form, file.rows(shown), file.columns)
    asks = block not in WITHOUT_SNAPSHOT
    taken = kept_snapshot.find_snapshot(now, month, ask_for_count) if asks else None
    counting = asks and (taken is None or taken.loading)
    shown = {} if counting else show(request, scope, taken)
    whole = not bare or request.GET.get("all") == "1"
    by = {"by": "count"} if request.GET.get("by") == "count" else {}
    query = scope.query(**by, **({"all": 1} if whole else {}))
    part = live.draw_part(
        request,
        "desk/counting.html" if counting else f"desk/{block}.html",
        shown
        | {
            "scope": scope,
            "title": title,
            "limit": "" if whole else f":{FIRST}",
            "first": FIRST,
            "more": -FIRST,
            "whole": whole,
        }
        | {"name": block},
        id=f"block-{block}",
        url=reverse("desk-block", args=[block]) + query,
        css="block",
        # what closed months ask for does not change by the minute, and looks through half a year of sales
        **({"trigger": "retry"} if block == "months" else {}),
    )
    verbs = listing.file_addresses(request) if file is not None and not bare else {}
    return live.answer_part(request, part, "desk/alone.html", {"title": title, "verbs": verbs}, bare=bare)


@require_safe
def beat(request: HttpRequest) -> HttpResponse:
    """204 while nothing has changed; else a new stamp and the event ``fresh``, on which parts of the page reload."""
    stamp, seen = changes.page_stamp(moment.now()), request.GET.get("seen")
    if seen == stamp:
        return HttpResponse(status=204)
    response = render(request, "parts/pulse.html", {"stamp": stamp})
    if seen:
        response["HX-Trigger"] = "fresh"
    return response
