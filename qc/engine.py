"""Judgement: timelines in, findings out. Judged twice, nothing changes; a newer judgement corrects an older one."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypedDict

from django.db import transaction
from msgspec import json

from core import locks, moment
from core.db import Statement, run_statements
from pipelines.models import Deal, Person, Stage, Stay
from qc import kept_checks, rule_modes
from qc.criteria import STAMP, Bench, bench, field_names, fields_of, kept_reads, stage_norms
from qc.models import NEVER
from qc.regulations import draft
from qc.rule_modes import Steps
from qc.rules import CONTACT, DEAL, PERSON, RULES, STAGE, Breach, Check, Rule, Terms
from timeline import folding, subject_loading
from timeline.loading import build, load_timelines, reading
from timeline.timeline import Timeline

log = logging.getLogger(__name__)

LIVES: Mapping[str, Callable[[Any], Iterator[Any]]] = {
    PERSON: subject_loading.people,
    CONTACT: subject_loading.contacts,
    STAGE: subject_loading.stages,
}
BATCH = 1_000  # deals judged in one transaction, each under its own lock

REQUESTS = """
    select id, deal_id from pipelines_judgementrequest where deal_id = any(%(deals)s::bigint[]) for update skip locked
"""
ANSWER = "delete from pipelines_judgementrequest where id = any(%(requests)s)"
COLUMNS = """id, rule, subject, task_id, since, severity, mode, stage_id, manager_id, opens_at, closes_at, "values",
           regulation_id, withdrawn_at, excused_until"""
EXISTING = f"""
    select {COLUMNS} from qc_finding where deal_id = any(%(deals)s) and rule = any(%(rules)s)
"""
OF_SUBJECTS = f"""
    select {COLUMNS} from qc_finding
    where unit = %(unit)s and unit <> 'deal' and subject = any(%(subjects)s) and rule = any(%(rules)s)
"""
LOCK_SUBJECTS = """
    select pg_advisory_xact_lock(hashtextextended(%(unit)s || id, 0))
    from (select unnest(%(subjects)s::text[]) as id order by id) subject
"""
WRITE = """
    with withdrawn as (update qc_finding set withdrawn_at = %(now)s where id = any(%(withdrawn)s))
    insert into qc_finding (rule, unit, deal_id, contact_id, task_id, since, severity, mode, stage_id, manager_id,
                            opens_at, closes_at, "values", regulation_id, withdrawn_at, noticed_at)
    select rule, unit, deal_id, contact_id, task_id, since, severity, mode, stage_id, manager_id, opens_at, closes_at,
           "values", regulation_id, withdrawn_at, %(now)s
    from jsonb_to_recordset(%(rows)s::jsonb) as row (
        rule text, unit text, deal_id bigint, contact_id bigint, task_id bigint, since timestamptz, severity text,
        mode text, stage_id text, manager_id bigint, opens_at timestamptz, closes_at timestamptz, "values" jsonb,
        regulation_id bigint, withdrawn_at timestamptz)
    on conflict (rule, subject, task_id, since) do update set
        severity = excluded.severity, mode = excluded.mode, stage_id = excluded.stage_id,
        manager_id = excluded.manager_id, opens_at = excluded.opens_at, closes_at = excluded.closes_at,
        "values" = excluded."values", regulation_id = excluded.regulation_id,
        withdrawn_at = excluded.withdrawn_at
    returning id
