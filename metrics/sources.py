"""The rows that metrics of deals count: deals at a moment, with the owner and the stage of that moment."""

from decimal import Decimal
from typing import Any

from django.db.models import (
    Aggregate,
    CharField,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce, Extract

from metrics.options import dated
from metrics.question import Question
from pipelines.models import Deal, Stay
from timeline.attribution import WORKING, owner_at, owner_at_closing, piece_at


class Median(Aggregate):
    """The exact median (interpolated between the middle two)."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def stage_before(moment: str) -> Subquery:
    """The last working stage that the deal stood on up to ``moment``: where it was lost from."""
    pieces = Stay.objects.filter(deal=OuterRef("pk"), entered_at__lte=OuterRef(moment))
    working = pieces.filter(stage__kind__in=WORKING)
    return Subquery(working.order_by("-entered_at").values("stage_id")[:1])


def created(question: Question) -> QuerySet[Any]:
    """Deals created in the period, credited to whose they were then, on the stage where they began."""
    deals = Deal.objects.alive().filter(
        created_at__gte=question.period.start, created_at__lt=question.period.end
    )
    first_stage = Subquery(piece_at("created_at").values("stage_id")[:1])
    return deals.annotate(
        who=owner_at("created_at"),
        funnel=F("pipeline_id"),
        step=Coalesce(first_stage, F("stage_id"), output_field=CharField()),
    )


def closed(question: Question, *kinds: str) -> QuerySet[Any]:
    """Deals that stand closed with a result of ``kinds`` in the period, credited to the owner at closing."""
    period, (deals, date) = question.period, dated(Deal.objects.alive(), question.options)
    deals = deals.filter(**{f"{date}__gte": period.start, f"{date}__lt": period.end}, closed_at__isnull=False)
    return deals.filter(stage__kind__in=kinds).annotate(
        at=F(date),
        who=owner_at_closing(),
        funnel=F("pipeline_id"),
        step=stage_before("closed_at"),
        reason=F("loss_reason_id"),
    )


def open_deals(question: Question) -> QuerySet[Any]:
    """Deals that were open at the question's moment, credited to whose they are."""
    at = question.moment
    deals = Deal.objects.filter(
        Q(deleted_at=None) | Q(deleted_at__gt=at), Q(closed_at=None) | Q(closed_at__gt=at)
    )
    return deals.filter(created_at__lte=at).annotate(
        who=F("manager_id"), funnel=F("pipeline_id"), step=F("stage_id")
    )


def seconds(length: Any) -> Extract:
    """An interval as seconds."""
    return Extract(length, "epoch")


def decimal(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))
