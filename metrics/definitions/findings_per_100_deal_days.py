"""How thick findings stand: those that opened, on a hundred days of deals in work."""

from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from metrics.question import Answer, Question, tally
from metrics.registry import Metric, register
from metrics.sources import decimal, seconds
from metrics.words import OWNER_AT_OPENING
from pipelines.models import Stage, Stay
from qc.models import SHOWN, Finding

PER = 100 * 86_400  # seconds of a hundred deal-days


def find_opened(question: Question) -> QuerySet[Any]:
    """Findings that opened in the period and stand; those of shadow rules do not count."""
    found = Finding.objects.filter(withdrawn_at=None, mode__in=SHOWN)
    found = found.filter(opens_at__gte=question.period.start, opens_at__lt=question.moment)
    return found.annotate(who=F("manager_id"), funnel=F("stage__pipeline_id"), step=F("stage_id"))


def find_deal_days(question: Question) -> QuerySet[Stay]:
    """Pieces of deals in work that touch the period, with the length of their part in it."""
    start, until = question.period.start, question.moment
    pieces = Stay.objects.filter(
        Q(left_at=None) | Q(left_at__gt=start), entered_at__lt=until, deal__deleted_at=None
    )
    pieces = pieces.filter(stage__kind__in=[Stage.Kind.INCOMING, Stage.Kind.WORK])
    # least() skips a null end: a piece that still lasts reaches until the moment of asking
    length = seconds(Least("left_at", until) - Greatest("entered_at", start))
    return pieces.annotate(
        who=F("manager_id"), funnel=F("stage__pipeline_id"), step=F("stage_id"), length=length
    )


def measure_density(question: Question) -> Answer:
    findings = tally(find_opened(question), question)
    days = tally(find_deal_days(question), question, total=Sum("length"))
    found: dict[Any, tuple[Decimal | None, int]] = {}
    for key in days.keys() | findings.keys():
        n = findings.get(key, {"n": 0})["n"]
        length = decimal(days[key]["total"]) if key in days else None
        found[key] = (n * PER / length if length else None, n)
    return found


register(
    Metric(
        code="findings_per_100_deal_days",
        title=_("Findings per 100 deal-days"),
        unit="per_100",
        clock=_("of each rule; deal-days are calendar days"),
        attribution=OWNER_AT_OPENING,
        denominator=_("calendar days of deals in work in the period, by their owner of each day"),
        by=("manager", "pipeline", "stage"),
        options=(),
        empty=None,
        source=find_opened,
        answer=measure_density,
    )
)
