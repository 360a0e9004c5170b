"""Quality of people from their checks and what is held against them: by count, and by time. Pure.

By count, each occasion of a period was kept or broken. By time, it is the share of the demanded time in which the deal
was in order, both on the clock of the rule (for owners: their shifts). Both weigh rules alike.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from core.spans import Spans
from qc.kept_checks import ONCE, UNCOUNTED, UNTIMED, Kept, Seconds
from qc.rule_modes import Counted
from qc.rules import CALENDAR, CLIENT, RULES
from qc.rules.terms import Employment
from team.clock import AnyClock, Clocks

NOTHING = timedelta()
MICROSECOND = timedelta(microseconds=1)


class Held(NamedTuple):
    """A finding that stands, as quality sees it. ``was_free``: it cost nothing in its month and opens only now."""

    task: int
    since: datetime
    opens_at: datetime
    closes_at: datetime | None
    was_free: bool = False


Change = Callable[[Held], Held | None]  # how it would be otherwise; None: not at all


class OfDeal(NamedTuple):
    """The checks of one deal and person, and what is held against him there, by rule. ``first``: see `kept_checks`."""

    deal: int
    person: int
    first: datetime
    checks: Mapping[str, Sequence[Kept]]
    held: Mapping[str, Sequence[Held]]


class RuleScore(NamedTuple):
    """How often a person could have broken a rule in a period, and how often he did; violations ≤ opportunities."""

    rule: str
    weight: int
    violations: int
    opportunities: int


class TimeScore(NamedTuple):
    """For how long a rule was to be kept by a person in a period, and for how long it was broken; in ``deals``."""

    rule: str
    weight: int
    broken: timedelta
    demanded: timedelta
    deals: int


@dataclass(frozen=True)
class Asked:
    """A period's question: of each rule its weight and the parts in which it counted."""

    rules: Mapping[str, tuple[int, Sequence[Counted]]]
    employed: Mapping[int, Employment] = field(default_factory=dict)
    clocks: Clocks = field(default_factory=Clocks)

    def window(self, part: Counted, person: int) -> Counted:
        """The part in which the person worked here: nobody else can keep or break a rule."""
        hired_at, left_at = self.employed.get(person, (None, None))
        return Counted(
            part.start if hired_at is None else max(part.start, hired_at),
            part.until if left_at is None else min(part.until, left_at),
        )


def count(rows: Iterable[OfDeal], asked: Asked) -> dict[int, list[RuleScore]]:
    """Scores by person, of rules with opportunities; an occasion counts once in each part that it touches."""
    found: dict[int, dict[str, list[int]]] = {}
    for row in rows:
        for code, checks in row.checks.items():
            if code not in asked.rules:
                continue
            held = row.held.get(code, ())
            numbers = found.setdefault(row.person, {}).setdefault(code, [0, 0])
            for part in asked.rules[code][1]:
                start, until = _since(row.first, part.start), _since(row.first, part.until)
                for check in checks:
                    if check.flags & UNCOUNTED or not touches(check, start, until):
                        continue
                    against = held and [
                        one
                        for one in held
                        if _belongs(one, check, row.first) and _overlaps(one, asked.window(part, row.person))
                    ]
                    if check.flags & ONCE:
                        against = [one for one in against or () if not one.was_free]
                        if (check.since or 0) < start:
                            against = [one for one in against if one.opens_at >= part.start]
                            if not against:
                                continue
                    numbers[0] += bool(against)
                    numbers[1] += 1
    return {
        person: scores
        for person, by_rule in found.items()
        if (
            scores := [
                RuleScore(code, weight, *by_rule[code])
                for code, (weight, _) in asked.rules.items()
                if code in by_rule and by_rule[code][1]
            ]
        )
    }


def measure_time(rows: Iterable[OfDeal], asked: Asked) -> dict[int, list[TimeScore]]:
    """Scores by person, of rules that demanded any time. What stands in several ways at once stands once."""
    [found] = measure_time_if(rows, asked, [lambda one: one])
    return found


