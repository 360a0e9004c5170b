"""«Аналитика»: a page for each report, and the deals behind every number of it."""

from typing import Any

import msgspec
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core import moment
from jobs import kept_reports
from jobs.analytics import ask_for_report
from metrics.analytics import REPORTS, BadQuestion, Report
from web.analytics import pictures, process_map, tables, work_tables
from web.analytics.asking import Asked, ReportForm, ask, read_cell, tabs
from web.analytics.cell_wording import tell_cell
from web.analytics.exports import answer_report
from web.frame import listing
from web.frame.permissions import deals_open_to
from web.frame.scope import BadScope, refusing

TABLES = tables.TABLES | work_tables.TABLES
FIRST_SCREEN = ("incidence", "process", "cohorts", "win-rates")
DRAWN = {
    "incidence": ("analytics/_curve.html", pictures.draw_curve),
    "process": ("analytics/_process.html", process_map.draw_process),
    "cohorts": ("analytics/_cohorts.html", pictures.draw_cohorts),
    "win-rates": ("analytics/_rates.html", pictures.draw_rates),
    "accumulation": ("analytics/_accumulation.html", pictures.draw_accumulation),
    "forecast": ("analytics/_calibration.html", pictures.draw_calibration),
    "speed-to-lead": ("analytics/_speed.html", pictures.draw_speed),
    "journeys": ("analytics/_paths.html", pictures.draw_paths),
}
for_analytics = refusing(gettext_lazy("Analytics"), "analytics", gettext_lazy("Show the whole company"))


@require_safe
@for_analytics
def overview(request: HttpRequest) -> HttpResponse:
    """The frame; each card asks for itself, so that none waits for another."""
    asked = ask(request, REPORTS[FIRST_SCREEN[0]])
    cards = [
        (code, REPORTS[code], reverse("analytics-report", args=[code]) + asked.query())
        for code in FIRST_SCREEN
    ]
    context = {"form": ReportForm(asked, own=False), "tabs": tabs(asked, ""), "cards": cards}
    return render(request, "analytics/overview.html", context)


@require_safe
@for_analytics
def report(request: HttpRequest, code: str) -> HttpResponse:
    """A report's page; its card alone for htmx, which asks again while a worker is counting."""
    one = find_report(code)
    asked = ask(request, one)
    card = draw_card(request, asked)
    if request.headers.get("HX-Target", "").startswith("card-"):
        return render(request, "analytics/card.html", card)
    if (form := listing.asked_file(request)) and "answer" in card:
        return answer_report(one, form, card.get("table"), card["answer"])
    context = {"title": one.title, "form": ReportForm(asked), "tabs": tabs(asked, code), **card}
    context["verbs"] = listing.file_addresses(request) if "answer" in card else {}
    return render(request, "analytics/report.html", context)


@require_safe
@for_analytics
def rows(request: HttpRequest, code: str) -> HttpResponse:
    """The deals that one number counts: as many rows as it says, a deal again for each time it is counted."""
    one = find_report(code)
    if one.behind is None:
        raise Http404
    asked, cell = ask(request, one), read_cell(request)
    try:
        ids = one.behind(asked.terms, cell).tolist()
    except (BadQuestion, ValueError) as problem:
        raise BadScope(str(problem)) from problem
    page = Paginator(ids, listing.PAGE_SIZE).get_page(request.GET.get("page"))
    found = deals_open_to(request.user).select_related("stage", "manager").in_bulk(set(page.object_list))
    context = {
        "title": one.title,
        "report": one,
        "cell": tell_cell(asked, cell),
        "back": reverse("analytics-report", args=[code]) + asked.query(),
        "page": page,
        "count": len(ids),
        "deals": len(set(ids)),
        "rows": [found.get(key) for key in page.object_list],
    }
    return render(request, "analytics/rows.html", context)


def find_report(code: str) -> Report:
    if code not in REPORTS:
        raise Http404
    return REPORTS[code]


def draw_card(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    one = asked.report
    try:
        given = kept_reports.give_answer(one.code, asked.terms, ask_for_report)
    except BadQuestion as problem:
        raise BadScope(str(problem)) from problem
    context: dict[str, Any] = {
        "report": one,
        "asked": asked,
        "url": reverse("analytics-report", args=[one.code]) + asked.query(),
        "as_of": given.as_of,
        "fresh": given.fresh,
    }
    if given.answer is None:
        waited = (moment.now() - given.asked_at).total_seconds() if given.asked_at else 0.0
        share = min(0.95, waited / max(given.usual, 0.5))
        return context | {
            "waiting": True,
            "done": round(100 * share),
            "usual": given.usual,
            "problem": given.problem,
        }
    answer = msgspec.json.decode(given.answer)
    context |= {"n": answer.get("n"), "answer": answer}
    if one.code in DRAWN:
        body, draw = DRAWN[one.code]
        context |= {"body": body, "shown": draw(asked, answer)}
    if one.code in TABLES:
        context["table"] = TABLES[one.code](asked, answer)
    return context
