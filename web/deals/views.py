"""Deals and tasks: two lists and the card of a deal."""

from datetime import timedelta

from django.db.models import Sum, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core import moment
from pipelines.models import Deal, Task
from qc import waiting_base
from web.deals import deal_head, deal_rows, diary, ribbon, task_order
from web.deals.filters import DealFilter, TaskFilter, closed_by
from web.frame import listing
from web.frame.permissions import deals_open_to


@require_safe
def deals(request: HttpRequest) -> HttpResponse:
    """Open deals unless the address asks for others."""
    asked, sees = request.GET, request.user.sees
    # a result is theirs who closed, whoever owns the deal today
    alive, by_result = Deal.objects.alive(), asked.get("result") and sees is not None
    visible = closed_by(alive, sees) if by_result else alive.visible_to(request.user)
    defaults = {} if asked.get("result") else {"open": "1"}
    if any(
        asked.get(name)
        for name in ("stuck", "no_task", "waiting", "reason", "promise", "unexplained", "too_long")
    ):
        defaults["sort"] = "-price"  # where the most money stands comes first
    return listing.show_list(
        request,
        "deals/deals.html",
        DealFilter,
        deal_rows.with_norms(visible).select_related("stage__pipeline", "manager"),
        title=_("Deals"),
        label=_("Which deals"),
        choices=[
            (_("All"), {}),
            (_("Stuck"), {"stuck": "1"}),
            (_("Without a task"), {"no_task": "1"}),
            (_("Waiting"), {"waiting": "1"}),
        ],
        defaults=defaults,
        sums={"sum": Sum("price")},
        more=lambda page: {"rows": deal_rows.rows(page.object_list, moment.now())},
        columns=deal_rows.COLUMNS,
        source="" if asked.get("result") or asked.get("open") == "0" else "deals",
    )


def visible_deal(request: HttpRequest, pk: int) -> Deal:
    """The deal, or 404 for whoever may not see it."""
    rows = deal_head.with_fields(deal_rows.with_norms(deals_open_to(request.user)))
    return get_object_or_404(
        rows.select_related("stage", "pipeline", "manager", "contact", "loss_reason"), pk=pk
    )


@require_safe
def deal(request: HttpRequest, pk: int) -> HttpResponse:
    one, now = visible_deal(request, pk), moment.now()
    prefetch_related_objects([one], "findings")  # the row and the ribbon both read them
    context = {
        "deal": one,
        "row": deal_rows.row_of_card(one, now),
        "segments": ribbon.segments(one, now),
        "fields": deal_head.list_fields(one),
    }
    return render(request, "deals/deal.html", context)


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
        "deals/diary.html#entries" if request.headers.get("HX-Request") else "deals/diary.html",
        context,
    )


WAITING: listing.Columns = (  # of a stage and a reason
    (gettext_lazy("Pipeline"), lambda one: str(one[0].pipeline)),
    (gettext_lazy("Stage"), lambda one: str(one[0])),
    (gettext_lazy("What they wait for"), lambda one: one[1].name),
    (gettext_lazy("Deals"), lambda one: one[1].deals),
    (gettext_lazy("Amount"), lambda one: one[1].money),
    (gettext_lazy("Median wait, days"), lambda one: one[1].median and one[1].median / timedelta(days=1)),
    (gettext_lazy("Oldest"), lambda one: one[1].oldest),
    (gettext_lazy("The day has passed"), lambda one: one[1].passed),
    (gettext_lazy("Amount where it has passed"), lambda one: one[1].passed_money),
    (gettext_lazy("No day named"), lambda one: one[1].undated),
    (gettext_lazy("Longer than any deal may wait"), lambda one: one[1].too_long),
)


@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """«База ожидания»: what open deals wait for, for how long, and how much money waits with them."""
    now = moment.now()
    stages = waiting_base.read_base(request.user, now)
    if form := listing.asked_file(request):
        rows = [(one.stage, reason) for one in stages for reason in one.reasons]
        return listing.export_rows(_("Waiting base"), form, rows, WAITING)
    whole = waiting_base.Sums.of([reason for one in stages for reason in one.reasons])
    context = {"stages": stages, "whole": whole, "now": now, "none": waiting_base.NONE}
    context["verbs"] = listing.file_addresses(request) if whole.deals else {}
    return render(request, "deals/waiting.html", context)


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """Open tasks unless the address asks for others."""
    visible = Task.objects.filter(deleted_at=None).visible_to(request.user)
    asked, today = request.GET, timezone.localdate(moment.now())
    is_ones_own = request.user.sees is not None or bool(asked.get("manager"))
    in_turn = is_ones_own and not asked.get("sort") and asked.get("completed", "0") == "0"
    day = {"since": str(today), "until": str(today + timedelta(days=1))}
    return listing.show_list(
        request,
        "deals/tasks.html",
        TaskFilter,
        (task_order.in_turn(visible, moment.now()) if in_turn else visible).select_related(
            "deal", "deal__stage", "manager", "kind"
        ),
        title=_("Tasks"),
        label=_("Which tasks"),
        choices=[
            (_("All"), {}),
            (_("Today"), day),
            (_("Overdue"), {"overdue": "1", "closed_deal": "0"}),
            (_("Of closed deals"), {"overdue": "1", "closed_deal": "1"}),
        ],
        defaults={"completed": "0"},
        order="" if in_turn else "due",
        more=lambda page: {
            "in_turn": in_turn,
            "turns": task_order.TURNS,
            "leftover": asked.get("closed_deal") == "1",
        },
        columns=task_order.COLUMNS,
        source="" if asked.get("closed_deal") == "1" or asked.get("completed") == "1" else "tasks",
    )
