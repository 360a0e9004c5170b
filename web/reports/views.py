"""Reports by their number: a list, a page that prints, a PDF, and the picture that the chat gets."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import formats
from notices.models import Decision, Report
from notices.reports import wording
from notices.reports.document import SINCE, Document, read_document
from notices.reports.pictures import draw_charts
from pipelines.models import Stage
from web.frame import listing
from web.frame.filters import write_moment
from web.frame.permissions import for_heads
from web.reports import drawing
from web.reports.pdf import write_pdf


@require_safe
@for_heads
def reports(request: HttpRequest) -> HttpResponse:
    rows = Report.objects.visible_to(request.user).select_related("head")
    if form := listing.asked_file(request):
        return listing.export_rows(_("Reports"), form, rows, COLUMNS, tell_reports)
    page = listing.page_of(request, rows, rows.order_by().count())
    context = {"page": page, "rows": tell_reports(page.object_list), "verbs": listing.file_addresses(request)}
    return render(request, "reports/reports.html", context)


COLUMNS: listing.Columns = (
    ("№", lambda one: one["row"].number),
    (gettext_lazy("Period"), lambda one: one["period"]),
    (gettext_lazy("About"), lambda one: one["document"].head or _("the whole company")),
    (gettext_lazy("The one number"), lambda one: one["subject"]),
    (gettext_lazy("Frozen money"), lambda one: one["document"].standing.money),
    (gettext_lazy("New findings"), lambda one: one["document"].opened),
    (gettext_lazy("Frozen"), lambda one: one["row"].as_of),
)


def tell_reports(rows: Iterable[Report]) -> list[dict[str, Any]]:
    told = []
    for row in rows:
        document = read_document(bytes(row.body))
        told.append(
            {
                "row": row,
                "document": document,
                "period": wording.say_period(document),
                "subject": wording.say_subject(document),
                "tone": wording.tone_of(document),
            }
        )
    return told


def visible_report(request: HttpRequest, number: int) -> tuple[Report, Document]:
    row = get_object_or_404(Report.objects.visible_to(request.user).select_related("head"), number=number)
    return row, read_document(bytes(row.body))


def paper(row: Report, document: Document, *, live: bool) -> dict[str, Any]:
    """What stands on the page. With ``live`` decisions of the report lead to their cards and can be taken."""
    rows: dict[str, Decision] = {}
    known = read_rows(document) if live else None
    if live:
        rows = {one.key: one for one in row.decisions.select_related("owner")}
    return {
        "report": row,
        "document": document,
        "period": wording.say_period(document),
        "change": wording.say_change(document),
        "tone": wording.tone_of(document),
        "headline": wording.say_headline(document),
        "summary": wording.say_summary(document),
        "sums": " + ".join(
            formats.money_short(one.expected, wording.language())
            for one in document.decisions
            if one.expected is not None
        ),
        "decisions": [
            {
                "one": one,
                "place": place,
                "title": wording.title_of(one, document),
                "why": wording.why_of(one, document),
                "how": wording.how_of(one),
                "row": rows.get(one.key),
            }
            for place, one in enumerate(document.decisions, 1)
        ],
        "past": [
            {
                "one": one,
                "title": wording.title_of(one, document),
                "result": wording.say_result(one),
                "compared": wording.say_compared(one),
                "state": wording.say_state(one),
            }
            for one in document.past
        ],
        "praise": [(one, wording.say_praise(one)) for one in document.praise],
        "bars": drawing.draw_bars(document, known.findings if known else lambda stage: ""),
        "losses": known.losses() if known else "",
        "reasons": [(one, known.losses(one.key) if known else "") for one in document.losses.reasons],
        "dots": drawing.draw_dots(document),
        "line": drawing.draw_line(document),
        "since": SINCE,
        "live": live,
    }


@dataclass(frozen=True)
class Rows:
    """Where the rows of a report's numbers stand. Empty where no list counts the same: of a report of one head's people
    (who they were is not asked again), of a stage that is no more, of losses by version 1."""

    document: Document
    stages: Collection[str]

    def findings(self, stage: str | None = None) -> str:
        """Of those that opened in the period on a stage, or anywhere."""
        if self.document.head or not self.document.opened or not (stage is None or stage in self.stages):
            return ""
        until = min(self.document.end, self.document.as_of)
        return self._list("findings", until, {} if stage is None else {"stage": stage})

    def losses(self, reason: int | None | Literal["all"] = "all") -> str:
        if self.document.head or not self.document.losses.n or self.document.version < 2:
            return ""
        said = {} if reason == "all" else {"loss_reason": "none" if reason is None else reason}
        return self._list("deals", self.document.end, {"result": "lost", **said})

    def _list(self, route: str, until: datetime, filters: Mapping[str, Any]) -> str:
        span = {"since": write_moment(self.document.start), "until": write_moment(until)}
        return f"{reverse(route)}?{urlencode({**filters, **span})}"


def read_rows(document: Document) -> Rows:
    return Rows(document, set(Stage.objects.filter(deleted_at=None).values_list("pk", flat=True)))


@require_safe
@for_heads
def report(request: HttpRequest, number: int) -> HttpResponse:
    row, document = visible_report(request, number)
    return render(request, "reports/report.html", paper(row, document, live=True))


@require_safe
@for_heads
def report_pdf(request: HttpRequest, number: int) -> HttpResponse:
    """One page; of the same report in the same language always the same bytes."""
    row, document = visible_report(request, number)
    body = write_pdf(paper(row, document, live=False), row, get_language() or "ru")
    answer = HttpResponse(body, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="report-{row.number}-{row.label}.pdf"'
    return answer


@require_safe
@for_heads
def picture(request: HttpRequest, number: int) -> HttpResponse:
    _frozen, document = visible_report(request, number)
    if not document.standing.weeks:
        raise Http404
    return HttpResponse(draw_charts(document), content_type="image/png")
