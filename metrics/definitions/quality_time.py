"""The score of the rules that count in money by the time in which they were kept."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from metrics.definitions.quality import find_held
from metrics.question import Answer, Question
from metrics.registry import Metric, register
from metrics.words import OWNER_AT_OPENING
from qc import queries as judgement
from qc.queries import TimeScore


def score_quality_time(question: Question) -> Answer:
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
        source=find_held,
        answer=score_quality_time,
    )
)
