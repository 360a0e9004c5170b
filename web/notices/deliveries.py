"""What was said to whom, on which channel, and what became of it."""

from typing import Any

import django_filters as filters
from django.contrib import messages
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core import moment
from notices import pulse, reasons, sentences
from notices.kinds import KINDS
from notices.models import Channel, ChannelState, Delivery
from team.models import Employee
from web.frame import listing
from web.frame.filters import NO_SUCH, Cascading, One, Since, Sort
from web.frame.permissions import for_admins, for_heads

TONES = {
    "queued": ("neutral", "clock"),
    "sending": ("info", "send"),
    "sent": ("good", "check"),
    "failed": ("bad", "x"),
    "unknown": ("warn", "circle-question-mark"),
    "dropped": ("neutral", "minus"),
}


def kinds() -> list[tuple[str, str]]:
    return [(code, _(one.title)) for code, one in KINDS.items()]


def readers(request: HttpRequest | None) -> Any:
    rows = Employee.objects.filter(is_active=True)
    if request is None or request.user.sees is None:
        return rows
    return rows.filter(person_id__in=request.user.sees) | rows.filter(username=request.user.get_username())


class DeliveryFilter(Cascading):
    RARE = ("since", "until", "deal")
    kind = filters.ChoiceFilter(
        field_name="notice__kind",
        choices=kinds,
        label=gettext_lazy("Kind"),
        empty_label=gettext_lazy("All kinds"),
        error_messages=NO_SUCH,
    )
    channel = filters.ChoiceFilter(
        choices=Channel.choices,
        label=gettext_lazy("Channel"),
        empty_label=gettext_lazy("all"),
        error_messages=NO_SUCH,
    )
    state = filters.ChoiceFilter(
        choices=Delivery.State.choices,
        label=gettext_lazy("State"),
        empty_label=gettext_lazy("all"),
        error_messages=NO_SUCH,
    )
    employee = One(queryset=readers, label=gettext_lazy("To whom"), empty_label=gettext_lazy("Everybody"))
    since = Since("due_at", label=gettext_lazy("Since"))
    until = Since("due_at", "lt", label=gettext_lazy("Before"))
    deal = filters.NumberFilter("notice__deal_id", label=gettext_lazy("Deal"))
    sort = Sort({"due": F("due_at"), "sent": F("sent_at")})

    class Meta:
        model = Delivery
        fields: list[str] = []


COLUMNS: listing.Columns = (  # of a row and its line
    (gettext_lazy("What was said"), lambda one: one[1].title),
    (gettext_lazy("About"), lambda one: one[1].about or None),
    (gettext_lazy("Why"), lambda one: one[1].why or None),
    (gettext_lazy("To whom"), lambda one: str(one[0].employee or one[0].address or "") or None),
    (gettext_lazy("When"), lambda one: one[0].due_at),
    (gettext_lazy("Delivered"), lambda one: one[0].sent_at),
    (gettext_lazy("Channel"), lambda one: one[0].get_channel_display()),
    (gettext_lazy("State"), lambda one: one[0].get_state_display()),
    (gettext_lazy("Reason"), lambda one: str(reasons.say_reason(one[0].reason)) or None),
)


@for_heads
@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    rings: listing.Choices = [
        (_("All"), {}),
        (_("Queued"), {"state": "queued"}),
        (_("Not confirmed"), {"state": "unknown"}),
        (_("Not delivered"), {"state": "failed"}),
    ]
    rows = (
        Delivery.objects.visible_to(request.user)
        .filter(notice__kind__in=KINDS)
        .select_related("notice__finding__stage", "notice__deal", "employee", "address")
        .order_by("-due_at", "-pk")
    )
    if not asked.get("channel"):
        rows = rows.exclude(channel=Channel.PAGE)
    return listing.show_list(
        request,
        "notices/deliveries.html",
        DeliveryFilter,
        rows,
        title=_("Deliveries"),
        label=_("Which deliveries"),
        choices=rings,
        defaults={},
        order="-due",
        more=_more,
        columns=COLUMNS,
        drawn=lambda rows: [(row, sentences.say_on_page(row.notice, moment.now())) for row in rows],
    )


def _more(page: Any) -> dict[str, Any]:
    now = moment.now()
    rows = [
        {
            "row": row,
            "line": sentences.say_on_page(row.notice, now),
            "tone": TONES[row.state][0],
            "icon": TONES[row.state][1],
            "kind": KINDS[row.notice.kind],
            "reason": reasons.say_reason(row.reason),
        }
        for row in page
    ]
    states = {one.channel: one for one in ChannelState.objects.all()}
    beat = states[Channel.PAGE].beat_at if Channel.PAGE in states else None
    return {
        "rows": rows,
        "stopped": [one for one in states.values() if one.stopped_at],
        "silent": pulse.is_late(beat, now),
    }


@for_admins
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """What is not confirmed or not delivered is sent once more, by somebody's word; a double click is one."""
    with transaction.atomic():
        row = get_object_or_404(Delivery.objects.select_for_update(of=("self",)), pk=pk)
        ended = row.state in (Delivery.State.UNKNOWN, Delivery.State.FAILED)
        last = Delivery.objects.filter(notice=row.notice_id, recipient=row.recipient, channel=row.channel)
        newest = last.order_by("-copy").first()
        if not ended or row.address_id is None or newest is None or newest.pk != row.pk:
            messages.error(request, _("Only the last message that did not arrive can be sent again."))
            return listing.return_to(request, "deliveries")
        now = moment.now()
        Delivery.objects.create(
            notice_id=row.notice_id,
            recipient=row.recipient,
            employee_id=row.employee_id,
            address_id=row.address_id,
            channel=row.channel,
            step=row.step,
            copy=row.copy + 1,
            due_at=now,
            created_at=now,
            reason=f"sent again by {request.user}"[:300],
        )
    messages.success(request, _("It will be sent again."))
    return listing.return_to(request, "deliveries")
