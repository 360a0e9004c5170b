"""``reports/``: frozen reports by their number, as the bytes that were frozen."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.viewsets import ReadOnlyModelViewSet

from notices.models import Report
from web.api.parameters import KnownFilters


class ReportShape(serializers.ModelSerializer):
    """``digest``: SHA-256 of the frozen document, which the report's own address answers byte for byte."""

    head = serializers.CharField(source="head.username", default=None, allow_null=True)

    class Meta:
        model = Report
        fields = ["number", "kind", "label", "head", "as_of", "digest"]


class Reports(KnownFilters, ReadOnlyModelViewSet):
    queryset = Report.objects.none()
    serializer_class = ReportShape
    filterset_fields = ("kind", "label")
    lookup_field = "number"
    lookup_url_kwarg = "pk"
    lookup_value_regex = r"\d{1,9}"

    def get_queryset(self) -> QuerySet[Any]:
        return (
            Report.objects.visible_to(self.request.user)
            .select_related("head")
            .defer("body")
            .order_by("-number")
        )

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]  # no page of rest_framework
        """The document as it was frozen."""
        answer = HttpResponse(bytes(self.get_object().body), content_type="application/json")
        answer["ETag"] = f'"{self.get_object().digest}"'
        return answer
