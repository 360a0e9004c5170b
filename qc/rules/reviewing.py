"""What a reviewer's «no» is: a fault of whoever had the deal in what was looked at, from the review on."""

from collections.abc import Iterator
from itertools import zip_longest

from qc.rules.checks import SHOWN, Breach, Check, checks
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import Review, Timeline

SENTENCE = _("Found in the manual review of %(since)s by %(reviewers)s%(said)s")
CHECK = "a manual review in which the item was answered yes or no; of two reviewers, by both alike"


def answers(item: str, deal: Timeline, terms: Terms) -> Iterator[Check]:
    """The reviews that answered an item of the checklist, each an occasion of its own until the next one."""
    said: list[Review] = []
    for review in deal.reviews:
        if item in review.answers and not (said and said[-1].at == review.at):
            said.append(review)
    for review, following in zip_longest(said, said[1:]):
        held = terms.asked_at(review.person, review.at)
        breaches = [] if review.answers[item] else [_breach(review)]
        until = following.at if following else None
        yield from checks(held, breaches, stage=review.stage, since=review.at, until=until, timed=False)


def _breach(review: Review) -> Breach:
    values = {
        "review": review.number,
        "by": [reviewer for reviewer, _name in review.reviewers],
        "reviewers": [name for _reviewer, name in review.reviewers],
        "said": review.text,
    }
    return Breach(review.at, review.at, review.at + SHOWN, review.person, review.stage, values)
