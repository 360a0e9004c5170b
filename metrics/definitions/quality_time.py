"""The score of the rules that count in money by the time in which they were kept."""

from django.utils.translation import gettext_lazy as _

from metrics.definitions.quality import answer_scores, find_held
from metrics.question import Answer, Question
from metrics.registry import Metric, register
from metrics.words import OWNER_AT_OPENING
from qc import queries as judgement


def score_quality_time(question: Question) -> Answer:
    """The score by time of the rules that count in money, 0…100; it rests on so many deals, counted for each rule."""
    found = dict(judgement.quality_by_time(question.period, question.people))
    return answer_scores(question, found, judgement.time_score, ("broken", "demanded", "deals"))


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
