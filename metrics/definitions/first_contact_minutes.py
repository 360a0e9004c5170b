"""How long clients wait for the first human word."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Least
from django.utils.translation import gettext_lazy as _

from metrics.question import COLUMNS, Answer, Question, credited
from metrics.registry import Metric, register
from metrics.sources import created_deals
from metrics.survival import Wait, median
from pipelines.models import Deal, Touch
from team.schedules import load_clocks
from timeline.attribution import owner_at, was_open

_MICROSECOND = timedelta(microseconds=1)
OUTGOING = (Touch.Kind.CALL_OUT, Touch.Kind.MESSAGE_OUT)


def arrivals(question: Question) -> QuerySet[Deal]:
    """Deals created in the period with their first human outgoing contact, credited to whose they were at it.

    A contact on the client's card counts for every deal of his that is open then.
    """
    human = Touch.objects.filter(
        kind__in=OUTGOING, manager__isnull=False, at__gte=OuterRef("created_at"), at__lt=question.now
    )
    on_card = human.filter(was_open("at", OuterRef(OuterRef("pk"))), deal=None, contact=OuterRef("contact"))
    ways = [
        Subquery(one.order_by("at").values("at")[:1]) for one in (human.filter(deal=OuterRef("pk")), on_card)
    ]
    deals = created_deals(question).annotate(contact_at=Least(*ways))
    deals = deals.filter(created_at__lt=question.now).annotate(
        met_at=Coalesce("contact_at", F("closed_at"), question.now)
    )
    # closed without a contact: nobody waits any more, and nobody was answered
    return deals.filter(Q(contact_at__isnull=False) | Q(closed_at=None)).annotate(who=owner_at("met_at"))


def find_median_wait(question: Question) -> Answer:
    """The median wait on the company's clock; a deal that still waits counts as «longer than until now»."""
    key = COLUMNS[question.by] if question.by else None
    columns = ["created_at", "contact_at", *([key] if key else [])]
    waits: dict[Any, list[Wait]] = {}
    company = load_clocks([]).client
    for row in credited(arrivals(question), question).values_list(*columns).iterator():
        since: datetime = row[0]
        met: datetime | None = row[1]
        worked = company.worked(since, met or question.now)
        length = Decimal(worked // _MICROSECOND) / 60_000_000
        waits.setdefault(row[2] if key else None, []).append(Wait(length, met is not None))
    return {owner: (median(found), len(found)) for owner, found in waits.items()}


register(
    Metric(
        code="first_contact_minutes",
        title=_("First contact"),
        unit="minutes",
        clock=_("client's: company hours only; a manager's day off does not stop it"),
        attribution=_(
            "the owner at the moment of the first contact, or the present one while the client waits"
        ),
        denominator=_(
            "the median over deals created in the period; those still waiting count as censored (Kaplan–Meier)"
        ),
        by=("manager", "pipeline"),
        options=(),
        empty=None,
        source=arrivals,
        answer=find_median_wait,
        waiting=True,
    )
)
