"""Manual reviews: a fair sample of deals, a checklist, and how far two people who look at the same deal agree.

What rules cannot see is looked at by people. A second reviewer does not see what the first one said before he has
answered himself. Refusals are ValueErrors with one sentence for the reader.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import locks, moment
from core.locks import Lock
from pipelines.models import JudgementRequest, Stage, Stay
from qc.appeals import LONGEST
from qc.models import ManualReview, Sample, SampledDeal
from qc.rules import RULES
from qc.sampling import Agreement, agree, draw
from team.models import Employee, Role

YES, NO, NOT_APPLICABLE = "yes", "no", "na"
ANSWERS: dict[str, Promise] = {
    YES: gettext_lazy("yes"),
    NO: gettext_lazy("no"),
    NOT_APPLICABLE: gettext_lazy("does not apply"),
}
# What is asked, by the code under which answers are kept: each is a rule of its own, which finds every «no».
SECTIONS: dict[str, Promise] = {
    code.partition(".")[2]: gettext_lazy(asked[1])
    for code, asked in sorted(
        ((code, rule.asks) for code, rule in RULES.items() if rule.asks is not None), key=lambda row: row[1]
    )
}
AUDITORS = frozenset({Role.CONTROLLER, Role.DIRECTOR, Role.ADMIN})
MOST, LONGEST_PERIOD = 200, timedelta(days=92)
CHANGES = timedelta(days=1)  # for so long a reviewer corrects his own answers


def may_audit(user: Employee) -> bool:
    return user.role in AUDITORS


@transaction.atomic
def draw_sample(
    since: datetime,
    until: datetime,
    size: int,
    twice: int,
    seed: int,
    author: Employee,
    key: UUID | None = None,
) -> Sample:
    """Draw ``size`` deals in work in ``[since, until)``, ``twice`` of them for two reviewers; a form draws once.

    Strata are who had a deal and on which stage, by its latest piece in the period. ValueError for whoever may not, for
    a period that is no more than a quarter long and over, and for numbers out of bounds.
    """
    if not may_audit(author):
        raise ValueError(_("Only controllers, directors and administrators draw samples."))
    locks.hold(Lock.TABLE, Sample._meta.db_table)
    if key is not None and (known := Sample.objects.filter(key=key).first()):
        return known
    if not since < until <= moment.now() + timedelta(days=1) or until - since > LONGEST_PERIOD:
        raise ValueError(_("A period begins before it ends, is past, and is three months at most."))
    if not 1 <= size <= MOST or not 0 <= twice <= size or not 0 <= seed < 2**31:
        raise ValueError(_("A sample has 1 to %(most)s deals, no more of them twice.") % {"most": MOST})
    strata = _strata(since, until)
    drawn = draw(strata, size, seed)
    if not drawn:
        raise ValueError(_("No deal was in work in this period."))
    sample = Sample.objects.create(
        since=since,
        until=until,
        size=len(drawn),
        seed=seed,
        population=sum(len(ids) for ids in strata.values()),
        author=author,
        at=moment.now(),
        key=key,
    )
    SampledDeal.objects.bulk_create(
        SampledDeal(
            sample=sample, deal_id=deal, manager_id=person, stage_id=stage, place=place, twice=place < twice
        )
        for place, ((person, stage), deal) in enumerate(drawn)
    )
    return sample


def _strata(since: datetime, until: datetime) -> dict[tuple[int | None, str], list[int]]:
    pieces = Stay.objects.filter(
        Q(left_at=None) | Q(left_at__gt=since),
        entered_at__lt=until,
        deal__deleted_at=None,
        stage__kind__in=[Stage.Kind.INCOMING, Stage.Kind.WORK],
    )
    latest = pieces.order_by("deal", "-entered_at", "-pk").distinct("deal")
    found: dict[tuple[int | None, str], list[int]] = {}
    for deal, person, stage in latest.values_list("deal", "manager", "stage"):
        found.setdefault((person, stage), []).append(deal)
    return found


def is_open_to(sampled: SampledDeal, user: Employee) -> bool:
    """Whether this reviewer may still answer: nobody twice, and not about his own deals."""
    reviews = list(sampled.reviews.all())
    needed = 2 if sampled.twice else 1
    own = user.person_id is not None and user.person_id == sampled.manager_id
    return (
        may_audit(user)
        and not own
        and len(reviews) < needed
        and all(one.reviewer_id != user.pk for one in reviews)
    )


@transaction.atomic
def keep_review(
    sampled: SampledDeal, reviewer: Employee, answers: Mapping[str, str], text: str = ""
) -> ManualReview:
    """Keep the answers to all sections; who sends them twice gets the first ones."""
    text = text.replace("\0", "").strip()
    locked = SampledDeal.objects.select_for_update().get(pk=sampled.pk)
    known = locked.reviews.filter(reviewer=reviewer).first()
    if known is not None:
        return known
    if not is_open_to(locked, reviewer):
        raise ValueError(_("This deal has been reviewed already."))
    _check(answers, text)
    review = ManualReview.objects.create(
        sampled=locked,
        reviewer=reviewer,
        turn=locked.reviews.count() + 1,
        answers=dict(answers),
        text=text,
        at=moment.now(),
    )
    JudgementRequest.objects.demand_deals([locked.deal_id])
    return review


def _check(answers: Mapping[str, str], text: str) -> None:
    if set(answers) != set(SECTIONS) or not set(answers.values()) <= set(ANSWERS):
        raise ValueError(_("Answer every section."))
    if len(text) > LONGEST:
        raise ValueError(_("A text has %(most)s signs at most.") % {"most": LONGEST})


def may_change(sampled: SampledDeal, user: Employee) -> bool:
    """Whether this reviewer may correct his own answers: for a day, and not when he may know another's."""
    reviews = list(sampled.reviews.all())
    own = len(reviews) == 1 and reviews[0].reviewer_id == user.pk
    return may_audit(user) and own and moment.now() < reviews[0].at + CHANGES


