"""The effects of changes as they are measured on this portal: which change, by which findings, beside whom.

A version of a stage: the rules whose norm it changed, and those that go by it, judged by its norms all along, on its
stage and, for comparison, on the other stages of the pipeline that no version changed meanwhile. A switched rule: its
findings all along, beside those of the other rules in proportion. Quality control off: people trained by then, with new
ones beside them. What was measured is kept.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from core.db import run_statements
from pipelines.models import Stage, Stay
from qc import effects, norms, trials
from qc.criteria import bench, field_names, fields_of, stage_norms
from qc.effects import AFTER, BEFORE, CHANGED, OTHERS, Cell, Effect
from qc.marks import CONTROL_OFF, SWITCH, VERSION, Mark
from qc.models import MeasuredEffect, Regulation
from qc.rules import DEAL, RULES, Terms
from team.schedules import employment
from timeline.loading import load_timelines

WINDOW = timedelta(days=56)  # before, and at most after
LEAST = timedelta(days=28)  # after, until anything is said
TRAINED = timedelta(days=90)  # of employment
MOST = 8_000  # deals that one effect is measured by: the newest
FRESH = timedelta(hours=20)

DAYS = """
    select stage_id, manager_id,
           sum(extract(epoch from least(coalesce(left_at, %(until)s), %(until)s) - greatest(entered_at, %(start)s)))
           / 86400
    from pipelines_stay
    where manager_id is not null and stage_id = any(%(stages)s) and deal_id = any(%(deals)s)
      and entered_at < %(until)s and (left_at is null or left_at > %(start)s)
    group by 1, 2
"""


@dataclass(frozen=True)
class Measured:
    """``scale`` of `effects.measure_effect`; ``others``: stages that it is compared with. ``early_until``: when there
    will be enough time to say anything."""

    mark: Mark
    rules: tuple[str, ...]
    scale: str
    effect: Effect
    verdict: str
    start: datetime
    until: datetime
    early_until: datetime
    others: tuple[str, ...] = ()
    sampled: bool = False


def measure(mark: Mark, marks: Collection[Mark], now: datetime) -> Measured | None:
    """None for what cannot be measured: a first version, a version of texts only, a rule that is not about deals."""
    if mark.kind == VERSION:
        return _version(mark, marks, now)
    if mark.kind == SWITCH:
        return _switch(mark, marks, now)
    return _control(mark, now) if mark.kind == CONTROL_OFF else None


def _version(mark: Mark, marks: Collection[Mark], now: datetime) -> Measured | None:
    rows = Regulation.objects.published().filter(stage=mark.stage)
    fresh = rows.filter(version=mark.version).first()
    old = rows.filter(published_at__lt=mark.at).first()
    stage = Stage.objects.filter(pk=mark.stage).first()
    if fresh is None or stage is None:
        return None
    was, becomes = (norms.read_norms(one.norms if one else {}) for one in (old, fresh))
    changed_norms = {type(norm) for code, norm in becomes.items() if was[code] != norm}
    stated = {type(norm) for norm in becomes.values() if norm != type(norm)()}
    known = bench()
    codes = tuple(
        code
        for code in known.judged_by(changed_norms)
        if (rule := RULES[code]).norm in stated or (rule.norm is None and not stated.isdisjoint(rule.goes_by))
    )
    if not codes:
        return None
    start, until = mark.at - WINDOW, min(mark.at + WINDOW, now)
    changed = {one.stage for one in marks if one.kind == VERSION and start <= one.at < until}
    others = list(
        Stage.objects.filter(pipeline=stage.pipeline_id, kind=Stage.Kind.WORK, deleted_at=None)
        .exclude(pk__in=changed | {stage.pk})
        .values_list("pk", flat=True)
    )
    one_norm = stage_norms(fresh, field_names())._replace(published_at=None)
    only = {kind for code in codes for kind in (RULES[code].norm, *RULES[code].goes_by)}
    compared = one_norm._replace(norms={kind: norm for kind, norm in one_norm.norms.items() if kind in only})
    judged = replace(
        known.terms, norms={**known.terms.norms, stage.pk: (one_norm,), **dict.fromkeys(others, (compared,))}
    )
    groups = {stage.pk: CHANGED} | dict.fromkeys(others, OTHERS)
    rows_, sampled = _rows(codes, judged, groups, start, mark.at, until)
    scale = "difference" if others else "alone"
    effect = effects.measure_effect(effects.add_up(rows_), scale)  # type: ignore[arg-type]  # one of the two
    return _told(mark, codes, scale, effect, start, until, now, tuple(others), sampled)


def _switch(mark: Mark, marks: Collection[Mark], now: datetime) -> Measured | None:
    rule = RULES.get(mark.rule or "")
    if rule is None or rule.unit != DEAL or rule.reads_reviews:  # more reviews find more: that is no effect
        return None
    start, until = mark.at - WINDOW, min(mark.at + WINDOW, now)
    switched = {one.rule for one in marks if one.kind == SWITCH and start <= one.at < until}
    known = bench()
    others = [
        code
        for code in known.steps
        if code not in switched and RULES[code].unit == DEAL and RULES[code].occasion
    ]
    stages = dict.fromkeys(Stage.objects.filter(kind=Stage.Kind.WORK).values_list("pk", flat=True), CHANGED)
    terms = _as_now(known.terms)
    groups = {rule.code: CHANGED} | dict.fromkeys(others, OTHERS)
    rows, sampled = _rows([rule.code, *others], terms, stages, start, mark.at, until, by_rule=groups)
    scale = "ratio" if others else "alone"
    effect = effects.measure_effect(effects.add_up(rows), scale)  # type: ignore[arg-type]  # one of the two
    return _told(mark, (rule.code,), scale, effect, start, until, now, (), sampled)


def _control(mark: Mark, now: datetime) -> Measured | None:
    """Before it was off (before) and while it was (after): of people who had worked here for 90 days by then, beside
    newer ones where there were any before, too."""
    start, until = mark.at - WINDOW, min(mark.until or now, now)
    if until <= mark.at:
        return None
    known = bench()
    codes = [code for code in known.steps if RULES[code].unit == DEAL and RULES[code].occasion]
    stages = dict.fromkeys(Stage.objects.filter(kind=Stage.Kind.WORK).values_list("pk", flat=True), CHANGED)
    hired = {person: since for person, (since, _left) in employment().items() if since is not None}
    new = {person for person, since in hired.items() if since > mark.at - TRAINED}
    rows, sampled = _rows(codes, _as_now(known.terms), stages, start, mark.at, until)
    told = [
        ((OTHERS if person in new else group, time), person, n, days)
        for (group, time), person, n, days in rows
    ]
    effect = effects.measure_effect(effects.add_up(told), "alone")
    return _told(mark, tuple(codes), "alone", effect, start, until, now, (), sampled, least=timedelta(days=7))


def _as_now(terms: Terms) -> Terms:
    """The norms in force as if they had been all along: today's rules judge all history."""
    return replace(
        terms,
        norms={stage: (versions[-1]._replace(published_at=None),) for stage, versions in terms.norms.items()},
    )


