"""Judgement: timelines in, findings out. Judged twice, nothing changes; a newer judgement corrects an older one."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from core import collecting, locks, moment
from core.db import PLAN_ONCE, Statement, run_statements
from pipelines.models import Deal
from qc import deal_states, kept_checks, kept_findings
from qc.criteria import STAMP, bench, kept_reads
from qc.lives import reading_reviews, reviews_of, with_reviews
from qc.rules import DEAL, codes_of
from qc.subjects import demand, judge_every_subject, judge_involved
from qc.verdicts import Said, judge_timelines
from timeline.loading import build, reading

BATCH = 1_000  # deals judged in one transaction, each under its own lock

REQUESTS = """
    select id, deal_id from pipelines_judgementrequest where deal_id = any(%(deals)s::bigint[]) for update skip locked
"""
ANSWER = "delete from pipelines_judgementrequest where id = any(%(requests)s)"


def judge(
    deal_ids: Iterable[int] | None = None, rules: Collection[str] | None = None, *, around: bool = True
) -> Counter[tuple[str, str]]:
    """Judge these deals (None = all) by these rules (None = all), by what is kept of their history.

    With them (but for ``around``) their contacts and whoever closed them, where rules that are on look at those; with
    all deals all people, contacts and stages. Writes what differs.

    Returns counts by (rule, outcome): new, changed, withdrawn (had opened), dropped (withdrawn before it opened),
    standing, failed. A rule that raises says nothing about that deal: its findings stay as they are. A rule that is off
    finds nothing from then on. Raises ValueError for a code that is not in the catalogue.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for deals in _batches(deal_ids):
        counts += judge_together(deals, rules, around=False).counts
        if around and deal_ids is not None:
            counts += judge_involved(deals, rules)
    return counts + (judge_every_subject(rules) if deal_ids is None else Counter())


class Judged(NamedTuple):
    """How many deals were judged together, and counts by (rule, outcome)."""

    deals: int
    counts: Counter[tuple[str, str]]


@collecting.paused()  # timelines come and go without cycles, and are gone when the collector may look again
def judge_together(
    deals: Sequence[int],
    rules: Collection[str] | None = None,
    *,
    history: bool = False,
    requests: Collection[int] | None = (),
    around: bool = True,
) -> Judged:
    """Judge at most BATCH deals in one transaction: one trip reads everything, one writes what differs, one commits.

    With ``history`` their lives are folded from the events in the same transaction. It answers these ``requests`` of
    the queue, and with ``history`` all others about single ones of the deals. None: nothing is done where nobody asks,
    or another worker has all that is asked in hand. ``around``: their contacts and the people who work on them are
    demanded to be judged after it (`qc.subjects`); a part of a larger judgement leaves those to its end.
    """
    codes = codes_of(DEAL, rules)
    now = moment.now()
    with transaction.atomic(savepoint=False):  # whoever has begun one already rolls it back himself
        # The lock comes before every other read: whoever judges last has seen the newest history. Then the requests:
        # what was changed together with one of them is seen by what is read after it.
        first: tuple[Statement, ...] = (
            PLAN_ONCE,
            locks.of_deals(deals),
            (REQUESTS, {"deals": deals if history else []}),
            (kept_findings.EXISTING, {"deals": deals, "rules": codes}),
            (kept_checks.KNOWN, {"deals": deals}),
            (STAMP, {}),
        )
        reads = kept_reads()
        while True:
            _, _, asked, known, kept, [stamp], reviewed, *answers = run_statements(
                *first,
                reading_reviews(deals if reads.reviews else []),
                *reading(deals, reads.fields, history=history, touches=reads.touches, moves=reads.moves),
                prepare=True,
            )
            terms = bench(stamp)
            if reads.covers(terms.reads):
                break
            reads = terms.reads
        if requests is None and not asked:
            return Judged(0, Counter())
        loaded = build(answers, history=history)
        lives = with_reviews(loaded.timelines, reviews_of(reviewed))
        said = judge_timelines(lives, codes, terms)
        difference = kept_findings.compare(known, said.found, said.failed, now)
        checks = kept_checks.compare(kept, _whole_checks(said, deals, codes))
        states = deal_states.compare(loaded, said, codes, now)
        done = {request for request, _ in asked}.union(requests or ())
        run_statements(
            # First: whose the deals were is known while the old stays stand.
            *(demand(deals, loaded.stays, terms) if around else ()),
            *deal_states.writing(loaded, states),
            *_writing(difference, checks, done, now),
            prepare=True,
        )
    return Judged(len(deals), difference.counts)


def _batches(deal_ids: Iterable[int] | None) -> Iterator[list[int]]:
    if deal_ids is not None:
        ids = sorted(set(deal_ids))
        yield from (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
        return
    last = -(2**63)
    while ids := list(Deal.objects.filter(id__gt=last).order_by("id").values_list("id", flat=True)[:BATCH]):
        yield ids
        last = ids[-1]


def _whole_checks(
    said: Said, deals: Sequence[int], codes: Collection[str]
) -> dict[kept_checks.Key, kept_checks.Row]:
    """The checks to be kept: those of rules that were not asked, or failed, stay as they stand."""
    unasked = {(code, deal) for code in codes_of(DEAL, None) if code not in codes for deal in deals}
    unasked |= {(code, int(subject)) for code, subject in said.failed}
    if not unasked:
        return said.checks
    [whole] = run_statements((kept_checks.WHOLE, {"deals": deals}))
    return kept_checks.merge(said.checks, whole, unasked)


def _writing(
    difference: kept_findings.Difference,
    checks: kept_checks.Difference,
    requests: Collection[int],
    now: datetime,
) -> Iterator[Statement]:
    if statement := difference.statement(now):
        yield statement
    if checks:
        yield kept_checks.WRITE, checks.parameters()
    if requests:
        yield ANSWER, {"requests": list(requests)}
