"""Whose a deal was at a moment: one answer for pay, lists and the desk. As expressions over deals."""

from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

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


def piece_at(moment: str) -> QuerySet[Stay]:
    """The piece of the outer deal's life that holds the moment in column ``moment``."""
    return Stay.objects.filter(
        Q(left_at=None) | Q(left_at__gt=OuterRef(moment)),
        deal=OuterRef("pk"),
        entered_at__lte=OuterRef(moment),
    )


def owner_at(moment: str) -> Coalesce:
    """Whose the deal was at the moment in column ``moment``; without a history, whose it is."""
    return Coalesce(
        Subquery(piece_at(moment).values("manager_id")[:1]), F("manager_id"), output_field=BigIntegerField()
    )


def owner_at_closing() -> Coalesce:
    """Whose the deal was when it was closed; handed over in that very second, it was still the giver's work."""
    worked = Stay.objects.filter(
        deal=OuterRef("pk"), left_at=OuterRef("closed_at"), stage__kind__in=WORKING, manager__isnull=False
    )
    last = Subquery(worked.order_by("-entered_at").values("manager_id")[:1])
    return Coalesce(last, owner_at("closed_at"), output_field=BigIntegerField())
