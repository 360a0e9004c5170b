"""The judgement queue is drained: a deal that is asked about is judged, and the request goes in that transaction.

Any number of workers may drain at once. They claim requests by row locks that nobody waits for, then the locks of the
deals in order, so there are no deadlocks; a worker that dies, at any moment, leaves its requests as they were.
"""

import logging
import time
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Max, Q

from core import locks, moment, process_pool
from core.db import Row, Statement, run_statements
from jobs import desk, succession
from pipelines.models import Account, JudgementRequest
from qc import engine, full_runs, parallel, subjects
from qc.engine import BATCH, Judged
from qc.rules import CONTACT, PERSON, RULES, STAGE
from timeline import folding

log = logging.getLogger(__name__)

Counts = Counter[tuple[str, str]]  # by rule and outcome, as `qc.engine.judge` has them

REST = timedelta(minutes=10)  # for a deal that cannot be judged
GATHER = timedelta(seconds=10)  # what changes around a person or a contact meanwhile is judged together
LOOK = 0.2  # seconds between two looks at what other workers have in hand

DUE = "(retry_at is null or retry_at <= %(now)s)"
SINGLE = f"""
    select id, deal_id from pipelines_judgementrequest
    where deal_id is not null and {DUE} order by id limit %(limit)s for update skip locked
"""
PART = f"""
    select id, deals, rules, history from pipelines_judgementrequest
    where deals is not null and {DUE} order by id limit 1 for update skip locked
"""
WIDE = """
    select id, stage_id, since, rules, history from pipelines_judgementrequest
    where deal_id is null and deals is null and subject_id is null order by id for update skip locked
"""
RIPE = f"{DUE} and asked_at <= %(ripe)s"
# All that is asked of one person, whose turn it is; and many contacts.
ONE_PERSON = f"""
    with chosen as (
        select subject_id from pipelines_judgementrequest
        where unit = '{PERSON}' and subject_id is not null and {RIPE} order by id limit 1 for update skip locked
    )
    select id, subject_id, since from pipelines_judgementrequest
    where unit = '{PERSON}' and subject_id = (select subject_id from chosen) and {DUE} for update skip locked
"""
CONTACTS = f"""
    select id, subject_id, since from pipelines_judgementrequest
    where unit = '{CONTACT}' and subject_id is not null and {RIPE} order by id limit %(limit)s for update skip locked
"""
ALL = "select id from pipelines_deal"
# A deal that another worker is folding onto the stage at this moment shows it in its row only.
ON_STAGES = """
    select deal_id as id from pipelines_stay stay
    join unnest(%(stages)s::text[], %(since)s::timestamptz[]) as asked (stage, since)
      on stay.stage_id = asked.stage and (stay.left_at is null or stay.left_at >= asked.since)
    union select id from pipelines_deal where stage_id = any(%(stages)s)
"""
CUT = """
    insert into pipelines_judgementrequest (deals, rules, history)
    select array_agg(id order by id), %(rules)s::text[], %(history)s
    from (select id, (row_number() over (order by id) - 1) / %(size)s as part from ({deals}) deal) deal
    group by part order by part
"""
# What a judgement of everything by all rules covers, where nobody is at it already.
COVERED = """
    delete from pipelines_judgementrequest where id in (
        select id from pipelines_judgementrequest
        where (deals is not null or deal_id is not null) and (%(history)s or not history)
        for update skip locked)
"""
ANSWER = "delete from pipelines_judgementrequest where id = any(%(requests)s)"


BROKEN = (OperationalError, InterfaceError)  # it is the database, not a deal


def judge_deals(deals: Collection[int]) -> int:
    """Judge these at once, where they are asked about; returns how many were. For whoever waits for just them."""
    ids = sorted(set(deals))
    judged = sum(judge_asked(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))
    if judged:
        desk.announce_judgement()
    return judged


def judge_waiting(seconds: float | None = None) -> Counts:
    """Judge what is waiting, for about so many seconds (None = until nothing is left that nobody has in hand)."""
    ends, judged, counts = time.monotonic() + seconds if seconds else None, 0, Counts()
    gather = timedelta() if ends is None else GATHER
    while ends is None or time.monotonic() < ends:
        done = judge_singles() or judge_part()
        if done is not None:
            judged += done.deals
            counts += done.counts
        elif (around := judge_around(gather)) is not None:
            judged += 1
            counts += around
        elif not cut_wide():
            break
    folding.fold_rest()
    if judged:
        desk.announce_judgement()
    return counts


