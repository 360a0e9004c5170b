"""Judgement: timelines in, findings out. Judged twice, nothing changes; a newer judgement corrects an older one."""

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypedDict

from django.db import transaction
from msgspec import json

from core import locks, moment
from core.db import Statement, run_statements
from pipelines.models import Deal, Stay
from qc import rule_modes
from qc.criteria import STAMP, Bench, bench, field_names, fields_of, kept_fields, stage_norms
from qc.regulations import draft
from qc.rules import RULES, Breach, Terms
from timeline import folding
from timeline.loading import build, load_timelines, reading
from timeline.timeline import Timeline

log = logging.getLogger(__name__)

BATCH = 1_000  # deals judged in one transaction, each under its own lock

REQUESTS = """
    select id, deal_id from pipelines_judgementrequest where deal_id = any(%(deals)s::bigint[]) for update skip locked
"""
ANSWER = "delete from pipelines_judgementrequest where id = any(%(requests)s)"
EXISTING = """
    select id, rule, deal_id, task_id, since, severity, mode, stage_id, manager_id, opens_at, closes_at, "values",
           regulation_id, withdrawn_at
    from qc_finding where deal_id = any(%(deals)s) and rule = any(%(rules)s)
"""
WRITE = """
    with dropped as (delete from qc_finding where id = any(%(dropped)s)),
         withdrawn as (update qc_finding set withdrawn_at = %(now)s where id = any(%(withdrawn)s))
    insert into qc_finding (rule, deal_id, task_id, since, severity, mode, stage_id, manager_id, opens_at, closes_at,
                            "values", regulation_id)
    select rule, deal_id, task_id, since, severity, mode, stage_id, manager_id, opens_at, closes_at, "values",
           regulation_id
    from jsonb_to_recordset(%(rows)s::jsonb) as row (
        rule text, deal_id bigint, task_id bigint, since timestamptz, severity text, mode text, stage_id text,
        manager_id bigint, opens_at timestamptz, closes_at timestamptz, "values" jsonb, regulation_id bigint)
    on conflict (rule, deal_id, task_id, since) do update set
        severity = excluded.severity, mode = excluded.mode, stage_id = excluded.stage_id,
        manager_id = excluded.manager_id, opens_at = excluded.opens_at, closes_at = excluded.closes_at,
        "values" = excluded."values", regulation_id = excluded.regulation_id, withdrawn_at = null
"""


class Key(NamedTuple):
    """By which a finding is found again."""

    rule: str
    deal_id: int
    task_id: int | None
    since: datetime


class Verdict(NamedTuple):
    """What may change about a finding."""

    severity: str
    mode: str
    stage_id: str | None
    manager_id: int | None
    opens_at: datetime
    closes_at: datetime | None
    values: Mapping[str, Any]
    regulation_id: int | None
    withdrawn_at: datetime | None = None


def judge(
    deal_ids: Iterable[int] | None = None, rules: Collection[str] | None = None
) -> Counter[tuple[str, str]]:
    """Judge these deals (None = all) by these rules (None = all), by what is kept of their history.

    Writes what differs. Returns counts by (rule, outcome): new, changed, withdrawn (had opened), dropped (had not),
    standing, failed. A rule that raises says nothing about that deal: its findings stay as they are. A rule that is off
    finds nothing from then on. Raises ValueError for a code that is not in the catalogue.
    """
    codes = list(RULES) if rules is None else list(rules)
    if unknown := [code for code in codes if code not in RULES]:
        raise ValueError(f"There is no rule {unknown[0]}.")
    counts: Counter[tuple[str, str]] = Counter()
    for deals in _batches(deal_ids):
        counts += judge_together(deals, codes).counts
    return counts


class Judged(NamedTuple):
    """How many deals were judged together, and counts by (rule, outcome)."""

    deals: int
    counts: Counter[tuple[str, str]]


def judge_together(
    deals: Sequence[int],
    rules: Collection[str] | None = None,
    *,
    history: bool = False,
    requests: Collection[int] | None = (),
) -> Judged:
    """Judge at most BATCH deals in one transaction: one trip reads everything, one writes what differs, one commits.

    With ``history`` their lives are folded from the events in the same transaction. It answers these ``requests`` of
    the queue, and with ``history`` all others about single ones of the deals. None: nothing is done where nobody asks,
    or another worker has all that is asked in hand.
    """
    codes = list(RULES) if rules is None else list(rules)
    now = moment.now()
    with transaction.atomic(savepoint=False):  # whoever has begun one already rolls it back himself
        # The lock comes before every other read: whoever judges last has seen the newest history. Then the requests:
        # what was changed together with one of them is seen by what is read after it.
        first: tuple[Statement, ...] = (
            locks.of_deals(deals),
            (REQUESTS, {"deals": deals if history else []}),
            (EXISTING, {"deals": deals, "rules": codes}),
            (STAMP, {}),
        )
        fields = kept_fields()
        while True:
            _, asked, known, [stamp], *answers = run_statements(
                *first, *reading(deals, fields, history=history), prepare=True
            )
            terms = bench(stamp)
            if fields is None or terms.fields <= fields:
                break
            fields = terms.fields
        if requests is None and not asked:
            return Judged(0, Counter())
        loaded = build(answers, history=history)
        found, failed = judge_timelines(loaded.timelines, codes, terms)
        difference = compare(known, found, failed, now)
        done = {request for request, _ in asked}.union(requests or ())
        run_statements(*folding.writing(loaded), *_writing(difference, now), *_answering(done), prepare=True)
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


