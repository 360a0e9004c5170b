"""The bell: what was said to the reader, the newest first, whatever channel it went to."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import moment
from notices import sentences
from notices.buttons import BUTTONS, Press
from notices.kinds import KINDS
from notices.kinds.registry import ACCEPT, LATER
from notices.models import Delivery
from notices.silences import may_silence
from web.frame import listing, live
from web.notices import silences
from web.notices.places import place_of

MANY = 99
PRESSES = (ACCEPT, LATER)  # «I disagree» leads to the deal, where the finding stands


@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    now = moment.now()
    rows = (
        Delivery.objects.bell_of(request.user, now)
        .filter(notice__kind__in=KINDS)
        .select_related(
            "notice__finding__stage", "notice__finding__manager", "notice__deal", "notice__answered_by"
        )
    )
    page = listing.page_of(request, rows, rows.order_by().count())
    context = {
        "page": page,
        "rows": [_row(row, now) for row in page],
        "unread": any(row.read_at is None for row in page),
        "silences": silences.in_force(now),
        "may_silence": may_silence(request.user),  # type: ignore[arg-type]  # signed in
    }
    part = live.draw_part(
        request, "notices/_rows.html", context, id="rows", url=request.get_full_path(), css="card"
    )
    bare = live.SEEN in request.headers
    return live.answer_part(request, part, "notices/bell.html", context, bare=bare)


def _row(row: Delivery, now: Any) -> dict[str, Any]:
    notice, one = row.notice, KINDS[row.notice.kind]
    done = notice.fixed_at is not None
    return {
        "row": row,
        "notice": notice,
        "line": sentences.say_on_page(notice, now),
        "place": place_of(notice),
        "icon": "circle-check-big" if done else one.icon,
        "tone": "good" if done else one.tone,
        "presses": [] if done or row.step else [code for code in one.buttons if code in PRESSES],
    }


@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """How much is unread, for the bell of every page."""
    rows = Delivery.objects.bell_of(request.user, moment.now()).filter(read_at=None)
    number = rows.order_by()[: MANY + 1].count()
    return render(
        request, "notices/_count.html", {"count": number, "many": f"{MANY}+" if number > MANY else number}
    )


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """All is read."""
    now = moment.now()
    rows = Delivery.objects.bell_of(request.user, now).filter(read_at=None).order_by()
    rows.update(read_at=now)
    return redirect("notices")


@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """A button of the reader's own notice, pressed on the page."""
    rows = Delivery.objects.filter(employee=request.user.pk, notice__kind__in=KINDS).select_related("notice")
    delivery = get_object_or_404(rows, pk=pk)
    code = request.POST.get("answer", "")
    if code not in PRESSES or code not in KINDS[delivery.notice.kind].buttons:
        messages.error(request, _("There is no such answer."))
    elif delivery.notice.fixed_at is not None:
        messages.info(request, _("It is mended already."))
    else:
        now = moment.now()
        pressed = BUTTONS[code](Press(delivery, request.user, "", now))  # type: ignore[arg-type]  # signed in
        Delivery.objects.filter(pk=pk, read_at=None).update(read_at=now)
        messages.success(request, pressed.text)
    return redirect("notices")
