"""Whose a deal was at a moment: one answer for pay, lists and the desk. As expressions over deals."""

from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from core import account
from pipelines.models import Stage, Stay

WORKING = [Stage.Kind.INCOMING, Stage.Kind.WORK]
# `owner_at_closing` for a deal ``d``, where a statement is written by hand
OWNER_AT_CLOSING = """coalesce(
    (select s.manager_id from pipelines_stay s join pipelines_stage g on g.id = s.stage_id
     where s.deal_id = d.id and s.left_at = d.closed_at and g.kind in ('incoming', 'work') and s.manager_id is not null
     order by s.entered_at desc limit 1),
    (select s.manager_id from pipelines_stay s
     where s.deal_id = d.id and s.entered_at <= d.closed_at and (s.left_at is null or s.left_at > d.closed_at) limit 1),
    d.manager_id)"""

# `was_open` for a deal ``d`` at the moment of a touch ``t``
OPEN_AT_TOUCH = """exists (
    select from pipelines_stay s join pipelines_stage g on g.id = s.stage_id and g.kind in ('incoming', 'work')
    where s.deal_id = d.id and s.entered_at <= t.at and (s.left_at is null or s.left_at > t.at))"""


def piece_at(moment: str) -> QuerySet[Stay]:
    """The piece of the outer deal's life that holds the moment in column ``moment``."""
    return Stay.objects.filter(
        Q(left_at=None) | Q(left_at__gt=OuterRef(moment)),
        deal=OuterRef("pk"),
        entered_at__lte=OuterRef(moment),
    )


def was_open(moment: str, deal: Any) -> Exists:
    """Whether ``deal`` (its id, or a reference to it) was open at the moment in column ``moment`` of the outer rows."""
    held = Q(left_at=None) | Q(left_at__gt=OuterRef(moment))
    return Exists(
        Stay.objects.filter(held, deal=deal, entered_at__lte=OuterRef(moment), stage__kind__in=WORKING)
    )


def owner_at(moment: str) -> Coalesce:
    """Whose the deal was at the moment in column ``moment``; without a history, whose it is."""
    return Coalesce(
        Subquery(piece_at(moment).values("manager_id")[:1]), F("manager_id"), output_field=BigIntegerField()
    )


def owner_at_closing(closing: str = "closed_at") -> Coalesce:
    """Whose the deal was when it was closed; handed over in that very second, it was still the giver's work."""
    worked = Stay.objects.filter(
        deal=OuterRef("pk"), left_at=OuterRef(closing), stage__kind__in=WORKING, manager__isnull=False
    )
    last = Subquery(worked.order_by("-entered_at").values("manager_id")[:1])
    return Coalesce(last, owner_at(closing), output_field=BigIntegerField())


def selling() -> Q:
    """Deals (by their ``pipeline``) that stand where something is sold."""
    others = account.own().not_selling
    return ~Q(pipeline__in=others) if others else Q()


def results() -> dict[str, Any]:
    """The result of selling a deal, as expressions: ``closing`` (its moment), ``result`` (kind of stage), ``sold_in``
    (pipeline).

    A win stands while the deal goes on where nothing is sold (delivery, service); lost there, it is lost, and back
    where it is sold it is what it is there. What never was won by selling has no result outside of selling.
    """
    others = account.own().not_selling
    if not others:
        return {"closing": F("closed_at"), "result": F("stage__kind"), "sold_in": F("pipeline_id")}
    sold = Stay.objects.filter(deal=OuterRef("pk")).exclude(stage__pipeline__in=others).order_by("-visit")
    elsewhere, won = Q(pipeline__in=others), Exists(sold_by_then(others))
    lost = Q(stage__kind=Stage.Kind.LOST)
    moment = Case(When(lost, then=F("closed_at")), default=Subquery(sold.values("visit_since")[:1]))
    kind = Case(When(lost, then=Value(Stage.Kind.LOST.value)), default=Value(Stage.Kind.WON.value))
    return {
        "closing": Case(When(~elsewhere, then=F("closed_at")), When(won, then=moment)),
        "result": Case(When(~elsewhere, then=F("stage__kind")), When(won, then=kind)),
        "sold_in": Case(When(elsewhere & Q(won), then=Subquery(sold.values("stage__pipeline")[:1])),
                        default=F("pipeline_id"), output_field=BigIntegerField()),
    }  # fmt: skip


def sold_by_then(others: list[int]) -> QuerySet[Stay]:
    """The outer deal's stay on a won stage after which it stood nowhere else among pipelines that sell."""
    later = Stay.objects.filter(deal=OuterRef("deal"), visit__gt=OuterRef("visit")).exclude(
        stage__pipeline__in=others
    )
    wins = Stay.objects.filter(deal=OuterRef("pk"), stage__kind=Stage.Kind.WON).exclude(
        stage__pipeline__in=others
    )
    return wins.filter(~Exists(later))


def passed_on(start: datetime | None = None, end: datetime | None = None) -> Q | None:
    """What may have been won by selling (in ``[start, end)``) and stands elsewhere now; None where nothing can."""
    others = account.own().not_selling
    if not others:
        return None
    wins = Stay.objects.filter(stage__kind=Stage.Kind.WON, left_at__isnull=False).exclude(
        stage__pipeline__in=others
    )
    if start is None or end is None:
        return Q(pipeline__in=others, pk__in=wins.values("deal"))
    # A list, and not a part of the statement: with it, the period's closings would be sought among all deals.
    inside = wins.filter(entered_at__gte=start, visit_since__gte=start, visit_since__lt=end)
    lost = Q(stage__kind=Stage.Kind.LOST, closed_at__gte=start, closed_at__lt=end)
    return Q(pipeline__in=others) & (Q(pk__in=list(inside.values_list("deal", flat=True).distinct())) | lost)
