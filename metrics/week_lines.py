"""What weeks say when they stand side by side: lines of people, stages or rules, shares then and now, and what a date
has changed beside others. Pure.

Every rate has its base: a heap of findings says nothing of somebody until one knows how much work he had.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import Any, NamedTuple

from qc.effects import AFTER, BEFORE, CHANGED, OTHERS, Effect, add_up, measure_effect, student

PER = 100
ENDS = 4  # weeks that «then» and «now» are
LEAST = 20.0  # of the base in a week: a rate over less jumps about and is left out of a line
LIGHT = 0.02  # of all the base: who has less of it has no line
TOLD = 3  # lines that are named in colour


class Count(NamedTuple):
    """``top`` of ``base``: findings of deal-days, stuck ones of open ones."""

    top: float = 0.0
    base: float = 0.0

    @property
    def rate(self) -> float | None:
        """Per hundred; None without a base."""
        return PER * self.top / self.base if self.base else None

    def plus(self, top: float, base: float) -> "Count":
        return Count(self.top + top, self.base + base)


class Part(NamedTuple):
    """One addend: of a week, of whom (a person, a stage, a rule)."""

    week: date
    key: Hashable
    top: float
    base: float


@dataclass(frozen=True)
class Line:
    """A count for each week, in order; weeks before the first and after the last one with a base have none."""

    key: Any
    counts: tuple[Count, ...]

    @property
    def points(self) -> list[float | None]:
        """The rate of every week that has enough to speak of."""
        return [one.rate if one.base >= LEAST else None for one in self.counts]

    def over(self, weeks: Iterable[int]) -> Count:
        counts = [self.counts[week] for week in weeks]
        return Count(sum(one.top for one in counts), sum(one.base for one in counts))

    @property
    def change(self) -> float:
        """How far the last weeks' rate is from the first ones': of those in which there was a base."""
        known = [place for place, one in enumerate(self.counts) if one.base >= LEAST]
        if len(known) < 2 * ENDS:
            return 0.0
        before, after = self.over(known[:ENDS]).rate, self.over(known[-ENDS:]).rate
        return (after or 0.0) - (before or 0.0)


def draw_lines(parts: Iterable[Part], weeks: Sequence[date]) -> list[Line]:
    """A line for every key with a base, the one with the most base first."""
    places = {week: place for place, week in enumerate(weeks)}
    found: dict[Any, list[Count]] = defaultdict(lambda: [Count()] * len(weeks))
    for part in parts:
        if part.week in places:
            row = found[part.key]
            row[places[part.week]] = row[places[part.week]].plus(part.top, part.base)
    lines = [Line(key, tuple(counts)) for key, counts in found.items() if any(one.base for one in counts)]
    return sorted(lines, key=lambda line: (-sum(one.base for one in line.counts), str(line.key)))


def leave_light_out(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Lines that rest on enough, and those that do not: a rate over next to nothing would set the scale for all.

    Compared is the base with everybody's of the same weeks, so that whoever came late is not left out for that."""
    weeks = [
        sum(line.counts[place].base for line in lines)
        for place in range(len(lines[0].counts) if lines else 0)
    ]
    heavy: list[Line] = []
    light: list[Line] = []
    for line in lines:
        own = sum(one.base for one in line.counts)
        all_ = sum(base for base, one in zip(weeks, line.counts, strict=True) if one.base)
        (heavy if own >= LIGHT * all_ else light).append(line)
    return heavy, light


def choose_told(lines: Sequence[Line], most: int = TOLD) -> list[Any]:
    """Keys of the lines that something happened to: who changed most, and who came while the others were at work."""
    moved = [line for line in sorted(lines, key=lambda one: -abs(one.change)) if line.change]
    new = [line for line in lines if _began_late(line)]
    named = list(dict.fromkeys([line.key for line in [*moved[:1], *new, *moved[1:]]]))
    return named[:most]


def _began_late(line: Line) -> bool:
    """No base in the first weeks, and some in the last."""
    points = line.points
    return all(one is None for one in points[:ENDS]) and any(one is not None for one in points[-ENDS:])


