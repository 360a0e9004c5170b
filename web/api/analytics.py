"""The reports of analytics over the API: ``rows`` with their ``n``, and as of when they are known."""

from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import moment
from core.zone import portal_zone
from jobs import kept_reports as kept
from jobs.analytics import ask_for_report
from metrics.analytics import REPORTS, BadQuestion, Terms
from web.api.parameters import KnownParameters, bounded_period, check_names, read_people, read_pipelines
from web.frame.scope import BadScope

COMMON = ("pipeline", "from", "to", "manager", "group", "head", "zone")


class Reports(KnownParameters):
    """Which reports there are, what each means, and which parameters it takes."""

    @extend_schema(operation_id="api_v1_analytics_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        return Response(
            [
                {
                    "report": report.code,
                    "title": str(report.title),
                    "definition": str(report.about),
                    "chooses": str(report.chooses),
                    "parameters": [*COMMON, *(report.options or {})],
                }
                for report in REPORTS.values()
            ]
        )


class Report(APIView):
    """One report of analytics; all time without ``from`` and ``to``. Definitions are in docs/analytics.md.

    ``as_of`` tells as of when the rows are: answers that take long are kept and counted anew when data change.
    """

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "pipeline", int, description="only inside of this pipeline; all that sell without it"
            ),
            OpenApiParameter("from", description="first day, month or moment, inclusive"),
            OpenApiParameter("to", description="day, month or moment, exclusive"),
            OpenApiParameter("manager", int, description="only what is this amoCRM user's"),
            OpenApiParameter("group", description="only what is this department's"),
            OpenApiParameter(
                "head", int, description="only this head's and of those who report to him today"
            ),
            OpenApiParameter("zone", description="cuts months and weeks in another zone than the portal's"),
            *(
                OpenApiParameter(name, description=f"{report.code}: {words}")
                for report in REPORTS.values()
                for name, words in (report.options or {}).items()
            ),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        if code not in REPORTS:
            says = _("There is no report “%(value)s”; there are: %(names)s.")
            raise NotFound(says % {"value": code[:60], "names": ", ".join(REPORTS)})
        check_names(request.query_params, [*COMMON, *(REPORTS[code].options or {})])
        try:
            given = kept.give_answer(code, read_terms(request, code), ask_for_report)
            while given.answer is None:  # a program gets its answer, however long it takes
                given = kept.count_now(code, *self._again(request, code))
        except BadQuestion as problem:
            raise BadScope(str(problem)) from problem
        head = kept.write_answer({"report": code, "as_of": given.as_of, "fresh": given.fresh})
        return HttpResponse(f"{head[:-1]},{given.answer[1:]}", content_type="application/json")

    def _again(self, request: Request, code: str) -> tuple[Terms, str, dict[str, Any]]:
        terms = read_terms(request, code)
        question = kept.write_question(code, terms)
        return terms, kept.key_of(question), question


def read_terms(request: Request, code: str) -> Terms:
    """What the address asks, within what the reader sees. Raises BadScope."""
    query, zone = request.query_params, portal_zone()
    if name := query.get("zone", ""):
        if name not in available_timezones():
            raise BadScope(_("“%(value)s” is not a time zone such as Europe/Moscow.") % {"value": name[:60]})
        zone = ZoneInfo(name)
    pipelines = read_pipelines(query)
    return Terms(
        moment.now(),
        zone,
        bounded_period(query),
        read_people(request),
        next(iter(pipelines)) if pipelines else None,
        {option: query[option] for option in REPORTS[code].options or {} if query.get(option)},
    )
