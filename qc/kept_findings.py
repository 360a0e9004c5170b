"""Findings as they are stored: what differs between those that stand in the table and what the rules say now."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import json

from qc.models import NEVER
from qc.rules import CONTACT, DEAL, RULES
from qc.verdicts import Key, Verdict

COLUMNS = """id, rule, subject, task_id, since, severity, mode, stage_id, manager_id, opens_at, closes_at, "values",
           regulation_id, withdrawn_at, excused_until"""
EXISTING = f"""
    select {COLUMNS} from qc_finding where deal_id = any(%(deals)s) and rule = any(%(rules)s)
"""
OF_SUBJECTS = f"""
    select {COLUMNS} from qc_finding
    where unit = %(unit)s and unit <> 'deal' and subject = any(%(subjects)s) and rule = any(%(rules)s)
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
    difference, counts = Difference([], [], Counter((rule, "failed") for rule, _ in failed)), Counter[str]()
    for key, verdict in found.items():
        row = rest.pop(key, None)
        if row is not None:
            if row[-1] is not None:
                verdict = excuse(verdict, row[-1], row[-2] or now)
            if row[5:-1] == verdict:  # mostly
                counts[key[0]] += 1
                continue
        difference.counts[key.rule, "new" if row is None else "changed"] += 1
        difference.rows.append(_place(key) | key._asdict() | verdict._asdict())
    for rule, number in counts.items():
        difference.counts[rule, "standing"] = number
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
