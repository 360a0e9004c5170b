"""``notices/``: what was said to whom, when, on which channel, and how it went."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from notices.kinds import KINDS
from notices.models import Delivery
from notices.telegram.markup import plain
from web.api.parameters import KnownFilters
from web.notices.deliveries import DeliveryFilter


class NoticeShape(serializers.ModelSerializer):
    """A delivery. ``text`` is what stands in the chat or the mail; empty behind the bell and before it is sent.

    ``step`` is the rung of the chain (0: the person himself), ``copy`` above 0 a repeat, ``lead`` the delivery with
    which it went as one message.
    """

    kind = serializers.CharField(source="notice.kind")
    at = serializers.DateTimeField(source="notice.at")
    fixed_at = serializers.DateTimeField(source="notice.fixed_at", allow_null=True)
    answer = serializers.CharField(source="notice.answer")
    deal = serializers.IntegerField(source="notice.deal_id", allow_null=True)
    finding = serializers.IntegerField(source="notice.finding_id", allow_null=True)
    employee = serializers.CharField(source="employee.username", default=None, allow_null=True)
    chat = serializers.SerializerMethodField()
    lead = serializers.IntegerField(source="lead_id", allow_null=True)
    text = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            "id",
            "kind",
            "at",
            "fixed_at",
            "answer",
            "deal",
            "finding",
            "employee",
            "chat",
            "channel",
            "step",
            "copy",
            "lead",
            "state",
            "reason",
            "due_at",
            "sent_at",
            "read_at",
            "text",
        ]

    def get_chat(self, row: Delivery) -> str | None:
        """Of a group chat its title."""
        return str(row.address) if row.employee_id is None and row.address is not None else None

    def get_text(self, row: Delivery) -> str:
        return plain(row.text)


class Notices(KnownFilters, ReadOnlyModelViewSet):
    queryset = Delivery.objects.none()
    serializer_class = NoticeShape
    filterset_class = DeliveryFilter

    def get_queryset(self) -> QuerySet[Any]:
        return (
            Delivery.objects.visible_to(self.request.user)
            .filter(notice__kind__in=KINDS)
            .select_related("notice", "employee", "address")
            .order_by("-due_at", "-pk")
        )
