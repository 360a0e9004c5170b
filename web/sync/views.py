"""The state of the mirror, and the buttons of those who keep it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from core import moment
from jobs.mirror import answer_hooks, pull_changes, sweep
from pipelines.mirror import hooks
from web.frame import listing, live
from web.frame.permissions import for_admins, for_heads
from web.sync import mirror_state

COLUMNS: listing.Columns = (
    (gettext_lazy("Data"), lambda one: str(one.freshness.label)),
    (gettext_lazy("State"), lambda one: one.cursor.get_state_display()),
    (gettext_lazy("Rows"), lambda one: one.cursor.rows),
    (gettext_lazy("Expected rows"), lambda one: one.cursor.expected_rows),
    (gettext_lazy("Pages"), lambda one: one.cursor.pages),
    (gettext_lazy("Begun"), lambda one: one.cursor.started_at),
    (gettext_lazy("Ended"), lambda one: one.cursor.finished_at),
    (gettext_lazy("Data as of"), lambda one: one.cursor.as_of),
    (gettext_lazy("What was answered"), lambda one: one.cursor.error or None),
)


@require_safe
@for_heads
def state(request: HttpRequest) -> HttpResponse:
    if form := listing.asked_file(request):
        read = mirror_state.read_mirror_state(moment.now())
        return listing.export_rows(_("Sync"), form, read["entities"], COLUMNS)
    return shown(request, bare=False)


@require_safe
@for_heads
def progress(request: HttpRequest) -> HttpResponse:
    """The part of the page that moves while data are loading."""
    return shown(request, bare=bool(request.headers.get("HX-Request")))


def shown(request: HttpRequest, *, bare: bool) -> HttpResponse:
    read = mirror_state.read_mirror_state(moment.now())
    part = live.draw_part(
        request,
        "sync/_progress.html",
        read,
        id="sync-progress",
        url=reverse("sync-progress"),
        css="stack",
        trigger="every 2s" if read["loading"] else "every 15s",
    )
    read["verbs"] = listing.file_addresses(request) if read["entities"] and not bare else {}
    return live.answer_part(request, part, "sync/sync.html", read, bare=bare)


@require_POST
@for_admins
def now(request: HttpRequest) -> HttpResponse:
    return started(request, pull_changes, _("The sync has been started."))


@require_POST
@for_admins
def compare(request: HttpRequest) -> HttpResponse:
    return started(request, sweep, _("The comparison with amoCRM has been started."))


@require_POST
@for_admins
def replay(request: HttpRequest) -> HttpResponse:
    """Let the hooks that failed be answered now instead of when they have rested."""
    hooks.replay_hooks()
    return started(request, answer_hooks, _("The hooks that failed are being answered again."))


def started(request: HttpRequest, task: Any, done: str) -> HttpResponse:
    """Hand a task to the workers and go back to the page."""
    try:
        task.delay()
    except OperationalError:
        messages.error(request, _("The queue does not answer, so nothing was started. Is Redis running?"))
    else:
        messages.success(request, done)
    return redirect("sync")
