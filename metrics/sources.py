"""The rows that metrics count: deals, tasks and touches, with whom and what stage they are credited to."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import (
    Aggregate,
    Case,
    CharField,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)
from django.db.models.functions import Coalesce, Extract, TruncDate

from core.periods import Period
from core.zone import portal_zone
from metrics.credit import credited_to, share_of
from metrics.options import amount, dated, narrow
from metrics.question import Question
from pipelines.models import Deal, Stage, Stay, Task, Touch
from timeline.attribution import WORKING, owner_at, passed_on, piece_at, results, selling

WON, LOST = Stage.Kind.WON, Stage.Kind.LOST


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


def check_fields(options: Mapping[str, str]) -> None:
    """Raises UnknownField, with a sentence, when the account has no such fields now or a value makes no sense."""
    amount(options)
    narrow(*dated(Deal.objects.all(), options), options)
    credited_to(options, "closed_at")
    share_of(options)


def deals_created_in(period: Period) -> QuerySet[Any]:
    return Deal.objects.alive().filter(created_at__gte=period.start, created_at__lt=period.end)


def created_deals(question: Question) -> QuerySet[Any]:
    """Deals created in the period, credited to whose they were then, on the stage where they began."""
    first_stage = Subquery(piece_at("created_at").values("stage_id")[:1])
    return narrow(deals_created_in(question.period), "created_at", question.options).annotate(
        who=owner_at("created_at"),
        funnel=F("pipeline_id"),
        step=Coalesce(first_stage, F("stage_id"), output_field=CharField()),
    )


def closed_deals(question: Question, *kinds: str) -> QuerySet[Any]:
    """Deals that were sold or lost (``kinds``) in the period, credited to the owner at that moment (or as the option
    ``credit`` says), which is told in ``closing``; ``result`` is which of the two.

    They stand closed in a pipeline that sells, or went on from there (`timeline.attribution.results`).
    """
    deals: Any  # with columns that no model has
    period, (deals, date) = question.period, dated(Deal.objects.alive(), question.options)
    by_closing, here = date == "closed_at", selling() & Q(stage__kind__in=kinds, closed_at__isnull=False)
    if by_closing:
        here &= Q(closed_at__gte=period.start, closed_at__lt=period.end)
    elsewhere = passed_on(period.start, period.end) if by_closing else passed_on()
    deals = deals.filter(here if elsewhere is None else here | elsewhere).annotate(**results())
    date = "closing" if by_closing else date
    deals = deals.filter(**{f"{date}__gte": period.start, f"{date}__lt": period.end}, result__in=kinds)
    return narrow(deals, date, question.options).annotate(
        at=F(date),
        who=credited_to(question.options, "closing"),
        funnel=F("sold_in"),
        step=stage_before("closing"),
        reason=F("loss_reason_id"),
    )


def won_deals(question: Question) -> QuerySet[Any]:
    return closed_deals(question, WON)


def lost_deals(question: Question) -> QuerySet[Any]:
    return closed_deals(question, LOST)


def ended_deals(question: Question) -> QuerySet[Any]:
    return closed_deals(question, WON, LOST)


def open_deals(question: Question) -> QuerySet[Any]:
    """Deals that were open at the question's moment, credited to whose they are."""
    at = question.moment
    deals = Deal.objects.filter(
        Q(deleted_at=None) | Q(deleted_at__gt=at), Q(closed_at=None) | Q(closed_at__gt=at)
    )
    return deals.filter(created_at__lte=at).annotate(
        who=F("manager_id"), funnel=F("pipeline_id"), step=F("stage_id")
    )


def touches(question: Question, *kinds: str) -> QuerySet[Touch]:
    """Calls and messages of the period, credited to who made or took them."""
    period = question.period
    found = Touch.objects.filter(at__gte=period.start, at__lt=period.end, kind__in=kinds)
    return found.annotate(who=F("manager_id"), funnel=F("deal__pipeline_id"))


def owned_tasks(tasks: QuerySet[Task], at: Any) -> QuerySet[Task]:
    """``at``: the moment (or its column) at which a task is somebody's; of one who had left by then it is nobody's."""
    day = TruncDate(at, tzinfo=portal_zone())
    here = Q(manager__employee__left_on=None) | Q(manager__employee__left_on__gte=day)
    here &= Q(manager__employee__hired_on=None) | Q(manager__employee__hired_on__lte=day)
    owner = Case(When(here, then=F("manager_id")))
    return tasks.annotate(who=owner, funnel=F("deal__pipeline_id"), step=F("deal__stage_id"))


def seconds(length: Any) -> Extract:
    """An interval as seconds."""
    return Extract(length, "epoch")


def decimal(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))
