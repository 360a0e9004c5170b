"""The API's lists and questions. Every queryset goes through ``visible_to``; filters are those of the pages."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

import metrics
from core import moment
from kpi.backtest import try_norms
from kpi.differences import find_differences
from kpi.models import Statement
from kpi.presentation import show_statement
from kpi.prices import finding_prices
from metrics import transitions
from pipelines.mirror import comparisons, freshness
from pipelines.models import Deal, Person, Pipeline, PipelineKind, Stage, Stay, Task
from qc import first_times, regulations
from qc.backtest import judge_by_norms
from qc.models import Finding
from web.api import money_shapes, shapes
from web.api.appeals import Appealable
from web.api.parameters import (
    KnownFilters,
    KnownParameters,
    bounded_period,
    period_of,
    read_fields,
    read_people,
    read_pipelines,
)
from web.deals.filters import DealFilter, TaskFilter
from web.findings.filters import FindingFilter, open_to
from web.frame.scope import no_pipeline, read_month, read_person, read_pipeline

PERIOD = [
    OpenApiParameter(
        "from", description="first day, month or moment, inclusive; the present month without it"
    ),
    OpenApiParameter("to", description="day, month or moment, exclusive; the present moment without it"),
]


class Pipelines(KnownFilters, ReadOnlyModelViewSet):
    """``kind``: what a pipeline is for, as an administrator has said: sales, service, supply or robot."""

    queryset = Pipeline.objects.filter(deleted_at=None)
    serializer_class = shapes.PipelineShape

    def get_queryset(self) -> QuerySet[Pipeline]:
        said = PipelineKind.objects.filter(pipeline=OuterRef("pk")).values("kind")
        kind = Coalesce(Subquery(said), Value(PipelineKind.Kind.SALES.value))
        return super().get_queryset().annotate(own_kind=kind)


class Stages(KnownFilters, ReadOnlyModelViewSet):
    queryset = Stage.objects.filter(deleted_at=None)
    serializer_class = shapes.StageShape
    filterset_fields = ["pipeline"]
    lookup_value_regex = r"[0-9]+:[0-9]+"


class Managers(KnownFilters, ReadOnlyModelViewSet):
    queryset = Person.objects.order_by("id")
    serializer_class = shapes.ManagerShape

    def get_queryset(self) -> QuerySet[Person]:
        people = super().get_queryset()
        sees = self.request.user.sees
        return people if sees is None else people.filter(pk__in=sees)


class Deals(KnownFilters, ReadOnlyModelViewSet):
    """``fields=501,502`` adds what these custom fields hold, by their ids."""

    queryset = Deal.objects.none()
    serializer_class = shapes.DealShape
    filterset_class = DealFilter

    def known_parameters(self) -> list[str]:
        return [*super().known_parameters(), *(["fields"] if self.action in ("list", "retrieve") else [])]

    def get_queryset(self) -> QuerySet[Deal]:
        return Deal.objects.alive().visible_to(self.request.user)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "fields": read_fields(self.request.query_params)}

    @extend_schema(responses=shapes.StayShape(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def history(self, request: Request, pk: str) -> Response:
        """Where the deal stood and whose it was, piece by piece; ``inferred``: the event of entering never came."""
        deal = self.get_object()
        pieces = Stay.objects.filter(deal=deal).order_by("entered_at", "visit", "pk")
        return Response(shapes.StayShape(pieces, many=True).data)


class Tasks(KnownFilters, ReadOnlyModelViewSet):
    queryset = Task.objects.none()
    serializer_class = shapes.TaskShape
    filterset_class = TaskFilter

    def get_queryset(self) -> QuerySet[Task]:
        return Task.objects.filter(deleted_at=None).visible_to(self.request.user)


class Findings(Appealable, KnownFilters, ReadOnlyModelViewSet):
    queryset = Finding.objects.none()
    serializer_class = shapes.FindingShape
    filterset_class = FindingFilter

    def get_queryset(self) -> QuerySet[Finding]:
        rows = open_to(self.request.user, self.request.query_params)
        return rows.select_related("deal", "task", "stage", "manager")

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        rows = args[0] if args else []
        found = [rows] if isinstance(rows, Finding) else list(rows)
        first_times.note_free(found)
        prices = finding_prices(found) if found and self.request.user.sees_money else {}
        kwargs["context"] = {**self.get_serializer_context(), "prices": prices}
        return self.get_serializer_class()(*args, **kwargs)


METRIC_OPTIONS = ("field", "date", "when", "where", "credit", "share")


class Metric(KnownParameters):
    """One metric of a period, whole or by a dimension; definitions in docs/metrics.md."""

    parameters = ("from", "to", "by", *METRIC_OPTIONS, "pipeline", "manager", "group", "head")

    @extend_schema(
        parameters=[
            *PERIOD,
            OpenApiParameter(
                "by", description="manager, pipeline, stage, loss_reason, group, week, month or field:501"
            ),
            OpenApiParameter(
                "field", description="what money metrics sum: price (default) or a custom field's id"
            ),
            OpenApiParameter("date", description="what dates it: closed_at (default) or a custom field's id"),
            OpenApiParameter("when", description="only deals in which a field is filled: field:501"),
            OpenApiParameter(
                "where", description="only deals in which a field holds a value: field:501:Avito"
            ),
            OpenApiParameter("credit", description="closing (default), first, stage:… or field:501"),
            OpenApiParameter("share", description="the part of sums that is credited, above 0 up to 1"),
            OpenApiParameter("pipeline", int, description="only of this pipeline"),
            OpenApiParameter("manager", int, description="only what is credited to this amoCRM user"),
            OpenApiParameter("group", description="only what is credited to this department"),
            OpenApiParameter(
                "head", int, description="only to this head and to those who report to him today"
            ),
        ],
        responses=shapes.ValueShape(many=True),
    )
    def get(self, request: Request, code: str) -> Response:
        if code not in metrics.METRICS:
            raise NotFound(_("There is no metric “%(value)s”.") % {"value": code})
        query = request.query_params
        options = {name: query[name] for name in METRIC_OPTIONS if query.get(name)}
        try:
            values = metrics.measure(
                code,
                period_of(request),
                by=query.get("by") or None,
                people=read_people(request),
                options=options,
                pipelines=read_pipelines(query),
            )
        except ValueError as error:
            raise ValidationError({"detail": str(error)}) from error
        return Response(shapes.ValueShape(values, many=True).data)


class Funnel(KnownParameters):
    """Stages of a pipeline for the deals that first entered them in the period."""

    parameters = ("pipeline", "from", "to")

    @extend_schema(
        parameters=[OpenApiParameter("pipeline", int, required=True), *PERIOD],
        responses=shapes.FunnelShape(many=True),
    )
    def get(self, request: Request) -> Response:
        pipeline = read_pipeline(request.query_params)
        if pipeline is None or not Pipeline.objects.filter(pk=pipeline).exists():
            raise no_pipeline("" if pipeline is None else pipeline)
        period = period_of(request)
        stages = transitions.find_funnel(pipeline, period, request.user.sees)
        return Response(shapes.FunnelShape(stages, many=True).data)


class Transitions(KnownParameters):
    """Moves from stage straight to stage with the length of the visits that they ended; all time without dates."""

    parameters = ("stage", "next_stage", "from", "to")

    @extend_schema(
        parameters=[OpenApiParameter("stage"), OpenApiParameter("next_stage"), *PERIOD],
        responses=shapes.TransitionShape(many=True),
    )
    def get(self, request: Request) -> Response:
        query = request.query_params
        period = bounded_period(query)
        moves = transitions.list_transitions(
            query.get("stage") or None,
            query.get("next_stage") or None,
            period.start if period else None,
            period.end if period else None,
            request.user.sees,
        )
        return Response(shapes.TransitionShape(moves, many=True).data)


class Statements(KnownParameters):
    """Statements of a month, the reader's own or everybody's the reader may see."""

    parameters = ("period", "manager")

    @extend_schema(
        parameters=[OpenApiParameter("period", description="2026-11"), OpenApiParameter("manager", int)],
        responses=money_shapes.StatementShape(many=True),
    )
    def get(self, request: Request) -> Response:
        query = request.query_params
        rows = (
            Statement.objects.visible_to(request.user)
            .select_related("scheme")
            .prefetch_related("lines__author")
            .order_by("manager_id")
        )
        rows = rows.filter(period=read_month(query).first)
        if (manager := read_person(query)) is not None:
            rows = rows.filter(manager_id=manager)
        known = {"differences": find_differences(rows)}
        shown = [show_statement(row) for row in rows]
        return Response(money_shapes.StatementShape(shown, many=True, context=known).data)


class Regulations(KnownParameters):
    """Regulations in force."""

    @extend_schema(responses=shapes.RegulationShape(many=True))
    def get(self, request: Request) -> Response:
        rows = sorted(regulations.in_force().values(), key=lambda row: row.stage_id)
        return Response(shapes.RegulationShape(rows, many=True).data)


class Backtest(APIView):
    """What changed norms would find on the stage's history, and move in this month's pay. Writes nothing."""

    @extend_schema(request=OpenApiTypes.OBJECT, responses=shapes.BacktestShape)
    def post(self, request: Request, stage: str) -> Response:
        if not request.user.administers:
            raise PermissionDenied(_("Only an administrator tries rules on history."))
        if not Stage.objects.filter(pk=stage).exists():
            raise NotFound(_("There is no stage “%(value)s”.") % {"value": stage})
        try:
            norms = dict(request.data)
            tried = {
                "norms": regulations.draft(stage, **norms),
                "findings": judge_by_norms(stage, norms),
                "money_shift": [
                    {"manager": manager, "amount": amount}
                    for manager, amount in try_norms(stage, norms).items()
                ],
            }
        except (ValueError, TypeError) as error:
            raise ValidationError({"detail": str(error)}) from error
        return Response(shapes.BacktestShape(tried).data)


class Freshness(KnownParameters):
    """How old each entity of the mirror is, and how far it had drifted when it was last compared with amoCRM."""

    @extend_schema(responses=shapes.FreshnessShape(many=True))
    def get(self, request: Request) -> Response:
        known = {"comparisons": comparisons.comparisons()}
        return Response(
            shapes.FreshnessShape(freshness.read_freshness(moment.now()), many=True, context=known).data
        )
