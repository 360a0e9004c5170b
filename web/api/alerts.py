"""``alerts/``: weeks of people and stages unlike the thirteen before them."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from core import moment
from core.zone import local_day
from metrics.week_measures import MEASURES
from notices.models import Alert, AlertMute
from web.api.parameters import KnownFilters
from web.notices.alerts import AlertFilter, say


class AlertShape(serializers.ModelSerializer):
    """``top`` of ``base`` in the week, ``rate`` per hundred; ``usual`` is the median of ``weeks`` weeks before, ``z``
    how far off. One of ``person`` and ``stage`` stands. ``muted_until`` is the reader's own."""

    person = serializers.IntegerField(source="person_id", allow_null=True)
    stage = serializers.CharField(source="stage_id", allow_null=True)
    good = serializers.BooleanField(source="is_good")
    muted_until = serializers.DateField(allow_null=True)
    text = serializers.SerializerMethodField()

    class Meta:
        model = Alert
        fields = [
            "id", "week", "measure", "person", "stage", "top", "base", "rate", "usual", "z", "weeks", "good",
            "found_at", "muted_until", "text",
        ]  # fmt: skip

    def get_text(self, row: Alert) -> str:
        return say(row)


class Alerts(KnownFilters, ReadOnlyModelViewSet):
    queryset = Alert.objects.none()
    serializer_class = AlertShape
    filterset_class = AlertFilter

    def get_queryset(self) -> QuerySet[Any]:
        user, day = self.request.user, local_day(moment.now())
        mutes = AlertMute.objects.filter(employee=user.pk, about=OuterRef("about"), until__gt=day)
        return (
            Alert.objects.visible_to(user)
            .filter(measure__in=MEASURES)
            .select_related("person", "stage__pipeline")
            .annotate(muted_until=Subquery(mutes.values("until")[:1]))
            .order_by("-week", "-pk")
        )
