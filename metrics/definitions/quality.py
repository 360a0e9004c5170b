"""The opportunity score of the rules that count in money, and what is held against people behind it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.periods import Period
from metrics.question import Answer, Question, credited
from metrics.registry import Metric, register
from metrics.words import OWNER_AT_OPENING
from qc import first_times
from qc import queries as judgement
from qc.models import Finding
from qc.queries import RuleScore, TimeScore

Score = TypeVar("Score", RuleScore, TimeScore)


def score_quality(question: Question) -> Answer:
    """The opportunity score of the rules that count in money, 0…100."""
    found = dict(judgement.quality(question.period, question.people))
    return answer_scores(question, found, judgement.score, ("violations", "opportunities"))


def answer_scores(
    question: Question,
    scores: Mapping[Any, Sequence[Score]],
    weigh: Callable[[Iterable[Score]], Decimal | None],
    added: Sequence[str],
) -> Answer:
    """What the rules' scores of each person come to; of everybody together where the question does not split.

    ``added``: the fields of a score that add up over people, the last one being what the number rests on.
    """
    if question.by is None:
        pooled: dict[str, Score] = {}
        for one in (one for found in scores.values() for one in found):
            seen = pooled.get(one.rule)
            sums = {} if seen is None else {name: getattr(seen, name) + getattr(one, name) for name in added}
            pooled[one.rule] = one if seen is None else seen._replace(**sums)
        scores = {None: list(pooled.values())} if pooled else {}
    return {
        key: (weigh(found), sum(getattr(one, added[-1]) for one in found)) for key, found in scores.items()
    }


def find_held(question: Question) -> QuerySet[Any]:
    """Findings of rules that count in money which stood against somebody at any time of the period."""
    until = min(question.moment, judgement.known_until(question.now))
    found = Finding.objects.filter(
        withdrawn_at=None, disputed_at=None, mode="money", rule__in=judgement.counted_rules()
    )
    found = found.filter(Q(closes_at=None) | Q(closes_at__gt=question.period.start), opens_at__lt=until)
    found = found.exclude(first_times.is_free(until, question.period.start, question.people))
    return found.filter(manager__isnull=False).annotate(who=F("manager_id"))


def count_held(period: Period, people: Iterable[int], now: datetime) -> Iterator[tuple[int, str, int, int]]:
    """What is behind the quality of these people: (person, rule, findings, deals). One query."""
    question = Question(period, now, "manager", frozenset(people))
    rows = credited(find_held(question), question).order_by().values("who", "rule")
    for row in rows.annotate(findings=Count("pk"), deals=Count("deal", distinct=True)):
        yield row["who"], row["rule"], row["findings"], row["deals"]


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
        source=find_held,
        answer=score_quality,
    )
)
