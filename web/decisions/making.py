"""Decisions are made of a proposal, or of any list of deals, tasks or findings as its filters show it."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from core import moment
from core.zone import local_day
from metrics.proposals import Proposal, due_on, find_worth
from notices import decisions as life
from notices import proposed as proposals
from notices.decision_wording import ICONS, Names, describe
from pipelines.models import Deal, Task
from qc.models import Finding
from web.deals.filters import DealFilter, TaskFilter
from web.decisions.forms import HideForm, ListForm, TakeForm, first_problem
from web.findings.filters import FindingFilter
from web.frame import listing
from web.frame.deeds import propose_within
from web.frame.permissions import for_heads
from web.frame.scope import Scope, read_scope, refusing

SOURCES = ("deals", "tasks", "findings")
DECIDED = gettext_noop("Decided. %(name)s answers for it and is told when next at work.")
SHOWN_ROWS = 20  # of a list that is to be decided about


def listed_deals(request: HttpRequest, source: str, query: Any) -> tuple[Any, list[str]]:
    """Open deals of a list as its address filters it, and what is wrong with the address."""
    user, data = request.user, query.copy()
    for name in ("source", "sort", "page"):
        data.pop(name, None)
    mine: Any = Deal.objects.open().visible_to(user)
    if source == "deals":
        if not data.get("result"):
            data.setdefault("open", "1")
        chosen = DealFilter(data, mine, request=request)
        found = chosen.qs if chosen.is_valid() else mine.none()
    elif source == "tasks":
        data.setdefault("completed", "0")
        rows = Task.objects.filter(deleted_at=None).visible_to(user)
        chosen = TaskFilter(data, rows, request=request)
        found = mine.filter(pk__in=chosen.qs.order_by().values("deal")) if chosen.is_valid() else mine.none()
    else:
        if not any(data.get(name) for name in ("since", "closed_since", "held_since", "held_until")):
            data.setdefault("state", "open")
        seen = Finding.objects.standing().shown_to(user).with_opening_version()
        chosen = FindingFilter(data, seen, request=request)
        found = mine.filter(pk__in=chosen.qs.order_by().values("deal")) if chosen.is_valid() else mine.none()
    return found, listing.filter_problems(chosen)


@require_http_methods(["GET", "HEAD", "POST"])
@for_heads
def make(request: HttpRequest) -> HttpResponse:
    """Of a list: who, by when, what. The list is frozen when the form is sent."""
    source = request.GET.get("source", "deals")
    if source not in SOURCES:
        raise Http404
    now, user = moment.now(), request.user
    found, problems = listed_deals(request, source, request.GET)
    first = {"due_on": local_day(now) + timedelta(days=7), "key": str(uuid.uuid4()), "owner": user.pk}
    form = ListForm(user, request.POST if request.method == "POST" else None, initial=first)  # type: ignore[arg-type]  # signed in
    if request.method == "POST" and form.is_valid() and not problems:
        said = form.cleaned_data
        wish = life.Wish(said["title"], said["owner"], said["due_on"], said["text"])
        query = request.GET.copy()
        query.pop("source", None)
        address = f"{reverse(source)}?{query.urlencode()}"
        worths = proposals.list_proposals(now, user.sees, with_hidden=True).find_worths()
        try:
            made = life.decide_list(
                user, found, wish, now,  # type: ignore[arg-type]  # signed in
                key=life.key_of("form", user.pk, said["key"]), query=address, worths=worths,
            )  # fmt: skip
        except life.Impossible as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _(DECIDED) % {"name": made.owner})
            return redirect("decision", pk=made.pk)
    context = {
        "form": form,
        "problems": problems,
        "count": found.order_by().count(),
        "rows": found.order_by("-price", "pk").select_related("stage", "manager")[:SHOWN_ROWS],
        "query": request.GET.urlencode(),
        "source": source,
        "most": life.MOST,
    }
    status = 422 if problems or form.errors else 200
    return render(request, "decisions/new.html", context, status=status)


def find_proposal(key: str, scope: Scope) -> tuple[Proposal | None, proposals.Proposed]:
    """The one of a key among those of the scope's deals, or None; and all of them."""
    found = propose_within(scope)
    return next((one for one in found.proposals if one.key == key), None), found


