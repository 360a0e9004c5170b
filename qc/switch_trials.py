"""What another mode or weight of a rule means, counted from cases and checks. Pure.

«Before» is as the portal has counted; «after», as if the rule had stood so through the whole period.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from core.periods import Period
from qc import rule_modes
from qc.quality import Asked, Held, OfDeal, RuleScore, TimeScore, count, measure_time, score
from qc.rule_modes import Counted, Steps
from qc.trials import Found
from team.clock import Clocks

MONEY = "money"  # the mode of a rule


class Switch(NamedTuple):
    """What is tried: a rule in a mode, with a weight. ``steps``: how it would have stood, but for times without
    control."""

    rule: str
    mode: str
    weight: int
    steps: Steps

    def counted(self, start: datetime, until: datetime) -> list[Counted]:
        """When it would have counted in money."""
        return rule_modes.counted(self.steps, (MONEY,), start, until)[1]

    def mode_of(self, found: Found) -> str:
        """In which mode a case would stand; empty: in none."""
        stood = rule_modes.standing(self.steps, found.opens_at, found.closes_at)
        return "" if stood is None else stood[0]


class Case(NamedTuple):
    """A case of the rule, the mode in which it stands now, whether its person is only warned of it, as a newcomer, and
    until when it would be free of money, if it would."""

    found: Found
    mode: str
    only_warned: bool = False
    free_until: datetime | None = None

    def costs(self, mode: str, now: datetime) -> bool:
        """Whether it costs money in this mode of its rule."""
        if mode != MONEY or self.only_warned:
            return False
        if self.free_until is None:
            return True
        closes_at = self.found.closes_at
        return now >= self.free_until and (closes_at is None or closes_at > self.free_until)


@dataclass
class Tally:
    """Cases in the period: ``found`` at all, those that cost money as the rule stands, and by the switch."""

    found: int = 0
    before: int = 0
    after: int = 0


@dataclass(frozen=True)
class Marks:
    """Somebody's quality by count and the number of occasions that it rests on, before and after; None of nothing."""

    before: Decimal | None
    n_before: int
    after: Decimal | None
    n_after: int

    @property
    def points(self) -> Decimal | None:
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True)
class Ledger:
    """What money asks of the rule: its checks and what stands against people, since the month before the present."""

    switch: Switch
    until: datetime
    rows: Sequence[OfDeal] = field(repr=False)
    asked: Asked = field(repr=False)

    def scores_in(self, span: Period, users: Collection[int]) -> dict[int, RuleScore]:
        """The rule's score of these amoCRM users in a span, by the switch."""
        return {user: one for user, [one] in count(self._of(users), self._ask(span)).items()}

    def times_in(self, span: Period, users: Collection[int], clocks: Clocks) -> dict[int, TimeScore]:
        """The same by time."""
        asked = replace(self._ask(span), clocks=clocks)
        return {user: one for user, [one] in measure_time(self._of(users), asked).items()}

    def _of(self, users: Collection[int]) -> Iterator[OfDeal]:
        return (row for row in self.rows if row.person in users)

    def _ask(self, span: Period) -> Asked:
        parts = self.switch.counted(span.start, min(span.end, self.until))
        return replace(self.asked, rules={self.switch.rule: (self.switch.weight, parts)})


def only(row: OfDeal, rule: str) -> OfDeal:
    """The row with nothing but this rule."""
    return row._replace(checks={rule: row.checks[rule]}, held={rule: row.held.get(rule, ())})


def set_free(one: Held, until: datetime | None) -> Held | None:
    """How a case that is free of money until then (None: it is not) is held; None of one that was mended by then."""
    if until is None:
        return one
    if one.closes_at is not None and one.closes_at <= until:
        return None
    return one._replace(opens_at=until, was_free=True)


def tally_cases(
    cases: Iterable[Case], switch: Switch, now: datetime
) -> dict[tuple[str | None, int | None], Tally]:
    """By stage and person."""
    cells: dict[tuple[str | None, int | None], Tally] = {}
    for case in cases:
        cell = cells.setdefault((case.found.stage, case.found.owner), Tally())
        cell.found += 1
        cell.before += case.costs(case.mode, now)
        cell.after += case.costs(switch.mode_of(case.found), now)
    return cells


def sum_by(
    cells: Mapping[tuple[str | None, int | None], Tally], place: int | None = None
) -> dict[str | int | None, Tally]:
    """The tallies by one part of their keys; without a part, all of them under None."""
    found: dict[str | int | None, Tally] = {}
    for cell, tally in cells.items():
        whole = found.setdefault(None if place is None else cell[place], Tally())
        whole.found += tally.found
        whole.before += tally.before
        whole.after += tally.after
    return found


def mark_people(
    rows: Iterable[OfDeal], own: Iterable[OfDeal], asked: Asked, switch: Switch, period: Period
) -> dict[int, Marks]:
    """Quality of those whom the rule asks for anything. ``rows``: of all rules as they stand; ``own``: of this rule."""
    own = list(own)
    people = {row.person for row in own}
    stood = [row for row in rows if row.person in people]
    rules = dict(asked.rules)
    present = rules.pop(switch.rule, None)
    others = count(stood, replace(asked, rules=rules))
    was = count(stood, replace(asked, rules={switch.rule: present})) if present else {}
    tried = {switch.rule: (switch.weight, switch.counted(period.start, period.end))}
    becomes = count(own, replace(asked, rules=tried))
    found = {}
    for person in people:
        before, after = (
            [one for one in [*others.get(person, ()), *of_rule.get(person, ())] if one.weight]
            for of_rule in (was, becomes)
        )
        found[person] = Marks(score(before), _rest_on(before), score(after), _rest_on(after))
    return {person: marks for person, marks in found.items() if marks.n_before or marks.n_after}


def _rest_on(scores: Iterable[RuleScore]) -> int:
    return sum(one.opportunities for one in scores)
