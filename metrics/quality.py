"""Metrics of judgement: the quality score, the density of findings, stuck deals and the money in them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from core.periods import Period
from metrics.question import Answer, Question, credited, tally
from metrics.registry import Metric, register
from metrics.sources import decimal, open_deals, seconds
from metrics.words import NO_DENOMINATOR, STOCK, ZERO
from pipelines.models import Deal, Stage, Stay
from qc import queries as judgement
from qc import stalled
from qc.models import Finding
from qc.queries import RuleScore, TimeScore

OWNER_AT_OPENING = _("the owner at the moment when the finding opened; later reassignment does not move it")
PER = 100 * 86_400  # seconds of a hundred deal-days


def quality(question: Question) -> Answer:
    """The opportunity score of the rules that count in money, 0…100."""
    scores: dict[Any, list[RuleScore]] = dict(judgement.quality(question.period, question.people))
    if question.by is None:
        pooled: dict[str, RuleScore] = {}
        for score in (score for found in scores.values() for score in found):
            seen = pooled.get(score.rule)
            pooled[score.rule] = (
                score
                if seen is None
                else seen._replace(
                    violations=seen.violations + score.violations,
                    opportunities=seen.opportunities + score.opportunities,
                )
            )
        scores = {None: list(pooled.values())} if pooled else {}
    return {
        key: (judgement.score(found), sum(score.opportunities for score in found))
        for key, found in scores.items()
    }


def quality_time(question: Question) -> Answer:
    """The score by time of the rules that count in money, 0…100; it rests on so many deals, counted for each rule."""
    scores: dict[Any, list[TimeScore]] = dict(judgement.quality_by_time(question.period, question.people))
    if question.by is None:
        pooled: dict[str, TimeScore] = {}
        for score in (score for found in scores.values() for score in found):
            seen = pooled.get(score.rule)
            pooled[score.rule] = (
                score
                if seen is None
                else seen._replace(
                    broken=seen.broken + score.broken,
                    demanded=seen.demanded + score.demanded,
                    deals=seen.deals + score.deals,
                )
            )
        scores = {None: list(pooled.values())} if pooled else {}
    return {
        key: (judgement.time_score(found), sum(score.deals for score in found))
        for key, found in scores.items()
    }


def opened(question: Question) -> QuerySet[Any]:
    """Findings that opened in the period and stand; those of shadow rules do not count."""
    found = Finding.objects.filter(withdrawn_at=None, mode__in=stalled.SHOWN)
    found = found.filter(opens_at__gte=question.period.start, opens_at__lt=question.moment)
    return found.annotate(who=F("manager_id"), funnel=F("stage__pipeline_id"), step=F("stage_id"))


def held(question: Question) -> QuerySet[Any]:
    """Findings of rules that count in money which stood against somebody at any time of the period."""
    until = min(question.moment, judgement.known_until(question.now))
    found = Finding.objects.filter(
        withdrawn_at=None, disputed_at=None, mode="money", rule__in=judgement.counted_rules()
    )
    found = found.filter(Q(closes_at=None) | Q(closes_at__gt=question.period.start), opens_at__lt=until)
    return found.filter(manager__isnull=False).annotate(who=F("manager_id"))


def held_by_rule(period: Period, people: Iterable[int], now: datetime) -> Iterator[tuple[int, str, int, int]]:
    """What is behind the quality of these people: (person, rule, findings, deals). One query."""
    question = Question(period, now, "manager", frozenset(people))
    rows = credited(held(question), question).order_by().values("who", "rule")
    for row in rows.annotate(findings=Count("pk"), deals=Count("deal", distinct=True)):
        yield row["who"], row["rule"], row["findings"], row["deals"]


def deal_days(question: Question) -> QuerySet[Stay]:
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


def findings_per_100_deal_days(question: Question) -> Answer:
    findings = tally(opened(question), question)
    days = tally(deal_days(question), question, total=Sum("length"))
    found: dict[Any, tuple[Decimal | None, int]] = {}
    for key in days.keys() | findings.keys():
        n = findings.get(key, {"n": 0})["n"]
        length = decimal(days[key]["total"]) if key in days else None
        found[key] = (n * PER / length if length else None, n)
    return found


def stuck(question: Question) -> QuerySet[Deal]:
    found = judgement.stuck_deals(question.moment).values("deal_id")
    return open_deals(question).filter(pk__in=found)


def stuck_sum(question: Question) -> Answer:
    found = tally(stuck(question), question, total=Sum("price"))
    return {key: (row["total"], row["n"]) for key, row in found.items()}


register(
    Metric(
        code="quality",
        title=_("Quality"),
        unit="points",
        clock=_("of each rule"),
        attribution=OWNER_AT_OPENING,
        denominator=_("the times when each rule could have been broken; rules weigh by their weight"),
        by=("manager",),
        options=(),
        empty=None,
        source=held,
        answer=quality,
    )
)
register(
    Metric(
        code="quality_time",
        title=_("Quality by time"),
        unit="points",
        clock=_("of each rule; for owners their own shifts"),
        attribution=OWNER_AT_OPENING,
        denominator=_(
            "the time in which each rule was to be kept on the person's own deals; rules weigh by their weight"
        ),
        by=("manager",),
        options=(),
        empty=None,
        source=held,
        answer=quality_time,
    )
)
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
        source=opened,
        answer=findings_per_100_deal_days,
    )
)
register(
    Metric(
        code="stuck_deals",
        title=_("Stuck deals"),
        unit="count",
        clock=STOCK,
        attribution=_("whose the deal is now"),
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline", "stage"),
        options=(),
        empty=ZERO,
        source=stuck,
    )
)
register(
    Metric(
        code="stuck_sum",
        title=_("Money in stuck deals"),
        unit="money",
        clock=STOCK,
        attribution=_("whose the deal is now"),
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline", "stage"),
        options=(),
        empty=ZERO,
        source=stuck,
        answer=stuck_sum,
    )
)
