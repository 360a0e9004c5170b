"""What the API's objects look like. Field names are a contract: others build on them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pipelines.mirror.freshness import Freshness
from pipelines.models import Deal, Person, Pipeline, Stage, Stay, Task
from qc import norms
from qc.models import Finding, Regulation
from qc.queries import because
from qc.rules.parameters import CLOCKS, ClockName, Count, Flag, Length, Parameter


class PipelineShape(serializers.ModelSerializer):
    kind = serializers.CharField(source="own_kind")

    class Meta:
        model = Pipeline
        fields = ["id", "name", "sort", "is_main", "is_archived", "kind"]


class StageShape(serializers.ModelSerializer):
    pipeline = serializers.IntegerField(source="pipeline_id")

    class Meta:
        model = Stage
        fields = ["id", "name", "pipeline", "status", "sort", "color", "kind"]


class ManagerShape(serializers.ModelSerializer):
    """``has_left``: no longer works here, by amoCRM or by the staff list."""

    has_left = serializers.SerializerMethodField()

    class Meta:
        model = Person
        fields = ["id", "name", "is_active", "group", "has_left"]

    def get_has_left(self, person: Person) -> bool:
        return person.pk in self.context["request"].user.leavers


class DealShape(serializers.ModelSerializer):
    pipeline = serializers.IntegerField(source="pipeline_id", allow_null=True)
    stage = serializers.CharField(source="stage_id", allow_null=True)
    manager = serializers.IntegerField(source="manager_id", allow_null=True)
    loss_reason = serializers.IntegerField(source="loss_reason_id", allow_null=True)
    stage_since = serializers.DateTimeField(allow_null=True)
    next_task_at = serializers.DateTimeField(source="next_due_at", allow_null=True)

    class Meta:
        model = Deal
        fields = [
            "id",
            "name",
            "price",
            "pipeline",
            "stage",
            "manager",
            "loss_reason",
            "created_at",
            "updated_at",
            "closed_at",
            "stage_since",
            "next_task_at",
        ]

    def to_representation(self, instance: Deal) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        asked = self.context.get("fields")
        return (
            shown if not asked else {**shown, "fields": {name: instance.fields.get(name) for name in asked}}
        )


class StayShape(serializers.ModelSerializer):
    stage = serializers.CharField(source="stage_id")
    manager = serializers.IntegerField(source="manager_id", allow_null=True)
    since = serializers.DateTimeField(source="entered_at")
    until = serializers.DateTimeField(source="left_at", allow_null=True)

    class Meta:
        model = Stay
        fields = ["stage", "manager", "since", "until", "inferred"]


class TaskShape(serializers.ModelSerializer):
    deal = serializers.IntegerField(source="deal_id", allow_null=True)
    manager = serializers.IntegerField(source="manager_id", allow_null=True)
    kind = serializers.IntegerField(source="kind_id", allow_null=True)

    class Meta:
        model = Task
        fields = ["id", "deal", "manager", "kind", "created_at", "due_at", "is_completed", "completed_at"]


class FindingShape(serializers.ModelSerializer):
    """``unit`` is what the finding is about, ``subject`` its id, ``deals`` those behind it (of a deal, itself).

    ``money``: what the finding costs its manager in the account's currency; null where it costs nothing.
    ``free_until``: before that it costs nothing, as one of the first of its rule in the month; null of any other.
    """

    deal = serializers.IntegerField(source="deal_id", allow_null=True)
    contact = serializers.IntegerField(source="contact_id", allow_null=True)
    deals = serializers.ListField(child=serializers.IntegerField())
    task = serializers.IntegerField(source="task_id", allow_null=True)
    stage = serializers.CharField(source="stage_id", allow_null=True)
    manager = serializers.IntegerField(source="manager_id", allow_null=True)
    because = serializers.SerializerMethodField()
    money = serializers.SerializerMethodField()
    free_until = serializers.DateTimeField(allow_null=True, read_only=True)

    class Meta:
        model = Finding
        fields = [
            "id",
            "rule",
            "severity",
            "unit",
            "subject",
            "deal",
            "contact",
            "deals",
            "task",
            "stage",
            "manager",
            "since",
            "opens_at",
            "closes_at",
            "because",
            "money",
            "free_until",
        ]

    def get_because(self, finding: Finding) -> str:
        return because(finding)

    def get_money(self, finding: Finding) -> Any:
        return self.context["prices"].get(finding.pk)


class RegulationShape(serializers.ModelSerializer):
    """``norms``: of each rule, as a document; beside it every parameter of them by a name of its own."""

    stage = serializers.CharField(source="stage_id")
    norms = serializers.JSONField()

    class Meta:
        model = Regulation
        fields = [
            "stage",
            "version",
            "published_at",
            "entry_result",
            "goal",
            "term",
            "automation",
            "steps",
            "norms",
        ]

    def get_fields(self) -> dict[str, Any]:
        found = super().get_fields()
        for alias, (_rule, parameter) in norms.flat_parameters().items():
            found[alias] = norm_shape(parameter)
        return found

    def to_representation(self, regulation: Regulation) -> dict[str, Any]:
        flat = norms.flat_values(norms.read_norms(regulation.norms))
        for alias, value in flat.items():
            setattr(regulation, alias, value)
        return super().to_representation(regulation)


def norm_shape(parameter: Parameter) -> serializers.Field:
    kind = parameter.kind
    if isinstance(kind, Length):
        return serializers.DurationField(allow_null=True)
    if isinstance(kind, Flag):
        return serializers.BooleanField()
    if isinstance(kind, ClockName):
        return serializers.ChoiceField(choices=CLOCKS)
    if isinstance(kind, Count):
        return serializers.IntegerField()
    return serializers.JSONField()


class TriedShape(serializers.Serializer):
    """Findings of one rule held against one manager, now and in the last 90 days; by the draft and as it is."""

    rule = serializers.CharField()
    manager = serializers.IntegerField(allow_null=True)
    now = serializers.IntegerField()
    period = serializers.IntegerField()
    now_before = serializers.IntegerField()
    period_before = serializers.IntegerField()


class ShiftShape(serializers.Serializer):
    manager = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=15, decimal_places=2)


class BacktestShape(serializers.Serializer):
    """``norms``: the regulation as it would be; ``money_shift``: this month's pay, where it can be known."""

    norms = RegulationShape()
    findings = TriedShape(many=True)
    money_shift = ShiftShape(many=True)


