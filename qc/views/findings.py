"""The list of findings, and the block of one deal's findings."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pipelines.models import Account, Deal
from pipelines.pages import listing
from pipelines.pages.doors import deals_open_to
from qc import demands
from qc.filters import FindingFilter
from qc.models import Finding
from salesops.lib import moment


@require_safe
def findings(request: HttpRequest) -> HttpResponse:
    """Open findings unless the address asks for others."""
    data = request.GET.copy()
    if "state" not in data and not (data.get("since") or data.get("closed_since")):
        data["state"] = "open"
    visible = (
        Finding.objects.standing()
        .visible_to(request.user)
        .select_related("deal", "task", "stage", "manager")
        .order_by("-opens_at", "-pk")
    )
    chosen = FindingFilter(data, visible, request=request)
    found = chosen.qs if chosen.is_valid() else visible.none()
    count = found.order_by().count()
    choices = [
        (_("All"), {}),
        (_("Violations"), {"severity": "violation"}),
        (_("Remarks"), {"severity": "remark"}),
    ]
    context = {
        "page": listing.page(request, found, count),
        "count": count,
        "now": moment.now(),
        "amo": Account.objects.values_list("base_url", flat=True).first(),
        "shortcuts": listing.shortcuts(request, choices),
    }
    return listing.answer(request, "qc/findings.html", chosen, context)


@require_safe
def deal_findings(request: HttpRequest, pk: int) -> HttpResponse:
    """A block of the deal card; opened alone it is a page."""
    deal = get_object_or_404(deals_open_to(request.user).select_related("stage"), pk=pk)
    template = "qc/findings_of_deal.html" if request.headers.get("HX-Request") else "qc/findings_alone.html"
    return render(request, template, of_deal(deal, request.user))


def of_deal(deal: Deal, user: Any) -> dict[str, Any]:
    """Context of the block: what is broken, what will be, what was, and what the regulation demands here."""
    now = moment.now()
    found = list(
        Finding.objects.standing()
        .visible_to(user)
        .filter(deal=deal)
        .select_related("deal", "task", "stage", "manager")
        .order_by("opens_at", "id")
    )
    ahead = [finding for finding in found if finding.closes_at is None or finding.closes_at > now]
    opened = [finding for finding in ahead if finding.opens_at <= now]
    regulation = demands.in_force(deal.stage_id) if deal.closed_at is None else None
    return {
        "deal": deal,
        "now": now,
        "opened": opened,
        "upcoming": [finding for finding in ahead if finding.opens_at > now],
        "past": [
            finding
            for finding in reversed(found)
            if finding.closes_at is not None and finding.closes_at <= now
        ],
        "regulation": regulation,
        "demands": demands.demands(deal, regulation, ahead, now) if regulation else [],
    }
