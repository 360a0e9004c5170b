"""Judgement: timelines in, findings out. Judged twice, nothing changes; a newer judgement corrects an older one."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypedDict

from django.db import transaction
from msgspec import json

from core import moment
from core.db import ask
from pipelines.models import Deal, Person, Stage, Stay
from qc import kept_checks, rule_modes
from qc.criteria import STAMP, Bench, bench, field_names, fields_of, stage_norms
from qc.regulations import draft
from qc.rule_modes import Steps
from qc.rules import CONTACT, DEAL, PERSON, RULES, STAGE, Breach, Check, Rule, Terms
from timeline import subject_loading
from timeline.loading import timelines
from timeline.timeline import Timeline

log = logging.getLogger(__name__)

LIVES: Mapping[str, Callable[[Any], Iterator[Any]]] = {
    PERSON: subject_loading.people,
    CONTACT: subject_loading.contacts,
    STAGE: subject_loading.stages,
}
BATCH = 1_000  # deals judged in one transaction, each under its own lock

LOCK = """
    select pg_advisory_xact_lock(hashtextextended('qc.deal', id))
    from (select unnest(%(deals)s::bigint[]) as id order by id) deal
"""
COLUMNS = """id, rule, subject, task_id, since, severity, mode, stage_id, manager_id, opens_at, closes_at, "values",
           regulation_id, withdrawn_at"""
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
                            opens_at, closes_at, "values", regulation_id)
    select rule, unit, deal_id, contact_id, task_id, since, severity, mode, stage_id, manager_id, opens_at, closes_at,
           "values", regulation_id
    from jsonb_to_recordset(%(rows)s::jsonb) as row (
        rule text, unit text, deal_id bigint, contact_id bigint, task_id bigint, since timestamptz, severity text,
        mode text, stage_id text, manager_id bigint, opens_at timestamptz, closes_at timestamptz, "values" jsonb,
        regulation_id bigint)
    on conflict (rule, subject, task_id, since) do update set
        severity = excluded.severity, mode = excluded.mode, stage_id = excluded.stage_id,
        manager_id = excluded.manager_id, opens_at = excluded.opens_at, closes_at = excluded.closes_at,
        "values" = excluded."values", regulation_id = excluded.regulation_id, withdrawn_at = null
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
    """Judge these deals (None = all) by these rules (None = all) and write what differs.

    With them their contacts and whoever closed them, where rules that are on look at those; with all deals all people,
    contacts and stages. Each deal is judged in one transaction, what is around it in another.

    Returns counts by (rule, outcome): new, changed, withdrawn (had opened), dropped (withdrawn before it opened),
    standing, failed. A rule that raises says nothing about that deal: its findings stay as they are. A rule that is off
    finds nothing from then on. Raises ValueError for a code that is not in the catalogue.
    """
    codes = _codes(DEAL, rules)
    counts: Counter[tuple[str, str]] = Counter()
    chosen = None if deal_ids is None else sorted(set(deal_ids))
    for deals in _batches(chosen) if codes else ():
        with transaction.atomic():
            counts += _judge(deals, codes)
    return counts + (judge_every_subject(rules) if chosen is None else judge_around(chosen, rules))


def judge_around(deal_ids: Collection[int], rules: Collection[str] | None = None) -> Counter[tuple[str, str]]:
    """Contacts of these deals, and the people whose closed deals they are, by the rules that were ever on."""
    counts: Counter[tuple[str, str]] = Counter()
    ever_on = bench().steps
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
    _, known, [stamp] = ask((LOCK_SUBJECTS, names), (OF_SUBJECTS, {**names, "rules": codes}), (STAMP, {}))
    terms, said = bench(stamp), Said({}, {}, set())
    active = [(RULES[code], terms.steps[code]) for code in codes if code in terms.steps]
    for life in LIVES[unit](ids) if active else ():
        for rule, reach in active:
            _hear_rule(rule, reach, life, str(life.id), terms.terms, said)
    difference = _compare(known, said.found, said.failed, now)
    if statement := difference.statement(now):
        ask(statement)
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


def _judge(deals: list[int], codes: list[str]) -> Counter[tuple[str, str]]:
    now = moment.now()
    # The lock comes before every other read: whoever judges last has seen the newest history.
    _, known, kept, [stamp] = ask(
        (LOCK, {"deals": deals}),
        (EXISTING, {"deals": deals, "rules": codes}),
        (kept_checks.KNOWN, {"deals": deals}),
        (STAMP, {}),
    )
    said = hear(deals, codes, bench(stamp))
    difference = _compare(known, said.found, said.failed, now)
    checks = said.checks
    unasked = {(code, deal) for code in _codes(DEAL, None) if code not in codes for deal in deals}
    unasked |= {(code, int(subject)) for code, subject in said.failed}
    if unasked:
        [whole] = ask((kept_checks.WHOLE, {"deals": deals}))
        checks = kept_checks.merge(checks, whole, unasked)
    different = kept_checks.compare(kept, checks)
    statements = [statement] if (statement := difference.statement(now)) else []
    if different:
        statements.append((kept_checks.WRITE, different.parameters()))
    if statements:
        ask(*statements)
    return difference.counts


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


def _compare(
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
        outcome = "new" if row is None else "standing" if row[5:] == verdict else "changed"
        difference.counts[key.rule, outcome] += 1
        if outcome != "standing":
            difference.rows.append(_place(key) | key._asdict() | verdict._asdict())
    for row in rest.values():
        key, verdict = Key._make(row[1:5]), Verdict._make(row[5:])
        if verdict.withdrawn_at is None and (key.rule, key.subject) not in failed:
            outcome = "dropped" if verdict.opens_at > now else "withdrawn"
            difference.counts[key.rule, outcome] += 1
            difference.withdrawn.append(row[0])
    return difference


def _place(key: Key) -> dict[str, Any]:
    """The columns that a finding's subject follows from; a person stands as its manager, a stage as its stage."""
    unit = RULES[key.rule].unit
    return {"unit": unit, f"{unit}_id": int(key.subject)} if unit in (DEAL, CONTACT) else {"unit": unit}


def hear(deals: list[int], codes: list[str], bench: Bench) -> Said:
    """What the rules that were ever on say now, and which of them failed to say anything about which deal."""
    said = Said({}, {}, set())
    active = [(RULES[code], bench.steps[code]) for code in codes if code in bench.steps]
    if not active:
        return said
    for deal in timelines(deals, bench.fields, bench.touches):
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
    for deal in timelines(set(stays.values_list("deal_id", flat=True)), fields, touches):
        for code in codes:
            for suffix, judged_by in (("", tried), ("_before", terms)):
                for breach in _on_stage(code, deal, judged_by, stage_id):
                    if breach.opens_at <= now and (breach.closes_at is None or breach.closes_at > since):
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
