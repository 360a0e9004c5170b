"""Lives of deals with what people said of them: manual reviews stand in the portal's own tables, not in the mirror."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from core.db import Row, Statement, run_statements
from qc.criteria import Reads
from timeline.loading import BATCH, load_timelines
from timeline.timeline import Review, Timeline

TEXT = 300  # signs of what a reviewer wrote that a finding carries
KEPT = {"yes": True, "no": False}
REVIEWS = """
    select s.deal_id, s.id, s.twice, s.manager_id, s.stage_id, r.at, r.answers, r.text, r.reviewer_id,
           coalesce(nullif(trim(e.first_name || ' ' || e.last_name), ''), e.username)
    from qc_sampleddeal s
    join qc_manualreview r on r.sampled_id = s.id
    join team_employee e on e.id = r.reviewer_id
    where s.deal_id = any(%(ids)s) order by s.deal_id, s.id, r.turn
"""


def reading_reviews(ids: Sequence[int]) -> Statement:
    return REVIEWS, {"ids": ids}


def load_lives(ids: Collection[int], reads: Reads) -> Iterator[Timeline]:
    """The deals among ``ids`` that are mirrored, with all that is read; see `timeline.loading.load_timelines`."""
    lives = load_timelines(ids, reads.fields, reads.touches, reads.moves, reads.tasks)
    if not reads.reviews:
        yield from lives
        return
    wanted = list(dict.fromkeys(ids))
    found: dict[int, tuple[Review, ...]] = {}
    for start in range(0, len(wanted), BATCH):
        [rows] = run_statements(reading_reviews(wanted[start : start + BATCH]))
        found |= reviews_of(rows)
    yield from with_reviews(lives, found)


def with_reviews(lives: Iterable[Timeline], found: dict[int, tuple[Review, ...]]) -> Iterator[Timeline]:
    """The lives, those with reviews with them."""
    return (replace(one, reviews=found[one.id]) if one.id in found else one for one in lives)


def reviews_of(rows: Iterable[Row]) -> dict[int, tuple[Review, ...]]:
    """By deal, the reviews that count, in the order of time, from rows of `REVIEWS`.

    A deal that two people are to look at counts when both have, with what they agree on: what only one of them has
    said would give him away to the other before he has answered, and what they see differently is nobody's fault.
    """
    sampled: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        sampled[tuple(row[:5])].append(tuple(row[5:]))
    found: dict[int, list[Review]] = defaultdict(list)
    for (deal, number, twice, person, stage), said in sampled.items():
        if len(said) < (2 if twice else 1):
            continue
        moments, answers, texts, ids, names = zip(*said, strict=True)
        agreed = {
            item: KEPT[word]
            for item, word in answers[0].items()
            if word in KEPT and all(own.get(item) == word for own in answers)
        }
        text = " / ".join(" ".join(one.split()) for one in texts if one)[:TEXT]
        reviewers = tuple(zip(ids, names, strict=True))
        found[deal].append(Review(max(moments), number, person, stage, agreed, reviewers, text))
    return {deal: tuple(sorted(own, key=lambda one: (one.at, one.number))) for deal, own in found.items()}