def _writing(difference: "Difference", now: datetime) -> list[Statement]:
    if not (difference.rows or difference.dropped or difference.withdrawn):
        return []
    values = {
        "rows": json.encode(difference.rows).decode(),
        "dropped": difference.dropped,
        "withdrawn": difference.withdrawn,
        "now": now,
    }
    return [(WRITE, values)]


def _answering(requests: Collection[int]) -> list[Statement]:
    return [(ANSWER, {"requests": list(requests)})] if requests else []


class Difference(NamedTuple):
    """What must be written, and the counts of it; ``dropped`` and ``withdrawn`` are ids of findings."""

    rows: list[dict[str, Any]]
    dropped: list[int]
    withdrawn: list[int]
    counts: Counter[tuple[str, str]]


def compare(
    known: Iterable[tuple[Any, ...]],
    found: Mapping[Key, Verdict],
    failed: Collection[tuple[str, int]],
    now: datetime,
) -> Difference:
    """Rows of EXISTING against verdicts. Slices of rows are keys and verdicts: a plain tuple equals the named one."""
    rest = {row[1:5]: row for row in known}
    difference = Difference([], [], [], Counter((rule, "failed") for rule, _ in failed))
    for key, verdict in found.items():
        row = rest.pop(key, None)
        outcome = "new" if row is None else "standing" if row[5:] == verdict else "changed"
        difference.counts[key.rule, outcome] += 1
        if outcome != "standing":
            difference.rows.append(key._asdict() | verdict._asdict())
    for row in rest.values():
        key, verdict = Key._make(row[1:5]), Verdict._make(row[5:])
        if verdict.withdrawn_at is None and (key.rule, key.deal_id) not in failed:
            outcome = "dropped" if verdict.opens_at >= now else "withdrawn"
            difference.counts[key.rule, outcome] += 1
            (difference.dropped if outcome == "dropped" else difference.withdrawn).append(row[0])
    return difference


def judge_timelines(
    timelines: Iterable[Timeline], codes: Iterable[str], bench: Bench
) -> tuple[dict[Key, Verdict], set[tuple[str, int]]]:
    """What the rules that were ever on say now, and which of them failed to say anything about which deal."""
    found: dict[Key, Verdict] = {}
    failed: set[tuple[str, int]] = set()
    active = [(RULES[code], bench.steps[code]) for code in codes if code in bench.steps]
    for deal in timelines if active else ():
        for rule, reach in active:
            try:
                checks = list(rule.checks(deal, bench.terms))
            except Exception:
                log.exception("rule %s failed on deal %s", rule.code, deal.id)
                failed.add((rule.code, deal.id))
                continue
            for check in checks:
                for breach in check.breaches:
                    if (held := rule_modes.standing(reach, breach.opens_at, breach.closes_at)) is None:
                        continue
                    mode, ends_at = held
                    found[Key(rule.code, deal.id, breach.task, breach.since)] = Verdict(
                        rule.severity,
                        mode,
                        breach.stage,
                        breach.owner,
                        breach.opens_at,
                        ends_at,
                        breach.values,
                        breach.regulation,
                    )
    return found, failed


NUMBERS = ("now", "period", "now_before", "period_before")


class Tried(TypedDict):
    """What a rule finds for one manager: open ``now``, and at any time of the ``period``; before and after a change."""

    rule: str
    manager: int | None
    now: int
    period: int
    now_before: int
    period_before: int


def backtest(stage_id: str, norms: Mapping[str, Any], days: int = 90) -> list[Tried]:
    """Try changed norms of a stage on the visits of the last ``days``; writes nothing.

    ``norms`` are values of `regulations.draft`; those not named stay as they are in force. Only rules with norms
    of stages appear, whether they are on or not, with managers ordered by how many findings they would have now. The
    changed norms judge every visit, the present ones each visit by the version of its time. Raises ValueError.
    """
    now = moment.now()
    since = now - timedelta(days=days)
    terms = bench().terms
    changed = stage_norms(draft(stage_id, **norms), field_names())
    tried = replace(terms, norms={**terms.norms, stage_id: (changed,)})
    fields = fields_of((*terms.norms.values(), (changed,)))
    stays = Stay.objects.filter(stage=stage_id).exclude(left_at__lte=since)
    counts: dict[tuple[str, int | None], Counter[str]] = defaultdict(Counter)
    codes = [code for code, rule in RULES.items() if rule.is_of_stages]
    for deal in load_timelines(set(stays.values_list("deal_id", flat=True)), fields):
        for code in codes:
            for suffix, judged_by in (("", tried), ("_before", terms)):
                for breach in _on_stage(code, deal, judged_by, stage_id):
                    if breach.opens_at < now and (breach.closes_at is None or breach.closes_at > since):
                        counts[code, breach.owner]["period" + suffix] += 1
                        counts[code, breach.owner]["now" + suffix] += (
                            breach.closes_at is None or breach.closes_at > now
                        )
    rows = [
        Tried(rule=rule, manager=manager, **{name: numbers[name] for name in NUMBERS})  # type: ignore[typeddict-item]
        for (rule, manager), numbers in counts.items()
    ]
    order = list(RULES)
    return sorted(
        rows, key=lambda row: (order.index(row["rule"]), -row["now"], -row["period"], row["manager"] or 0)
    )


def _on_stage(code: str, deal: Timeline, terms: Terms, stage_id: str) -> Iterator[Breach]:
    return (
        breach
        for check in RULES[code].checks(deal, terms)
        for breach in check.breaches
        if breach.stage == stage_id
    )