@transaction.atomic
def change_review(
    sampled: SampledDeal, reviewer: Employee, answers: Mapping[str, str], text: str = ""
) -> ManualReview:
    """Put other answers in the place of one's own; what was found by the old ones and stays true is the same case."""
    text = text.replace("\0", "").strip()
    locked = SampledDeal.objects.select_for_update().get(pk=sampled.pk)
    if not may_change(locked, reviewer):
        raise ValueError(
            _("Answers are corrected by whoever gave them, for a day, and before a second review.")
        )
    _check(answers, text)
    review: ManualReview = locked.reviews.get(reviewer=reviewer)
    if (review.answers, review.text) != (dict(answers), text):
        review.answers, review.text = dict(answers), text
        review.save(update_fields=["answers", "text"])
        JudgementRequest.objects.demand_deals([locked.deal_id])
    return review


class SectionShare(NamedTuple):
    """Of a section: ``kept`` of ``n`` answers that were yes or no."""

    title: Promise
    kept: int
    n: int


def count_sections(reviews: Iterable[ManualReview]) -> list[SectionShare]:
    rows = list(reviews)
    found = []
    for code, title in SECTIONS.items():
        said = [one.answers.get(code) for one in rows]
        found.append(SectionShare(title, said.count(YES), said.count(YES) + said.count(NO)))
    return found


def measure_agreement(since: datetime, reviewer: Any = None) -> Agreement:
    """Of the deals that two people reviewed since a moment, answer by answer; with ``reviewer``, of his."""
    pairs: dict[int, list[ManualReview]] = {}
    rows = ManualReview.objects.filter(sampled__twice=True, at__gte=since).order_by("turn")
    for one in rows:
        pairs.setdefault(one.sampled_id, []).append(one)
    both = [
        pair
        for pair in pairs.values()
        if len(pair) == 2 and (reviewer is None or reviewer.pk in (pair[0].reviewer_id, pair[1].reviewer_id))
    ]
    return agree(
        (first.answers.get(code, ""), second.answers.get(code, ""))
        for first, second in both
        for code in SECTIONS
    )
