"""What a manager's month hangs on: what can still be saved, and what stands open, by what there is to do about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.calculation.rounding import ZERO
from kpi.case_tallies import FREE, find_examples
from kpi.kept_cases import BY_COUNT, BY_TIME, Cases, QualityAhead, Question, read_cases
from kpi.ladder import Ladder, Step, build_ladder, change_counts, change_times, climb, find_line, find_quality
from kpi.models import Statement
from kpi.month_facts import Facts
from kpi.own_cases import find_users, next_day
from kpi.pay_schemes import PayScheme, read_scheme
from kpi.what_if import COUNTS_IN_MONEY, break_rules
from qc import queries as judgement
from qc.rules import OWN
from team.models import Employee


@dataclass(frozen=True)
class Pile:
    """The open cases of a rule that count in money and that the person can mend; ``fresh`` opened today.

    ``step`` is theirs on the ladder; None where mending them brings no points.
    """

    rule: str
    count: int
    fresh: int
    examples: list[Any]
    step: Step | None


@dataclass(frozen=True)
class Saving:
    """Cases of a rule that open until a horizon when nobody does anything; ``first`` is when the first one does.

    ``price``: what the line of quality loses then; with ``if_climbed`` the line of the whole ladder, since the present
    one is as low as it gets. None: of a month without a statement yet, or where nothing is paid by quality.
    """

    rule: str
    count: int
    first: datetime
    points: Decimal
    price: Decimal | None
    if_climbed: bool


@dataclass(frozen=True)
class Soon:
    """What opens today, or later until the end of the next shift's day ``day``."""

    today: list[Saving]
    later: list[Saving]
    day: date

    @property
    def any(self) -> bool:
        return bool(self.today or self.later)


@dataclass(frozen=True)
class AtStake:
    """``mended``: cases of the month that were fixed in it; ``spared`` is what they would take from the next month,
    and ``spared_points`` how many points, which under a flat part of the scale is all that can be said of them.

    ``count``: all open findings of the person that everybody sees, with those that only warn, those of deals that are
    no longer his, and those that he has appealed against, which are in no pile. ``free``: those of them that cost
    nothing before the month ends, as the first of their rule (`qc.first_times`). ``as_of``: when all of them were
    counted, minutes ago at most (`kpi.kept_cases`).
    """

    ladder: Ladder | None
    piles: list[Pile]
    soon: Soon
    mended: int
    spared: Decimal
    spared_points: Decimal
    count: int
    warned: int
    free: int
    as_of: datetime


def find_at_stake(person: int, user: Employee, now: datetime, statement: Statement | None) -> AtStake:
    """By the person's statement of the present month.

    What stands against him on a deal that was somebody else's all this month is counted, but is in no pile: he cannot
    mend it, and it takes nothing.
    """
    period = month_of(now, portal_zone())
    users = find_users(person, period, now)
    seen = users if user.sees is None else [one for one in users if one in user.sees]
    day = next_day(statement, now)
    scheme = read_scheme(statement.scheme) if statement and statement.inputs else None
    measure = find_quality(scheme) if scheme else None
    quality = (BY_TIME if measure and measure.by_time else BY_COUNT) if scheme else None
    question = Question(tuple(users), tuple(seen), period.first, day, quality)
    cases = read_cases(question, now)
    tallies = {(one.rule, one.kind, one.own): one.tally for one in cases.groups}
    piled = {rule: tally for (rule, mode, mine), tally in tallies.items() if mine and mode == COUNTS_IN_MONEY}
    weighed = _Weighed(statement.facts, scheme, cases) if statement and scheme else None
    ladder = weighed.ladder if weighed else None
    steps = {step.rule: step for step in ladder.steps} if ladder else {}
    examples = find_examples(piled.values(), now)
    piles = [
        Pile(rule, tally.open, tally.fresh, examples.get(rule, []), steps.get(rule))
        for rule, tally in piled.items()
        if tally.open
    ]
    order = {step.rule: place for place, step in enumerate(ladder.steps)} if ladder else {}
    return AtStake(
        ladder,
        sorted(piles, key=lambda one: (order.get(one.rule, len(order)), -one.count, one.rule)),
        _group([one for one in cases.coming if one[1] >= now], weighed, question.horizons(now), day, period),
        sum(tally.mended for tally in piled.values()),
        *(weighed.weigh_spared() if weighed else (ZERO, ZERO)),
        sum(tally.open for tally in tallies.values()),
        sum(tally.open for (_, mode, _), tally in tallies.items() if mode not in (COUNTS_IN_MONEY, FREE)),
        sum(tally.open for (_, mode, _), tally in tallies.items() if mode == FREE),
        cases.as_of,
    )


