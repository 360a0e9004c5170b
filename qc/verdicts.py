"""Verdicts: what the rules say of timelines, finding by finding. Reads and writes nothing."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from qc import kept_checks, rule_modes
from qc.criteria import Bench
from qc.models import RuleMode
from qc.rule_modes import Steps
from qc.rules import RULES, Check, Rule, Terms
from timeline.timeline import Timeline

log = logging.getLogger(__name__)
TOGETHER = (
    200  # deals heard rule by rule: a rule is in the processor's cache then, and the deals are still in it
)
MONEY, WARN = RuleMode.Mode.MONEY.value, RuleMode.Mode.WARN.value


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


class Said(NamedTuple):
    """What rules say of deals: verdicts on findings, checks to be kept, and which rule failed on which deal."""

    found: dict[Key, Verdict]
    checks: dict[kept_checks.Key, kept_checks.Row]
    failed: set[tuple[str, str]]


class _Heard(NamedTuple):
    """A deal while it is heard: the stages it ever came to, and its checks by rule."""

    deal: Timeline
    subject: str
    visited: set[str]
    checks: dict[str, list[Check]]


def judge_timelines(timelines: Iterable[Timeline], codes: Iterable[str], bench: Bench) -> Said:
    """What the rules that were ever on say now, and which of them failed to say anything about which deal."""
    said, terms = Said({}, {}, set()), bench.terms
    active = [
        (code, RULES[code], bench.steps[code], bench.reach[code]) for code in codes if code in bench.steps
    ]
    lives = iter(timelines)
    while part := list(islice(lives, TOGETHER)) if active else []:
        heard = [_Heard(deal, str(deal.id), {piece.stage for piece in deal.pieces}, {}) for deal in part]
        for code, rule, reach, stages in active:
            for deal, subject, visited, checks in heard:
                if stages is not None and stages.isdisjoint(visited):
                    continue
                if found := hear_rule(rule, reach, deal, subject, terms, said):
                    checks[code] = found
        for one in heard:
            said.checks.update(kept_checks.rows_of(one.deal.id, one.checks))
    return said


def hear_rule(rule: Rule, reach: Steps, life: Any, subject: str, terms: Terms, said: Said) -> list[Check]:
    """What one rule says of a deal (person, contact, stage), put into ``said``; nothing where it raises."""
    try:
        checks = list(rule.checks(life, terms))
    except Exception:
        log.exception("rule %s failed on %s %s", rule.code, rule.unit, subject)
        said.failed.add((rule.code, subject))
        return []
    for check in checks:
        for breach in check.breaches:
            if (held := rule_modes.standing(reach, breach.opens_at, breach.closes_at)) is None:
                continue
            mode, ends_at = held
            if mode == MONEY and terms.graces and terms.is_newcomer(breach.owner, breach.opens_at):
                mode = WARN
            verdict = (
                rule.severity,
                mode,
                breach.stage,
                breach.owner,
                breach.opens_at,
                ends_at,
                breach.values,
                breach.regulation,
                None,
            )
            # As `Key(…)` and `Verdict(…)` would be made, in half the time: a deal has a dozen of them.
            key = tuple.__new__(Key, (rule.code, subject, breach.task, breach.since))
            said.found[key] = tuple.__new__(Verdict, verdict)
    return checks