class Share(NamedTuple):
    """One key's part of everybody's: of what was counted (``top``), and of the work (``base``)."""

    own: Count
    all: Count

    @property
    def of_top(self) -> float | None:
        return self.own.top / self.all.top if self.all.top else None

    @property
    def of_base(self) -> float | None:
        return self.own.base / self.all.base if self.all.base else None

    @property
    def times(self) -> float | None:
        """How many times as much as his part of the work would bring: 1 is just that."""
        if self.of_top is None or not self.of_base:
            return None
        return self.of_top / self.of_base


def share_of(lines: Sequence[Line], key: Any, weeks: Sequence[int]) -> Share:
    counts = [(line.key, line.over(weeks)) for line in lines]
    whole = Count(sum(one.top for _, one in counts), sum(one.base for _, one in counts))
    return Share(next((one for own, one in counts if own == key), Count()), whole)


def list_ends(weeks: Sequence[date], known: Collection[date], today: date) -> tuple[list[int], list[int]]:
    """Places of the weeks that are «then» and «now»: the first and the last four of those that are over and counted."""
    over = [place for place, week in enumerate(weeks) if week in known and week + timedelta(days=7) <= today]
    if len(over) < 2:
        return over, []
    length = min(ENDS, len(over) // 2)
    return over[:length], over[-length:]


def changed_most(
    lines: Sequence[Line], then: Sequence[int], now: Sequence[int], without: Collection[Any] = ()
) -> Any:
    """Whose share of everybody's is the farthest from what it was, ``without`` some; None without any."""

    def moved(line: Line) -> float:
        before, after = share_of(lines, line.key, then), share_of(lines, line.key, now)
        if before.of_top is None or after.of_top is None or not before.own.base or not after.own.base:
            return 0.0
        return abs(after.of_top - before.of_top)

    found = max((line for line in lines if line.key not in without), key=moved, default=None)
    return found.key if found is not None and moved(found) else None


class PersonPart(NamedTuple):
    """One addend with whose it is, since people, and not deals, are what was drawn by chance."""

    week: date
    group: bool
    person: int
    top: float
    base: float


def compare_date(
    parts: Iterable[PersonPart], day: date, length: int, alone: bool = False
) -> tuple[Effect, tuple[date, date]]:
    """What changed at ``day`` in the group beside everybody else, ``length`` weeks before and after; whole weeks, and
    the week that holds the day belongs to neither unless it begins with it. Also the first day of «after», the end of
    «before»."""
    monday = day - timedelta(days=day.weekday())
    begin = day if day == monday else monday + timedelta(days=7)
    step = timedelta(days=7 * length)
    rows = []
    for part in parts:
        if begin <= part.week < begin + step:
            time = AFTER
        elif monday - step <= part.week < monday:
            time = BEFORE
        else:
            continue
        rows.append(((CHANGED if part.group else OTHERS, time), part.person, part.top, part.base))
    return measure_effect(add_up(rows), "alone" if alone else "difference"), (monday, begin)


class Interval(NamedTuple):
    """A rate with its 95 % interval; ``low`` and ``high`` are None where there is nothing to tell it by."""

    rate_of: Count
    people: int
    low: float | None
    high: float | None


def measure_rate(people: Mapping[int, Count]) -> Interval:
    """Of several people, with people as what was drawn by chance; of one person, as if findings came one by one."""
    known = [one for one in people.values() if one.base > 0]
    whole = Count(sum(one.top for one in known), sum(one.base for one in known))
    rate = whole.rate
    if rate is None or not whole.top:
        return Interval(whole, len(known), None, None)
    if len(known) == 1:
        reach = 1.96 * PER * sqrt(whole.top) / whole.base
    else:
        spread = sum((PER * (one.top - rate / PER * one.base) / whole.base) ** 2 for one in known)
        reach = student(len(known) - 1) * sqrt(spread * len(known) / (len(known) - 1))
    return Interval(whole, len(known), max(0.0, rate - reach), rate + reach)
