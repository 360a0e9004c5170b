"""Appeals over the API: filed against a finding, listed, decided by a second person."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from core import moment
from kpi.disputes import decide_appeal
from qc import appeals
from qc.models import Appeal, Finding
from team.models import Employee
from web.api.parameters import KnownFilters
from web.frame.filters import NO_SUCH, FilterSet, Number


def _reader(request: Request) -> Employee:
    reader: Employee = request.user  # type: ignore[assignment]  # closed to strangers
    return reader


class AppealShape(serializers.ModelSerializer):
    """``finding``, ``author`` and ``reviewer`` are ids; ``decision`` is empty until there is one.

    ``counts_from``: of a decision in part, from when the finding counts. A decided appeal closes after a week.
    """

    finding = serializers.IntegerField(source="finding_id")
    author = serializers.IntegerField(source="author_id")
    reviewer = serializers.IntegerField(source="reviewer_id", allow_null=True)
    state = serializers.SerializerMethodField()

    class Meta:
        model = Appeal
        fields = [
            "id",
            "state",
            "finding",
            "author",
            "reason",
            "text",
            "filed_at",
            "due_at",
            "reviewer",
            "decision",
            "decision_text",
            "counts_from",
            "decided_at",
        ]

    def get_state(self, appeal: Appeal) -> str:
        return str(appeal.state_at(moment.now()))


class FiledShape(serializers.Serializer):
    """``key``: one of the sender's own, so that what is sent twice is filed once."""

    reason = serializers.ChoiceField(choices=Appeal.Reason.choices)
    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=appeals.LONGEST)
    key = serializers.UUIDField(required=False, default=None, allow_null=True)


class DecidedShape(serializers.Serializer):
    decision = serializers.ChoiceField(choices=Appeal.Decision.choices)
    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=appeals.LONGEST)
    counts_from = serializers.DateTimeField(required=False, default=None, allow_null=True)


class AppealFilter(FilterSet):
    """``state`` is that which was kept: a decided appeal that closed by itself is found by «decided»."""

    state = filters.ChoiceFilter(choices=Appeal.State.choices, label="state", error_messages=NO_SUCH)
    finding = Number("finding_id", label="finding")

    class Meta:
        model = Appeal
        fields: list[str] = []


class Appeals(KnownFilters, ReadOnlyModelViewSet):
    """Appeals that the reader may see, those that wait first."""

    queryset = Appeal.objects.none()
    serializer_class = AppealShape
    filterset_class = AppealFilter

    def get_queryset(self) -> QuerySet[Appeal]:
        return appeals.list_appeals(_reader(self.request))

    @extend_schema(request=DecidedShape, responses=AppealShape)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Decide an appeal; the same decision sent twice is made once."""
        appeal = self.get_object()
        if not appeal.decided_at and not appeals.may_decide(appeal, _reader(request)):
            raise PermissionDenied(
                _("An appeal is decided by a second person, who had no hand in the finding.")
            )
        said = DecidedShape(data=request.data)
        said.is_valid(raise_exception=True)
        try:
            decided, _settled = decide_appeal(appeal, _reader(request), **said.validated_data)
        except ValueError as error:
            raise ValidationError({"detail": str(error)}) from error
        return Response(AppealShape(decided).data)


class Appealable:
    """What a list of findings has beside: an address to object to one."""

    @extend_schema(request=FiledShape, responses={201: AppealShape})
    @action(detail=True, methods=["post"], filterset_class=None)
    def appeal(self, request: Request, pk: str) -> Response:
        """Object to a finding, as the person whom it is held against, or his head; sent twice it is filed once."""
        finding: Any = self.get_object()  # type: ignore[attr-defined]  # of the list that it stands beside
        assert isinstance(finding, Finding)
        if not appeals.may_appeal(finding, _reader(request)):
            raise PermissionDenied(
                _("Only the person whom a finding is held against, or his head, can object to it.")
            )
        said = FiledShape(data=request.data)
        said.is_valid(raise_exception=True)
        try:
            filed = appeals.file_appeal(finding, _reader(request), **said.validated_data)
        except ValueError as error:
            raise ValidationError({"detail": str(error)}) from error
        return Response(AppealShape(filed).data, status=201)
