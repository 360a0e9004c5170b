"""What the API’s objects of pay look like. Field names are a contract: others build on them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kpi.next_actions import Way
from kpi.next_steps import Action
from kpi.presentation import ShownStatement


class LineShape(serializers.Serializer):
    code = serializers.CharField()
    title = serializers.CharField()
    amount = serializers.DecimalField(max_digits=15, decimal_places=2)
    because = serializers.CharField()


class DifferenceShape(serializers.Serializer):
    """A deal that a closed month counts otherwise than it would now. ``counted``, ``now``: null is not at all.

    ``why``: late, reopened, lost, deleted, repriced, redated, reowned. ``pay``: what it alone would change.
    """

    deal = serializers.IntegerField()
    measure = serializers.CharField()
    why = serializers.CharField()
    counted = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)
    now = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)
    sales = serializers.DecimalField(max_digits=24, decimal_places=2)
    pay = serializers.DecimalField(max_digits=15, decimal_places=2)


class StatementShape(serializers.Serializer):
    """``since_closed``: what has changed since, of the sales that the month was paid by."""

    manager = serializers.IntegerField(source="manager_id")
    period = serializers.DateField(format="%Y-%m")
    status = serializers.CharField()
    total = serializers.DecimalField(max_digits=15, decimal_places=2)
    computed_at = serializers.DateTimeField()
    lines = LineShape(many=True)
    since_closed = serializers.SerializerMethodField()

    @extend_schema_field(DifferenceShape(many=True))
    def get_since_closed(self, shown: ShownStatement) -> Any:
        found = self.context["differences"].get(shown.pk)
        return DifferenceShape(found.rows if found else (), many=True).data


class ActionShape(serializers.Serializer):
    """``kind``: «win» a deal, or put right a «case» of ``rule`` before ``until`` (null: it counts already).

    ``worth`` is what it is ranked by, in roubles of this month's pay; of a deal ``gain`` times the chance, null in
    ``chance`` where too few deals have stood there to tell.
    """

    kind = serializers.SerializerMethodField()
    deal = serializers.IntegerField(source="deal.pk", default=None, allow_null=True)
    rule = serializers.CharField(source="finding.rule", default=None, allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    worth = serializers.DecimalField(max_digits=15, decimal_places=2)
    low = serializers.DecimalField(max_digits=15, decimal_places=2)
    high = serializers.DecimalField(max_digits=15, decimal_places=2)
    gain = serializers.DecimalField(
        source="prospect.gain", max_digits=15, decimal_places=2, default=None, allow_null=True
    )
    chance = serializers.DecimalField(
        source="prospect.chance.share", max_digits=7, decimal_places=6, default=None, allow_null=True
    )

    def get_kind(self, row: Action) -> str:
        return "case" if row.prospect is None else "win"


class WayShape(serializers.Serializer):
    """``sales``: how much more is needed, null where no sales bring it; ``deals``: those to go after."""

    target = serializers.DecimalField(max_digits=15, decimal_places=2)
    ending = serializers.DecimalField(max_digits=15, decimal_places=2)
    sales = serializers.DecimalField(max_digits=15, decimal_places=2, allow_null=True)
    shifts = serializers.IntegerField()
    enough = serializers.BooleanField()
    expected = serializers.DecimalField(max_digits=20, decimal_places=2)
    deals = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_deals(self, way: Way) -> list[int]:
        return [one.deal for one in way.deals]


class NextShape(serializers.Serializer):
    actions = ActionShape(many=True)
    unpriced = serializers.IntegerField()
    way = WayShape(allow_null=True)