"""


class Key(NamedTuple):
    """By which a finding is found again; ``subject``: the id of what the rule looks at, as text."""

    rule: str
    subject: str
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

    With them their contacts and whoever closed them, where rules that are on look at those; with all deals all people,
    contacts and stages. Writes what differs.

    Returns counts by (rule, outcome): new, changed, withdrawn (had opened), dropped (withdrawn before it opened),
    standing, failed. A rule that raises says nothing about that deal: its findings stay as they are. A rule that is off
    finds nothing from then on. Raises ValueError for a code that is not in the catalogue.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for deals in _batches(deal_ids):
        counts += judge_together(deals, rules).counts
    return counts + (judge_every_subject(rules) if deal_ids is None else Counter())


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
    codes = _codes(DEAL, rules)
    now = moment.now()
    with transaction.atomic(savepoint=False):  # whoever has begun one already rolls it back himself
        # The lock comes before every other read: whoever judges last has seen the newest history. Then the requests:
        # what was changed together with one of them is seen by what is read after it.
        first: tuple[Statement, ...] = (
            locks.of_deals(deals),
            (REQUESTS, {"deals": deals if history else []}),
            (EXISTING, {"deals": deals, "rules": codes}),
            (kept_checks.KNOWN, {"deals": deals}),
            (STAMP, {}),
        )
        fields, touches = kept_reads()
        while True:
            _, asked, known, kept, [stamp], *answers = run_statements(
                *first, *reading(deals, fields, history=history, touches=touches), prepare=True
            )
            terms = bench(stamp)
            if (fields is None or terms.fields <= fields) and touches >= terms.touches:
                break
            fields, touches = terms.fields, terms.touches
        if requests is None and not asked:
            return Judged(0, Counter())
        loaded = build(answers, history=history)
        said = judge_timelines(loaded.timelines, codes, terms)
        difference = compare(known, said.found, said.failed, now)
        checks = kept_checks.compare(kept, _whole_checks(said, deals, codes))
        done = {request for request, _ in asked}.union(requests or ())
        run_statements(*folding.writing(loaded), *_writing(difference, checks, done, now), prepare=True)
        around = judge_around(deals, rules, terms)
    return Judged(len(deals), difference.counts + around)


def judge_around(
    deal_ids: Collection[int], rules: Collection[str] | None, known: Bench
) -> Counter[tuple[str, str]]:
    """Contacts of these deals, and the people whose closed deals they are, by the rules that were ever on."""
    counts: Counter[tuple[str, str]] = Counter()
    ever_on = known.steps
    deals = Deal.objects.filter(id__in=deal_ids).order_by()
    for unit, ids in (
        (CONTACT, deals.exclude(contact=None).values_list("contact", flat=True)),
        (PERSON, deals.exclude(closed_at=None).exclude(manager=None).values_list("manager", flat=True)),
    ):
        codes = [code for code in _codes(unit, rules) if code in ever_on]
        if codes:
            counts += judge_subjects(unit, ids, codes)
    return counts


def judge_subjects(
    unit: str, ids: Iterable[int | str], rules: Collection[str] | None = None
) -> Counter[tuple[str, str]]:
    """The same for people, contacts or stages (a ``unit`` other than the deal) by the rules that look at them."""
    codes = _codes(unit, rules)
    subjects = sorted(set(ids), key=str)
    counts: Counter[tuple[str, str]] = Counter()
    for start in range(0, len(subjects), BATCH) if codes else ():
        with transaction.atomic():
            counts += _judge_subjects(unit, subjects[start : start + BATCH], codes)
    return counts


def judge_every_subject(rules: Collection[str] | None = None) -> Counter[tuple[str, str]]:
    """All people, contacts with deals and stages, where a rule that was ever on looks at them."""
    counts: Counter[tuple[str, str]] = Counter()
    contacts = Deal.objects.exclude(contact=None).order_by("contact").values_list("contact", flat=True)
    everything: dict[str, Iterable[int | str]] = {
        PERSON: Person.objects.values_list("id", flat=True),
        CONTACT: contacts.distinct(),
        STAGE: Stage.objects.values_list("id", flat=True),
    }
    ever_on = bench().steps
    for unit, ids in everything.items():
        codes = [code for code in _codes(unit, rules) if code in ever_on]
        if codes:
            counts += judge_subjects(unit, ids, codes)
    return counts


def _codes(unit: str, rules: Collection[str] | None) -> list[str]:
    if unknown := [code for code in rules or () if code not in RULES]:
        raise ValueError(f"There is no rule {unknown[0]}.")
    return [code for code, rule in RULES.items() if rule.unit == unit and (rules is None or code in rules)]


def _judge_subjects(unit: str, ids: list[int | str], codes: list[str]) -> Counter[tuple[str, str]]:
    now, names = moment.now(), {"unit": unit, "subjects": [str(one) for one in ids]}
    _, known, [stamp] = run_statements(
        (LOCK_SUBJECTS, names), (OF_SUBJECTS, {**names, "rules": codes}), (STAMP, {})
    )
    terms, said = bench(stamp), Said({}, {}, set())
    active = [(RULES[code], terms.steps[code]) for code in codes if code in terms.steps]
    for life in LIVES[unit](ids) if active else ():
        for rule, reach in active:
            _hear_rule(rule, reach, life, str(life.id), terms.terms, said)
    difference = compare(known, said.found, said.failed, now)
    if statement := difference.statement(now):
        run_statements(statement)
    return difference.counts


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
    said: "Said", deals: Sequence[int], codes: Collection[str]
) -> dict[kept_checks.Key, kept_checks.Row]:
    """The checks to be kept: those of rules that were not asked, or failed, stay as they stand."""
    unasked = {(code, deal) for code in _codes(DEAL, None) if code not in codes for deal in deals}
    unasked |= {(code, int(subject)) for code, subject in said.failed}
    if not unasked:
        return said.checks
    [whole] = run_statements((kept_checks.WHOLE, {"deals": deals}))
    return kept_checks.merge(said.checks, whole, unasked)


def _writing(
    difference: "Difference", checks: kept_checks.Difference, requests: Collection[int], now: datetime
) -> Iterator[Statement]:
    if statement := difference.statement(now):
        yield statement
    if checks:
        yield kept_checks.WRITE, checks.parameters()
    if requests:
        yield ANSWER, {"requests": list(requests)}


class Said(NamedTuple):
    """What rules say of deals: verdicts on findings, checks to be kept, and which rule failed on which deal."""

    found: dict[Key, Verdict]
    checks: dict[kept_checks.Key, kept_checks.Row]
    failed: set[tuple[str, str]]


class Difference(NamedTuple):
    """What must be written, and the counts of it; ``withdrawn`` are ids of findings."""

    rows: list[dict[str, Any]]
    withdrawn: list[int]
    counts: Counter[tuple[str, str]]

    def statement(self, now: datetime) -> tuple[str, dict[str, Any]] | None:
        if not (self.rows or self.withdrawn):
            return None
        rows = json.encode(self.rows).decode()
        return WRITE, {"rows": rows, "withdrawn": self.withdrawn, "now": now}


def compare(
    known: Iterable[tuple[Any, ...]],
    found: Mapping[Key, Verdict],
    failed: Collection[tuple[str, str]],
    now: datetime,
) -> Difference:
    """Rows of EXISTING against verdicts. Slices of rows are keys and verdicts: a plain tuple equals the named one."""
    rest = {row[1:5]: row for row in known}
    difference = Difference([], [], Counter((rule, "failed") for rule, _ in failed))
    for key, verdict in found.items():
        row = rest.pop(key, None)
        if row is not None and row[-1] is not None:
            verdict = excuse(verdict, row[-1], row[-2] or now)
        outcome = "new" if row is None else "standing" if row[5:-1] == verdict else "changed"
        difference.counts[key.rule, outcome] += 1
        if outcome != "standing":
            difference.rows.append(_place(key) | key._asdict() | verdict._asdict())
    for row in rest.values():
        key, verdict = Key._make(row[1:5]), Verdict._make(row[5:-1])
        if verdict.withdrawn_at is None and (key.rule, key.subject) not in failed:
            outcome = "dropped" if verdict.opens_at >= now else "withdrawn"
            difference.counts[key.rule, outcome] += 1
            difference.withdrawn.append(row[0])
    return difference


def excuse(verdict: Verdict, until: datetime, at: datetime) -> Verdict:
    """The verdict on a finding that is held against nobody before ``until``: nothing is left of one that ends by then,
    and it is withdrawn ``at``."""
    if until >= NEVER or (verdict.closes_at is not None and verdict.closes_at <= until):
        return verdict._replace(withdrawn_at=at)
    return verdict._replace(opens_at=max(verdict.opens_at, until))


def _place(key: Key) -> dict[str, Any]:
    """The columns that a finding's subject follows from; a person stands as its manager, a stage as its stage."""
    unit = RULES[key.rule].unit
    return {"unit": unit, f"{unit}_id": int(key.subject)} if unit in (DEAL, CONTACT) else {"unit": unit}