class ValueShape(serializers.Serializer):
    """One value of a metric: ``value`` is null when it is undefined; ``n`` is what it rests on."""

    key = serializers.CharField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]  # DRF fields have an attribute of this name
    value = serializers.DecimalField(max_digits=24, decimal_places=6, allow_null=True)
    n = serializers.IntegerField()


class FunnelShape(serializers.Serializer):
    stage = serializers.CharField()
    name = serializers.CharField()
    entered = serializers.IntegerField()
    moved_on = serializers.IntegerField()
    won = serializers.IntegerField()
    conversion = serializers.FloatField(allow_null=True)
    median_days = serializers.FloatField(allow_null=True)


class TransitionShape(serializers.Serializer):
    stage = serializers.CharField()
    next_stage = serializers.CharField()
    loss_reason = serializers.IntegerField(allow_null=True)
    n = serializers.IntegerField()
    median_days = serializers.FloatField()
    mean_days = serializers.FloatField()


class ComparisonShape(serializers.Serializer):
    """What the last comparison with amoCRM found; vanished rows that were too many to be believed are not repaired."""

    finished_at = serializers.DateTimeField()
    checked = serializers.IntegerField()
    missing = serializers.IntegerField()
    outdated = serializers.IntegerField()
    vanished = serializers.IntegerField()
    repaired = serializers.IntegerField()


class FreshnessShape(serializers.Serializer):
    """Limits in seconds; ``comparison`` is null for what is never compared, and before the first comparison."""

    entity = serializers.CharField()
    as_of = serializers.DateTimeField(allow_null=True)
    rows = serializers.IntegerField()
    state = serializers.CharField()
    stale_after = serializers.SerializerMethodField()
    critical_after = serializers.SerializerMethodField()
    comparison = serializers.SerializerMethodField()

    def get_stale_after(self, row: Freshness) -> int:
        return int(row.stale_after.total_seconds())

    def get_critical_after(self, row: Freshness) -> int:
        return int(row.critical_after.total_seconds())

    @extend_schema_field(ComparisonShape(allow_null=True))
    def get_comparison(self, row: Freshness) -> dict[str, Any] | None:
        found = self.context["comparisons"].get(row.entity)
        return ComparisonShape(found).data if found else None