def _rows(
    codes: Collection[str],
    terms: Terms,
    groups: Mapping[str, str],
    start: datetime,
    at: datetime,
    until: datetime,
    by_rule: Mapping[str, str] | None = None,
) -> tuple[list[tuple[Cell, int, float, float]], bool]:
    """Findings that opened, and deal-days, by group, time and person; and whether only the newest deals were read."""
    stays = Stay.objects.filter(stage__in=list(groups), entered_at__lt=until).exclude(left_at__lte=start)
    ids = list(stays.order_by("-deal").values_list("deal", flat=True).distinct()[: MOST + 1])
    sampled, ids = len(ids) > MOST, ids[:MOST]
    touches, moves = (
        any(getattr(RULES[code], name) for code in codes) for name in ("reads_touches", "reads_moves")
    )
    fields = fields_of(terms.norms.values())
    opened: Counter[tuple[Cell, int]] = Counter()
    for deal in load_timelines(ids, fields, touches, moves):
        for one in trials.collect(deal, codes, terms, start, until, groups):
            if one.owner is not None and start <= one.opens_at < until:
                group = by_rule[one.key.rule] if by_rule else groups[one.stage or ""]
                opened[(group, BEFORE if one.opens_at < at else AFTER), one.owner] += 1
    rows = [(cell, person, float(number), 0.0) for (cell, person), number in opened.items()]
    for time, (begin, end) in ((BEFORE, (start, at)), (AFTER, (at, until))):
        values: dict[str, Any] = {"stages": list(groups), "deals": ids, "start": begin, "until": end}
        [answer] = run_statements((DAYS, values))
        for stage, person, days in answer:
            cells = set(by_rule.values()) if by_rule else {groups[stage]}
            rows += [((group, time), person, 0.0, float(days)) for group in cells]
    return rows, sampled


def _told(
    mark: Mark,
    codes: tuple[str, ...],
    scale: str,
    effect: Effect,
    start: datetime,
    until: datetime,
    now: datetime,
    others: tuple[str, ...],
    sampled: bool,
    least: timedelta = LEAST,
) -> Measured:
    is_over = until - mark.at >= least
    verdict = effects.decide(effect, is_over)
    return Measured(mark, codes, scale, effect, verdict, start, until, mark.at + least, others, sampled)


def read_measured(marks: Iterable[Mark]) -> dict[str, dict[str, Any]]:
    """What is kept of these changes, by key."""
    keys = [mark.key for mark in marks]
    return dict(MeasuredEffect.objects.filter(change__in=keys).values_list("change", "answer"))


def measure_stale(marks: Collection[Mark], now: datetime, most: int = 100) -> int:
    """Measure anew what was not measured, or not to its end, and keep it; returns how many were."""
    known = {
        row.change: row for row in MeasuredEffect.objects.filter(change__in=[mark.key for mark in marks])
    }
    done = 0
    for mark in sorted(marks, key=lambda one: one.at, reverse=True):
        row = known.get(mark.key)
        ends = (mark.until or mark.at + WINDOW) if mark.kind == CONTROL_OFF else mark.at + WINDOW
        if mark.at >= now or done >= most:
            continue
        if row is not None and (row.until >= ends or row.measured_at > now - FRESH):
            continue
        found = measure(mark, marks, now)
        MeasuredEffect.objects.update_or_create(
            change=mark.key,
            defaults={"measured_at": now, "until": found.until if found else ends, "answer": document(found)},
        )
        done += 1
    return done


def document(found: Measured | None) -> dict[str, Any]:
    """What is kept; empty for what cannot be measured."""
    if found is None:
        return {}
    effect = found.effect
    return {
        "rules": list(found.rules),
        "scale": found.scale,
        "verdict": found.verdict,
        "value": effect.value,
        "low": effect.low,
        "high": effect.high,
        "people": effect.people,
        "start": found.start.isoformat(),
        "at": found.mark.at.isoformat(),
        "until": found.until.isoformat(),
        "early_until": found.early_until.isoformat(),
        "others": list(found.others),
        "sampled": found.sampled,
        "rates": {
            f"{group}_{time}": {
                "findings": rate.findings,
                "days": rate.days,
                "people": rate.people,
                "value": rate.value,
            }
            for (group, time), rate in effect.rates.items()
        },
    }