@require_http_methods(["GET", "HEAD", "POST"])
@for_heads
@refusing(gettext_lazy("Decisions"), "decisions", gettext_lazy("All decisions"))
def proposed(request: HttpRequest) -> HttpResponse:
    """A proposal with its list; sent, it is a decision."""
    scope = read_scope(request)
    one, found = find_proposal(request.GET.get("key", ""), scope)
    if one is None:
        raise Http404
    now, user = moment.now(), request.user
    day, said = local_day(now), Names([life.facts_of(one)])
    owner = life.Staff(day).find_owner(one)
    first = {"due_on": due_on(one, day), "owner": owner.pk if owner else user.pk}
    form = TakeForm(user, request.POST if request.method == "POST" else None, initial=first)  # type: ignore[arg-type]  # signed in
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        # The same pile on the same day is the same decision, by whoever takes it first.
        whose = "" if user.sees is None else user.pk
        key = life.key_of(
            "taken", one.key, day.isoformat(), whose, *([scope.query()] if scope.chosen else [])
        )
        try:
            life.check_wish(life.Wish("", values["owner"], values["due_on"]), now)
            made = life.freeze_proposal(one, found.rows, found.as_of, key)
            made = life.take_decision(
                made, user, now, values["owner"], values["due_on"], values["text"]  # type: ignore[arg-type]  # signed in
            )  # fmt: skip
        except life.Impossible as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _(DECIDED) % {"name": made.owner})
            return redirect("decision", pk=made.pk)
    page = Paginator(one.deals, listing.PAGE_SIZE).get_page(request.GET.get("page"))
    deals = Deal.objects.select_related("stage", "manager").in_bulk(list(page.object_list))
    title, why, how = describe(one, said)
    context = {
        "proposal": one,
        "query": scope.query(key=one.key),
        "title": title,
        "why": why,
        "how": how,
        "icon": ICONS[one.kind],
        "form": form,
        "hide": HideForm(initial={"key": one.key, "until": day + timedelta(days=14)}),
        "page": page,
        "rows": [
            (deals[pk], found.rows[pk], find_worth(one.kind, found.rows[pk]))
            for pk in page.object_list
            if pk in deals
        ],
        "as_of": found.as_of,
    }
    return render(request, "decisions/proposed.html", context, status=422 if form.errors else 200)


@require_POST
@for_heads
@refusing(gettext_lazy("Decisions"), "decisions", gettext_lazy("All decisions"))
def hide(request: HttpRequest) -> HttpResponse:
    """A pile of the reader's own view, for a while; a head hides it from himself alone. ``show``: not any more."""
    if (shown := request.POST.get("show", "")).isdecimal() and len(shown) < 19:
        if life.show_again(int(shown), request.user, moment.now()):  # type: ignore[arg-type]  # signed in
            messages.success(request, _("It is proposed again."))
        return redirect("decisions")
    form = HideForm(request.POST)
    key = request.POST.get("key", "")
    again = reverse("decision-proposed") + read_scope(request).query(key=key) if key else "decisions"
    if not form.is_valid():
        messages.error(request, first_problem(form))
        return redirect(again)
    said = form.cleaned_data
    pile, _found = find_proposal(said["key"], read_scope(request))
    if pile is None:
        messages.error(request, _("Nothing of this kind is piled up any more."))
        return redirect("decisions")
    try:
        life.hide_until(said["key"], said["until"], said["reason"], request.user, moment.now())  # type: ignore[arg-type]  # signed in
    except life.Impossible as problem:
        messages.error(request, str(problem))
        return redirect(again)
    messages.success(request, _("Hidden. It stands below with its reason until then."))
    return redirect("decisions")
