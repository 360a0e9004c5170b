"""Deals and tasks: two lists and the card of a deal."""

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pipelines.filters import DealFilter, TaskFilter, closed_by
from pipelines.models import Account, Deal, Task
from pipelines.pages import deal_rows, diary, listing, ribbon
from pipelines.pages.doors import deals_open_to
from salesops.lib import moment


def amo_address() -> str:
    """Where amoCRM itself lives, for links into it; empty before it is connected."""
    return Account.objects.values_list("base_url", flat=True).first() or ""


@require_safe
def deals(request: HttpRequest) -> HttpResponse:
    """Open deals unless the address asks for others."""
    data = request.GET.copy()
    if "open" not in data and not data.get("result"):
        data["open"] = "1"
    if "sort" not in data and (data.get("stuck") or data.get("no_task")):
        data["sort"] = "-price"  # where the most money stands comes first
    alive, sees = Deal.objects.alive().with_moments(), request.user.sees
    if data.get("result") and sees is not None:
        visible = closed_by(alive, sees)  # a result is theirs who closed, whoever owns the deal today
    else:
        visible = alive.visible_to(request.user)
    chosen = DealFilter(data, visible.select_related("stage", "manager"), request=request)
    found = chosen.qs if chosen.is_valid() else visible.none()
    totals = found.order_by().aggregate(count=Count("*"), sum=Sum("price"))
    page = listing.page(request, found, totals["count"])
    choices = [(_("All"), {}), (_("Stuck"), {"stuck": "1"}), (_("Without a task"), {"no_task": "1"})]
    context = {
        "page": page,
        "rows": deal_rows.rows(page.object_list, moment.now()),
        "totals": totals,
        "shortcuts": listing.shortcuts(request, choices),
    }
    return listing.answer(request, "pipelines/deals.html", chosen, context)


def visible_deal(request: HttpRequest, pk: int) -> Deal:
    """The deal, or 404 for whoever may not see it."""
    rows = deals_open_to(request.user).with_moments()
    return get_object_or_404(
        rows.select_related("stage", "pipeline", "manager", "contact", "loss_reason"), pk=pk
    )


@require_safe
def deal(request: HttpRequest, pk: int) -> HttpResponse:
    one, now = visible_deal(request, pk), moment.now()
    context = {
        "deal": one,
        "row": deal_rows.row(one, now),
        "segments": ribbon.segments(one, now),
        "amo": amo_address(),
        "now": now,
    }
    return render(request, "pipelines/deal.html", context)


@require_safe
def deal_diary(request: HttpRequest, pk: int) -> HttpResponse:
    one = visible_deal(request, pk)
    people_only = request.GET.get("people") == "1"
    choices = [(_("Everything"), {}), (_("People only"), {"people": "1"})]
    context = {
        "deal": one,
        "entries": diary.entries(one, one.tasks.all(), people_only),
        "latest": diary.LATEST,
        "shortcuts": listing.shortcuts(request, choices),
    }
    return render(
        request,
        "pipelines/diary.html#entries" if request.headers.get("HX-Request") else "pipelines/diary.html",
        context,
    )


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """Open tasks unless the address asks for others."""
    data = request.GET.copy()
    if "completed" not in data:
        data["completed"] = "0"
    visible = Task.objects.filter(deleted_at=None).visible_to(request.user)
    chosen = TaskFilter(
        data, visible.select_related("deal", "deal__stage", "manager", "kind"), request=request
    )
    found = chosen.qs if chosen.is_valid() else visible.none()
    count = found.order_by().count()
    context = {
        "page": listing.page(request, found, count),
        "count": count,
        "now": moment.now(),
        "amo": amo_address(),
        "shortcuts": listing.shortcuts(request, [(_("All"), {}), (_("Overdue"), {"overdue": "1"})]),
    }
    return listing.answer(request, "pipelines/tasks.html", chosen, context)