def judge_singles() -> Judged | None:
    """Judge deals whose story has changed; many requests of one are one judgement. None when there is none to claim."""
    deals: list[int] = []
    try:
        with transaction.atomic():
            [rows] = run_statements((SINGLE, {"now": locks.lease_now(), "limit": BATCH}), prepare=True)
            if not rows:
                return None
            deals = sorted({deal for _, deal in rows})
            return engine.judge_together(deals, history=True, requests=[request for request, _ in rows])
    except BROKEN:
        raise
    except Exception:
        return Judged(judge_apart(deals), Counts())


def judge_part() -> Judged | None:
    """Judge a part of what a wide request asks for. None when there is none to claim."""
    rows: list[Row] = []
    try:
        with transaction.atomic():
            [rows] = run_statements((PART, {"now": locks.lease_now()}), prepare=True)
            for request, deals, rules, history in rows:
                known = None if rules is None else [rule for rule in rules if rule in RULES]
                return engine.judge_together(deals, known, history=history, requests=[request], around=False)
    except BROKEN:
        raise
    except Exception:
        for row in rows:
            halve(*row)
            return Judged(0, Counts())
    return None


def judge_around(gather: timedelta) -> Counts | None:
    """Judge a person, or contacts, for whom deals have asked at least so long ago. None when there is none to claim."""
    rows: list[Row] = []
    times = {"now": locks.lease_now(), "ripe": locks.lease_now() - gather, "limit": BATCH}
    try:
        with transaction.atomic():
            for unit, statement in ((PERSON, ONE_PERSON), (CONTACT, CONTACTS)):
                [rows] = run_statements((statement, times))
                if rows:
                    since = min(row[2] for row in rows) if unit == PERSON else None
                    counts = subjects.judge_subjects(unit, {subject for _, subject, _ in rows}, since=since)
                    run_statements((ANSWER, {"requests": [request for request, *_ in rows]}))
                    return counts
        return None
    except BROKEN:
        raise
    except Exception:
        log.exception("%s cannot be judged", sorted({subject for _, subject, _ in rows}))
        resting = JudgementRequest.objects.filter(pk__in=[request for request, *_ in rows])
        resting.update(retry_at=locks.lease_until(REST))
        return Counts()


def judge_asked(deals: list[int]) -> int:
    try:
        with transaction.atomic():
            return engine.judge_together(deals, history=True, requests=None).deals
    except BROKEN:
        raise
    except Exception:
        return judge_apart(deals)


def judge_apart(deals: list[int]) -> int:
    """One of them cannot be judged: the others are, and its requests rest. Called while the reason is being handled."""
    if len(deals) > 1:
        middle = len(deals) // 2
        return judge_asked(deals[:middle]) + judge_asked(deals[middle:])
    log.exception("deal %s cannot be judged", deals)
    JudgementRequest.objects.filter(deal_id__in=deals).update(retry_at=locks.lease_until(REST))
    return 0


def halve(request: int, deals: list[int], rules: list[str] | None, history: bool) -> None:
    """The same for a part of a wide request."""
    middle = len(deals) // 2
    with transaction.atomic():
        asked = JudgementRequest.objects.filter(pk=request)
        if not middle:
            log.exception("deal %s cannot be judged", deals)
            asked.update(retry_at=locks.lease_until(REST))
        elif asked.delete()[0]:
            for half in (deals[:middle], deals[middle:]):
                JudgementRequest.objects.create(deals=half, rules=rules, history=history)


class Wide(NamedTuple):
    """What requests that name no deals ask for together.

    ``rules`` of all deals: None is all rules, empty nothing; ``stages``: each with since when.
    """

    rules: list[str] | None
    history: bool
    stages: dict[str, Any]