def measure_time_if(
    rows: Iterable[OfDeal], asked: Asked, changes: Sequence[Change]
) -> list[dict[int, list[TimeScore]]]:
    """`measure_time` once for each of these changes to all that is held: what was demanded is the same for all."""
    demands: dict[int, dict[str, tuple[timedelta, int]]] = {}
    broken: list[Counter[tuple[int, str]]] = [Counter() for _ in changes]
    for row in rows:
        for code, checks in row.checks.items():
            if code not in asked.rules:
                continue
            stretches = list(_stretches(row, code, checks, asked))
            demanded = sum((clock.worked(start, end) for clock, start, end in stretches), NOTHING)
            if not demanded:
                continue
            by_rule = demands.setdefault(row.person, {})
            before, deals = by_rule.get(code, (NOTHING, 0))
            by_rule[code] = before + demanded, deals + 1
            if not (held := row.held.get(code)):
                continue
            known: list[tuple[list[Held], int]] = []
            for change, found in zip(changes, broken, strict=True):
                changed = [other for one in held if (other := change(one)) is not None]
                time = next((time for same, time in known if same == changed), None)
                if time is None:
                    time = _broken(changed, stretches) // MICROSECOND
                    known.append((changed, time))
                found[row.person, code] += time
    return [
        {
            person: [
                TimeScore(code, weight, found[person, code] * MICROSECOND, *by_rule[code])
                for code, (weight, _) in asked.rules.items()
                if code in by_rule
            ]
            for person, by_rule in demands.items()
        }
        for found in broken
    ]


def _stretches(
    row: OfDeal, code: str, checks: Iterable[Kept], asked: Asked
) -> Iterator[tuple[AnyClock, datetime, datetime]]:
    """When a rule was to be kept, each with the clock it is measured by."""
    for part in asked.rules[code][1]:
        window = asked.window(part, row.person)
        for check in checks:
            if not check.flags & UNTIMED:
                clock = _clock(asked.clocks, check.clock or RULES[code].clock, row.person)
                for start, end in _moments(check, row.first, window):
                    yield clock, start, end


def _broken(held: Iterable[Held], stretches: Sequence[tuple[AnyClock, datetime, datetime]]) -> timedelta:
    out_of_order = Spans((one.opens_at, one.closes_at) for one in held)
    return sum(
        (
            clock.worked(max(since, start), end if until is None else min(until, end))
            for clock, start, end in stretches
            for since, until in out_of_order
        ),
        NOTHING,
    )


def score(scores: Iterable[RuleScore]) -> Decimal | None:
    """The opportunity-based score, 0…100, to four places; None when there was nothing to break.

    Q = 100 × Σ w·(1 − violations ÷ opportunities) ÷ Σ w over rules with opportunities.
    """
    return _weighted((one.weight, Decimal(one.violations), Decimal(one.opportunities)) for one in scores)


def time_score(scores: Iterable[TimeScore]) -> Decimal | None:
    """The same by time: Q = 100 × Σ w·(1 − broken time ÷ demanded time) ÷ Σ w over rules that demanded any."""
    return _weighted(
        (one.weight, Decimal(one.broken // MICROSECOND), Decimal(one.demanded // MICROSECOND))
        for one in scores
    )


def _weighted(rules: Iterable[tuple[int, Decimal, Decimal]]) -> Decimal | None:
    counted = [rule for rule in rules if rule[0] and rule[2]]
    if not counted:
        return None
    kept = sum((weight * (1 - broken / could) for weight, broken, could in counted), Decimal())
    return (100 * kept / sum(weight for weight, _, _ in counted)).quantize(Decimal("0.0001"))


def touches(check: Kept, start: Seconds, until: Seconds) -> bool:
    """Whether any of it lies in ``[start, until)``; a moment alone does where it begins."""
    spans = check.spans
    if not spans:
        begin, end = check.since or 0, check.until
        return begin < until and (end is None or end > start or begin >= start)
    for place in range(0, len(spans), 2):
        begin, end = spans[place] or 0, spans[place + 1]
        if begin < until and (end is None or end > start or begin >= start):
            return True
    return False


def _belongs(one: Held, check: Kept, first: datetime) -> bool:
    if one.task != check.task:
        return False
    if check.since is None:
        return True
    since = _since(first, one.since)
    return check.since <= since and (check.until is None or since < check.until)


def _overlaps(one: Held, window: Counted) -> bool:
    return one.opens_at < window.until and (one.closes_at is None or one.closes_at > window.start)


def _since(first: datetime, moment: datetime) -> float:
    return (moment - first).total_seconds()


def _moments(check: Kept, first: datetime, window: Counted) -> Iterator[tuple[datetime, datetime]]:
    """Its spans as far as they lie in the window."""
    for begin, end in check.pairs():
        start = max(first + timedelta(seconds=begin), window.start)
        until = window.until if end is None else min(first + timedelta(seconds=end), window.until)
        if start < until:
            yield start, until


def _clock(clocks: Clocks, code: str, person: int) -> AnyClock:
    if code == CALENDAR:
        return clocks.calendar
    return clocks.client if code == CLIENT else clocks.owner(person)
