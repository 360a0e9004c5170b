"""The list of findings, and the block of one deal's findings."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.views.decorators.http import require_POST, require_safe

from core import moment
from core.zone import portal_zone
from pipelines.models import Deal
from qc import checklists, requirements
from qc.criteria import name_fields
from qc.models import Finding, FindingQuerySet, Regulation
from qc.options import FieldNames
from qc.queries import because
from qc.rules import RULES
from team.models import Role
from web.findings.filters import FindingFilter, open_to
from web.frame import listing, live
from web.frame.permissions import deals_open_to

FILE = (  # the list's columns as a file
    (_l("Finding"), lambda one: _(RULES[one.rule].title) if one.rule in RULES else one.rule),
    (_l("Severity"), lambda one: one.get_severity_display()),
    (_l("Why"), because),
    (_l("No. of the deal"), lambda one: one.deal_id),
    (_l("Deal"), lambda one: str(one.deal) if one.deal else None),
    (_l("Stage"), lambda one: str(one.stage) if one.stage else None),
    (_l("Manager"), lambda one: str(one.manager) if one.manager else None),
    (_l("Amount"), lambda one: one.deal.price if one.deal else None),
    (_l("Opened"), lambda one: one.opens_at.astimezone(portal_zone())),
    (_l("Fixed"), lambda one: one.closes_at.astimezone(portal_zone()) if one.closes_at else None),
)
PERIODS = ("since", "closed_since", "held_since", "held_until")  # those who ask for one want all of it


@require_safe
def findings(request: HttpRequest) -> HttpResponse:
    """Open findings that everybody sees, unless the address asks for others."""
    asked = request.GET
    choices: listing.Choices = [
        (_("All"), {}),
        (_("Violations"), {"severity": "violation"}),
        (_("Remarks"), {"severity": "remark"}),
    ]
    if request.user.administers:
        choices.append((_("In shadow"), {"mode": "shadow"}))
    counted = asked.get("counted") == "1" and request.user.directs
    if counted or asked.get("mode"):
        visible = open_to(request.user, asked)
    else:
        visible = Finding.objects.standing().shown_to(request.user)
    return listing.show_list(
        request,
        "findings/findings.html",
        FindingFilter,
        visible.with_opening_version()
        .select_related("deal", "stage", "manager", "contact")
        .defer("deal__fields", "deal__tags")
        .order_by("-opens_at", "-pk"),
        title=_("Findings"),
        label=_("Which findings"),
        choices=choices,
        defaults={} if any(asked.get(name) for name in PERIODS) else {"state": "open"},
        order="-opened",
        count_rows=count_rows,
        columns=FILE,
        source="" if counted or asked.get("mode") == "shadow" else "findings",
    )


def count_rows(chosen: FindingFilter, found: FindingQuerySet) -> int:
    open_ones = chosen.is_valid() and chosen.form.cleaned_data["state"] == "open"
    return found.count_open() if open_ones else found.order_by().count()


@require_safe
def deal_findings(request: HttpRequest, pk: int) -> HttpResponse:
    """A block of the deal card; opened alone it is a page."""
    deal = get_object_or_404(deals_open_to(request.user).select_related("stage"), pk=pk)
    bare = bool(request.headers.get("HX-Request"))
    return live.answer_part(
        request, drawn(request, deal), "findings/findings_alone.html", {"deal": deal}, bare=bare
    )


def drawn(request: HttpRequest, deal: Deal) -> live.Part:
    """The block, which draws itself anew."""
    return live.draw_part(
        request,
        "findings/findings_of_deal.html",
        of_deal(deal, request.user),
        id="findings-of-deal",
        url=reverse("deal-findings", args=[deal.pk]),
        css="grid cols-main",
    )


def of_deal(deal: Deal, user: Any) -> dict[str, Any]:
    """Context of the block: what is broken, what will be, what was, and what the regulation demands here."""
    now = moment.now()
    found = list(
        Finding.objects.standing()
        .visible_to(user)
        .filter(deal=deal)
        .with_opening_version()
        .select_related("deal", "task", "stage", "manager")
        .order_by("opens_at", "id")
    )
    ahead = [finding for finding in found if finding.closes_at is None or finding.closes_at > now]
    opened = [finding for finding in ahead if finding.opens_at < now]
    regulation = _regulation_of(deal)
    return {
        "deal": deal,
        "now": now,
        "shown": found,
        "opened": opened,
        "upcoming": [finding for finding in ahead if finding.opens_at >= now],
        "past": [
            finding
            for finding in reversed(found)
            if finding.closes_at is not None and finding.closes_at <= now
        ],
        "regulation": regulation,
        "demands": requirements.demands(deal, regulation, ahead, now, _fields_of(deal)) if regulation else [],
    }


def _fields_of(deal: Deal) -> FieldNames | None:
    """Of a deal's card, which has read them along with it (`web.deals.deal_head.with_fields`)."""
    known = getattr(deal, "known_fields", None)
    return None if known is None else name_fields(known)


def _regulation_of(deal: Deal) -> Regulation | None:
    """The one in force, read once for all blocks of a card; a closed deal is asked nothing more."""
    if "in_force" not in deal.__dict__:
        deal.__dict__["in_force"] = requirements.in_force(deal.stage_id) if deal.closed_at is None else None
    found: Regulation | None = deal.__dict__["in_force"]
    return found


TICKERS = {
    str(role) for role in (Role.MANAGER, Role.HEAD, Role.DIRECTOR, Role.ADMIN)
}  # who may work a deal; others only look


def steps_of(request: HttpRequest, deal: Deal) -> dict[str, Any]:
    """Context of the checklist; without items there is nothing to show."""
    regulation = _regulation_of(deal)
    items = checklists.read_checklist(deal, regulation) if regulation else []
    return {
        "deal": deal,
        "items": items,
        "done": sum(item.tick is not None for item in items if item.branch is None and item.step.number),
        "of": sum(item.branch is None and item.step.number > 0 for item in items),
        "may_tick": request.user.role in TICKERS,
    }


@require_POST
def tick_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick a step of the deal's stage, or take the tick back; answers with the checklist, or with the card without
    scripts."""
    if request.user.role not in TICKERS:
        raise Http404
    deal = get_object_or_404(Deal.objects.alive().visible_to(request.user), pk=pk)
    regulation = _regulation_of(deal)
    if regulation is None:
        raise Http404
    employee: Any = request.user
    try:
        checklists.set_tick(
            deal, regulation, request.POST.get("step", ""), request.POST.get("done") == "1", employee
        )
    except LookupError as error:
        raise Http404 from error
    if request.headers.get("HX-Request"):
        return render(request, "findings/steps_of_deal.html", steps_of(request, deal))
    return redirect("deal", pk)
