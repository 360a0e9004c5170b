"""How far a rule reached and when: its modes, weights and norms are dated steps, each for its own time."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from core.db import run_statements
from qc.models import RuleMode
from qc.rules import RULES

OFF = RuleMode.Mode.OFF.value
STEPS = """
    select rule, mode, weight, since, norm from (
        select rule, mode, weight, since, id, norm from qc_rulestep
        union all select rule, mode, weight, since, null, norm from qc_rulemode
    ) step order by rule, since, id nulls last
"""
ALWAYS = datetime.min.replace(tzinfo=UTC)
# Times without control beside them, in one statement: a page has few. Their rule is none.
STEPS_AND_OFF_TIMES = """
    select rule, mode, weight, since, norm, until from (
        select rule, mode, weight, since, norm, id, null::timestamptz as until from qc_rulestep
        union all select rule, mode, weight, since, norm, null, null from qc_rulemode
        union all select null, null, null, since, null, null, case when ended then until end from qc_controloff
        where begun and (until is null or since < until)
    ) step order by rule, since, id nulls last
"""


class Step(NamedTuple):
    """A rule's mode and weight from ``since`` until its next step; its norm, where that is no stage's."""

    mode: str
    weight: int
    since: datetime
    norm: Mapping[str, Any] = {}


Steps = Sequence[Step]
OffTimes = Sequence[tuple[datetime, datetime | None]]  # half-open, in order, and apart


def read() -> dict[str, Steps]:
    """The steps of every rule, oldest first, as times without quality control have left them."""
    return read_with_off_times()[0]


def read_with_off_times() -> tuple[dict[str, Steps], OffTimes]:
    """The same, and those times. One query."""
    [rows] = run_statements((STEPS_AND_OFF_TIMES, {}))
    off_times = [(row[3], row[-1]) for row in rows if row[0] is None]
    own = _by_rule(row[:-1] for row in rows if row[0] is not None)
    return {rule: without_control(steps, off_times) for rule, steps in own.items()}, off_times


def read_own() -> dict[str, Steps]:
    """The steps of every rule as they were set."""
    [rows] = run_statements((STEPS, {}))
    return _by_rule(rows)


def as_if(mode: str, weight: int, off_times: OffTimes) -> Steps:
    """The steps of a rule that had stood so all along, but for times without control."""
    return without_control([Step(mode, weight, ALWAYS)], off_times)


def list_switched_off() -> set[str]:
    """Rules that judge nobody now. One query."""
    on = RuleMode.objects.exclude(mode=RuleMode.Mode.OFF).values_list("rule", flat=True)
    return set(RULES).difference(on)


def _by_rule(rows: Iterable[Sequence[Any]]) -> dict[str, Steps]:
    found: dict[str, list[Step]] = defaultdict(list)
    for rule, *step in rows:
        found[rule].append(Step._make(step))
    return dict(found)


def without_control(steps: Steps, off_times: OffTimes) -> list[Step]:
    """The steps with every mode held down to shadow in ``off_times``.

    The very first step stays before them as it was, since a rule counts by it before it began.
    """
    found = list(steps)
    for since, until in off_times:
        first = found[0].since
        if until is not None and until <= first:
            continue
        since = max(since, first)
        at_start = _standing_at(found, since)
        before = [step for step in found if step.since < since or (step.since == since == first)]
        within = [step for step in found if step.since > since and (until is None or step.since < until)]
        after = [step for step in found if until is not None and step.since >= until]
        held = [_held_down(at_start._replace(since=since)), *(_held_down(step) for step in within)]
        again: list[Step] = []
        if until is not None and (not after or after[0].since > until):
            again = [_standing_at(found, until)._replace(since=until)]
        found = [*before, *held, *again, *after]
    return found


def _standing_at(steps: Steps, moment: datetime) -> Step:
    known = [step for step in steps if step.since <= moment]
    return known[-1] if known else steps[0]


def _held_down(step: Step) -> Step:
    return step if step.mode == RuleMode.Mode.OFF else step._replace(mode=RuleMode.Mode.SHADOW.value)


def standing(
    steps: Steps, opens_at: datetime, closes_at: datetime | None
) -> tuple[str, datetime | None] | None:
    """The mode of a breach when it was last held, and its end; None where it was not held.

    A rule that is switched off holds nothing from then on; what it had found until then stays, closed by the switch.
    Before its first step a rule counts as it did with that step.
    """
    place = len(steps) - 1
    if not place and steps[0].mode != OFF:
        return steps[0].mode, closes_at  # mostly
    while place and closes_at is not None and steps[place].since >= closes_at:
        place -= 1
    while steps[place].mode == OFF:
        closes_at = steps[place].since
        place -= 1
        if place < 0 or opens_at >= closes_at:
            return None
    return steps[place].mode, closes_at


class Counted(NamedTuple):
    """A part ``[start, until)`` of a period in which a rule counted."""

    start: datetime
    until: datetime


def counted(
    steps: Steps, modes: Collection[str], start: datetime, until: datetime
) -> tuple[int, list[Counted]]:
    """When a rule was in one of these modes, and its weight: the one with which it began to count in the period.

    So a weight that is changed while the rule counts waits for the next period. Without any parts the weight is 0.
    """
    weight, parts = 0, list[Counted]()
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        part = Counted(max(start, step.since), min(until, after.since) if after else until)
        if step.mode not in modes or part.start >= part.until:
            continue
        if parts and parts[-1].until == part.start:
            parts[-1] = parts[-1]._replace(until=part.until)
            continue
        weight = weight if parts else step.weight
        parts.append(part)
    return weight, parts
