"""``decisions/`` and ``proposals/``: what was decided about which deals and what became of them; what to do first."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from core import moment
from core.zone import local_day
from metrics.proposals import due_on
from notices import decisions as life
from notices import proposed
from notices.decision_results import Result, measure_results
from notices.decision_wording import Names, describe, names_of, title_of
from notices.models import Decision
from team.models import Employee
from web.api.parameters import KnownFilters, KnownParameters, read_people


class DecisionShape(serializers.ModelSerializer):
    """``result`` is as of now: of ``n`` deals so many won, lost, moved, standing; ``like_share`` of ``like_n`` like
    deals outside of the list left the same stages. ``deals`` stands on a single decision only."""

    title = serializers.SerializerMethodField()
    owner = serializers.CharField(source="owner.username", default=None, allow_null=True)
    report = serializers.IntegerField(source="report.number", default=None, allow_null=True)
    result = serializers.SerializerMethodField()

    class Meta:
        model = Decision
        fields = [
            "id", "kind", "title", "text", "state", "owner", "due_on", "moves", "as_of", "n", "money", "expected",
            "report", "taken_at", "ended_at", "outcome", "result",
        ]  # fmt: skip

    def get_title(self, row: Decision) -> str:
        return title_of(row, self.context["names"])

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get_result(self, row: Decision) -> dict[str, Any] | None:
        found: Result | None = self.context["results"].get(row.pk)
        if found is None:
            return None
        names = ("won", "won_sum", "lost", "moved", "standing", "handed", "planned", "left_share", "like_n",
                 "like_share")  # fmt: skip
        return {name: _plain(getattr(found, name)) for name in names}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


class Decisions(KnownFilters, ReadOnlyModelViewSet):
    queryset = Decision.objects.none()
    serializer_class = DecisionShape
    filterset_fields = ("state", "kind")

    def get_queryset(self) -> QuerySet[Any]:
        rows = Decision.objects.visible_to(self.request.user).select_related("owner", "report")
        return rows.order_by("-as_of", "place", "pk")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = list(self.paginate_queryset(self.filter_queryset(self.get_queryset())) or ())
        return self.get_paginated_response(self._shaped(page))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        one = self.get_object()
        [shaped] = self._shaped([one])
        deals = one.deals.order_by("-price", "deal_id").values(
            "deal", "price", "expected", "stage", "manager", "planned"
        )
        return Response({**shaped, "deals": [{k: _plain(v) for k, v in row.items()} for row in deals]})

    def _shaped(self, rows: Sequence[Decision]) -> Any:
        context = {
            **self.get_serializer_context(),
            "names": names_of(rows),
            "results": measure_results(rows, moment.now()),
        }
        return DecisionShape(rows, many=True, context=context).data


class Proposals(KnownParameters):
    """What to do first, the best first: the piles of open deals that the reader sees."""

    parameters = ("manager", "group", "head")

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        if not request.user.directs:
            raise NotFound
        now = moment.now()
        found = proposed.list_proposals(now, read_people(request), reader=cast(Employee, request.user))
        names = Names([life.facts_of(one) for one in found.proposals])
        staff, rows = life.Staff(local_day(now)), []
        for one in found.proposals:
            title, why, how = describe(one, names)
            owner = staff.find_owner(one)
            rows.append(
                {
                    "key": one.key, "kind": one.kind, "title": title, "why": why, "n": one.n, "deals": list(one.deals),
                    "money": str(one.money), "expected": str(one.expected) if one.sure else None, "sure": one.sure,
                    "how": how, "stuck": one.stuck, "oldest": one.oldest, "person": one.person, "stage": one.stage,
                    "owner": owner.username if owner else None, "due_on": due_on(one, local_day(now)),
                }
            )  # fmt: skip
        return Response({"as_of": found.as_of, "rows": rows})