def cut_wide() -> bool:
    """Cut requests about stages or about all deals into parts of deals; many of them become one. False without any.

    People, contacts and stages are judged before that, each thousand in a transaction of its own: locks of all contacts
    at once are more than PostgreSQL has room for.
    """
    [seen] = run_statements((WIDE, {}))
    if not seen:
        return False
    with locks.hold_alone("cut_wide") as mine:
        if not mine:
            return False
        judge_subjects_of(read_wide(seen))
        asked = {request for request, *_ in seen}
        with transaction.atomic():
            [found] = run_statements((WIDE, {}))
            rows = [
                row for row in found if row[0] in asked
            ]  # what was asked meanwhile waits for its own subjects
            if rows:
                answer = (ANSWER, {"requests": [request for request, *_ in rows]})
                run_statements(*cut_into_parts(read_wide(rows)), answer)
    return bool(rows)


def read_wide(rows: Sequence[Row]) -> Wide:
    """Rows of `WIDE` as one."""
    about_all = [(rules, history) for _, stage, _, rules, history in rows if stage is None]
    every_rule = any(rules is None for rules, _ in about_all)
    return Wide(
        None if every_rule else sorted({rule for rules, _ in about_all for rule in rules}),
        any(history for _, history in about_all),
        {stage: since for _, stage, since, *_ in reversed(rows) if stage is not None},
    )


def judge_subjects_of(wide: Wide) -> None:
    """People, contacts and stages that it is about, too. Not while all lives are folded anew: who asks for that judges
    them at its end (`judge_load`)."""
    if wide.history:
        return
    if wide.rules is None:
        subjects.judge_every_subject()
        return
    if wide.rules:
        subjects.judge_every_subject([rule for rule in wide.rules if rule in RULES])
    if wide.stages:
        subjects.judge_subjects(STAGE, wide.stages)


def cut_into_parts(wide: Wide) -> list[Statement]:
    """Statements that write the parts."""
    if wide.rules is None:
        return [(COVERED, {"history": wide.history}), cut(ALL, None, history=wide.history)]
    statements = []
    if wide.rules:
        statements.append(cut(ALL, wide.rules))
    if wide.stages:
        values: dict[str, Any] = {"stages": list(wide.stages), "since": list(wide.stages.values())}
        statements.append(cut(ON_STAGES, None, **values))
    return statements


def cut(deals: str, rules: list[str] | None, *, history: bool = False, **values: Any) -> Statement:
    return CUT.format(deals=deals), {"rules": rules, "history": history, "size": BATCH, **values}


def judge_on_all_cores() -> Counts:
    """Judge what is waiting now to its end, also what other workers have in hand: should they die, it is done here."""
    cut_wide()
    requests = JudgementRequest.objects.filter(
        pk__lte=JudgementRequest.objects.aggregate(last=Max("pk"))["last"] or 0
    )
    workers = parallel.processes_for(JudgementRequest.objects.count_deals())
    counts = Counts()
    if workers > 1:
        counts += sum(process_pool.spread(judge_waiting, [()] * workers, workers), Counts())
    counts += judge_waiting()
    while requests.filter(Q(retry_at=None) | Q(retry_at__lte=locks.lease_now())).exists():
        time.sleep(LOOK)
        counts += judge_waiting()
    return counts


def begin_load() -> None:
    Account.objects.update(loaded_at=None)


def loaded() -> bool:
    """Whether the last full load has been judged."""
    return Account.objects.exclude(loaded_at=None).exists()


def judge_load() -> Counts | None:
    """Fold and judge the whole mirror after a full load; of workers that have shared the load one does it, for the
    others it is None.

    What `Account.loaded_at` says is missing until it has come to its end: whoever was killed is followed by another.
    """
    with locks.hold_alone("judge_load") as mine:
        if not mine:
            return None
        succession.hand_over()
        measure()
        terms = full_runs.stamp_terms()
        JudgementRequest.objects.demand_all(history=True)
        counts = judge_on_all_cores() + subjects.judge_every_subject()
        full_runs.note_run(terms)
        measure()  # stays and findings are there now
        Account.objects.update(loaded_at=moment.now())
        return counts


def measure() -> None:
    """Tell PostgreSQL what the tables hold now: its own measuring comes a minute later.

    Until then it may take a table of a million rows for the five that it once held, and look through all of them for
    each task (seen: minutes for the bank's log), or count a desk for eight seconds. The server's shared catalogs are
    left out: whoever measures those waits for all others who do, in any of its databases.
    """
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with connection.cursor() as cursor:
        cursor.execute(f"analyze {', '.join(map(connection.ops.quote_name, tables))}")