class _Weighed:
    """A statement's line of quality with the open cases mended, and with coming ones or without."""

    def __init__(self, facts: Facts, scheme: PayScheme, cases: Cases) -> None:
        self.scheme = scheme
        self.measure = find_quality(scheme)
        self.facts = self.as_is = facts
        self.mended: dict[str, Facts] = {}
        self.kept: list[tuple[Facts, Facts]] = []  # of each horizon: as it is and with the ladder climbed
        if cases.ahead is not None:
            self._by_time(cases.ahead)
        else:
            self._by_count(cases.left)
        self.ladder = build_ladder(self.as_is, self.mended, self.scheme)
        self.climbed = climb(self.as_is, self.mended, self.scheme)

    def weigh_spared(self) -> tuple[Decimal, Decimal]:
        """By count, the money and the points that cases mended in this month would take from the next one."""
        if self.measure is None or self.measure.by_time:
            return ZERO, ZERO
        still = {
            rule: one.violations - self.climbed.rules[rule].violations
            for rule, one in self.facts.rules.items()
        }
        without = change_counts(self.facts, still, self.scheme)
        lines = [find_line(facts, self.scheme) or ZERO for facts in (without, self.facts)]
        scores = [facts.measures.get(self.measure.name) or ZERO for facts in (without, self.facts)]
        return lines[0] - lines[1], scores[0] - scores[1]

    def lose(self, rule: str, count: int, horizon: int) -> tuple[Decimal, Decimal | None, bool]:
        """Points and money that coming cases take; of the climbed ladder where the present line does not move."""
        if self.measure is None:
            return ZERO, None, False
        found = [self._lose(rule, count, horizon, climbed) for climbed in (False, True)]
        points, price = found[0]
        if price == 0 and found[1][1]:
            return points, found[1][1], True
        return points, price, False

    def _lose(self, rule: str, count: int, horizon: int, climbed: bool) -> tuple[Decimal, Decimal | None]:
        assert self.measure is not None  # as asked above
        before, after = self.climbed if climbed else self.as_is, None
        if self.measure.by_time:
            after, before = before, self._only(before, self.kept[horizon][climbed], rule)
        else:
            new = count if judgement.occasion(rule) in OWN or rule not in before.rules else 0
            after = break_rules(before, self.scheme, {rule: (count, new)})
        if after is None:
            return ZERO, None
        lines = find_line(before, self.scheme), find_line(after, self.scheme)
        scores = [facts.measures.get(self.measure.name) for facts in (before, after)]
        points = (scores[0] if scores[0] is not None else Decimal(100)) - (scores[1] or ZERO)
        return points, None if lines[0] is None or lines[1] is None else lines[0] - lines[1]

    def _only(self, facts: Facts, other: Facts, rule: str) -> Facts:
        times = {**facts.times, **({rule: other.times[rule]} if rule in other.times else {})}
        return change_times(facts, times, self.scheme)

    def _by_count(self, left: Mapping[str, int]) -> None:
        for rule, score in self.facts.rules.items():
            still = left.get(rule, 0)
            if still < score.violations:
                self.mended[rule] = change_counts(self.facts, {rule: still}, self.scheme)

    def _by_time(self, ahead: QualityAhead) -> None:
        self.as_is = change_times(self.facts, ahead.as_is, self.scheme)
        for rule, spent in ahead.mended.items():
            if spent.broken < ahead.as_is[rule].broken:
                self.mended[rule] = change_times(self.facts, {**ahead.as_is, rule: spent}, self.scheme)
        for parts in zip(ahead.kept_as_is, ahead.kept_mended, strict=True):
            one, other = (change_times(self.facts, part, self.scheme) for part in parts)
            self.kept.append((one, other))


def _group(
    coming: Iterable[tuple[str, datetime]],
    weighed: _Weighed | None,
    horizons: tuple[datetime, ...],
    day: date,
    period: Period,
) -> Soon:
    groups: tuple[dict[str, list[datetime]], dict[str, list[datetime]]] = ({}, {})
    for rule, opens_at in coming:
        groups[opens_at >= horizons[0]].setdefault(rule, []).append(opens_at)
    shown: list[list[Saving]] = []
    for horizon, group in enumerate(groups):
        rows = []
        for rule, moments in group.items():
            points, price, climbed = ZERO, None, False
            if weighed is not None and moments[0] < period.end:
                points, price, climbed = weighed.lose(rule, len(moments), horizon)
            rows.append(Saving(rule, len(moments), moments[0], points, price, climbed))
        shown.append(sorted(rows, key=lambda one: (-(one.price or ZERO), one.first)))
    return Soon(shown[0], shown[1], day)