def judge_timelines(timelines: Iterable[Timeline], codes: Iterable[str], bench: Bench) -> Said:
    """What the rules that were ever on say now, and which of them failed to say anything about which deal."""
    said = Said({}, {}, set())
    active = [(RULES[code], bench.steps[code]) for code in codes if code in bench.steps]
    for deal in timelines if active else ():
        subject = str(deal.id)
        checks = {
            rule.code: _hear_rule(rule, reach, deal, subject, bench.terms, said) for rule, reach in active
        }
        said.checks.update(kept_checks.rows_of(deal.id, checks))
    return said


def _hear_rule(rule: Rule, reach: Steps, life: Any, subject: str, terms: Terms, said: Said) -> list[Check]:
    """What one rule says of a deal (person, contact, stage), put into ``said``; nothing where it raises."""
    try:
        checks = list(rule.checks(life, terms))
    except Exception:
        log.exception("rule %s failed on %s %s", rule.code, rule.unit, subject)
        said.failed.add((rule.code, subject))
        return []
    for check in checks:
        if not check.breaches:
            continue
        for breach in check.breaches:
            if (held := rule_modes.standing(reach, breach.opens_at, breach.closes_at)) is None:
                continue
            mode, ends_at = held
            said.found[Key(rule.code, subject, breach.task, breach.since)] = Verdict(
                rule.severity,
                mode,
                breach.stage,
                breach.owner,
                breach.opens_at,
                ends_at,
                breach.values,
                breach.regulation,
            )
    return checks


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
    touches = any(RULES[code].reads_touches for code in codes)
    for deal in load_timelines(set(stays.values_list("deal_id", flat=True)), fields, touches):
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
