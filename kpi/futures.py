"""Two schemes side by side: on months that have been, and on years drawn from them. Writes nothing.

A drawn year is twelve of those months, each as likely as any other and drawn anew each time (bootstrap). For the total
the months are drawn for everybody together, since a good month of the market is one for all; for one person from his
own. The same seed draws the same years.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from msgspec.structs import replace

from kpi.calculation.evaluation import sum_lines
from kpi.calculation.rounding import ZERO
from kpi.pay_schemes import PayScheme
from kpi.rehearsal import History, covers, read_history, read_own_quotas
from kpi.replay import Past, replay

MONTHS = 12  # of history, and of a drawn year
DRAWS = 500
LEAST = 20  # draws where each has to be computed month after month
BUDGET = 20_000  # months that may be computed for such draws
ENOUGH = 3  # months of history for a range
SEED = 20_261


@dataclass(frozen=True)
class Range:
    """Between which nine drawn years of ten lie."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Compared:
    """A person, or everybody: what both schemes pay for the months that have been, and by how much the second pays more
    in a drawn year; None where the history is too short to draw from."""

    name: str
    months: int
    first: Decimal
    second: Decimal
    year: Range | None
    person: int = 0

    @property
    def difference(self) -> Decimal:
        return self.second - self.first


@dataclass(frozen=True)
class Comparison:
    """``people``: the largest loss first. ``cost_first`` and ``cost_second``: what a drawn year costs by each."""

    months: tuple[date, ...]
    people: tuple[Compared, ...]
    total: Compared
    cost_first: Range | None
    cost_second: Range | None
    draws: int
    seed: int
    left_out: int = 0  # people who are in no sum, as in `Rehearsal`

    @property
    def losers(self) -> list[Compared]:
        return [one for one in self.people if one.difference < 0]

    @property
    def winners(self) -> list[Compared]:
        return [one for one in self.people if one.difference > 0]


def compare_schemes(first: PayScheme, second: PayScheme, seed: int = SEED) -> Comparison:
    """Of everybody whom both schemes cover, by the last twelve months that are over."""
    history = read_history([first, second], MONTHS)
    both = {
        person: rows
        for person, rows in history.rows.items()
        if covers(first, rows[-1]) and covers(second, rows[-1])
    }
    history = History(history.months, both, history.facts, history.left_out)
    sides = [_Side(scheme, history) for scheme in (first, second)]
    separable = all(not side.scheme.longer_periods and not side.scheme.carrying for side in sides)
    draws = DRAWS if separable else max(LEAST, min(DRAWS, BUDGET // (2 * MONTHS * max(len(both), 1))))
    draw: Callable[[_Side, int, Sequence[date]], Decimal] = _Side.add if separable else _Side.live
    people = []
    for person, rows in both.items():
        own, random = [row.period for row in rows if row.period in history.months], Random(seed)
        years = [random.choices(own, k=MONTHS) for _ in range(draws)] if len(own) >= ENOUGH else []
        if not separable:
            years = years[: max(LEAST, draws // 4)]
        gains = [draw(sides[1], person, year) - draw(sides[0], person, year) for year in years]
        paid = [sum((side.paid[person][month] for month in own), ZERO) for side in sides]
        name = rows[-1].facts.name or str(rows[-1].manager)
        people.append(Compared(name, len(own), paid[0], paid[1], _range(gains), person))
    random, costs = Random(seed), []
    if len(history.months) >= ENOUGH and both:
        for _ in range(draws):
            year = random.choices(history.months, k=MONTHS)
            costs.append([sum((draw(side, person, year) for person in both), ZERO) for side in sides])
    total = Compared(
        "",
        len(history.months),
        sum((one.first for one in people), ZERO),
        sum((one.second for one in people), ZERO),
        _range([after - before for before, after in costs]),
    )
    people.sort(key=lambda one: (one.difference, one.name))
    ranges = [_range([cost[side] for cost in costs]) for side in (0, 1)]
    costs_of = ranges[0], ranges[1]
    return Comparison(history.months, tuple(people), total, *costs_of, draws, seed, history.left_out)


class _Side:
    """One of the two: by person and month, what it pays."""

    def __init__(self, scheme: PayScheme, history: History) -> None:
        self.scheme = scheme
        quotas = read_own_quotas(scheme, history)
        self.pasts: dict[int, dict[date, Past]] = {}
        self.paid: dict[int, Mapping[date, Decimal]] = {}
        for person in history.rows:
            pasts = history.past_of(person, quotas)
            lines = replay(scheme, pasts)
            self.pasts[person] = {past.first: past for past in pasts}
            self.paid[person] = {past.first: sum_lines(one) for past, one in zip(pasts, lines, strict=True)}

    def add(self, person: int, year: Sequence[date]) -> Decimal:
        """What months that know nothing of each other pay; one in which the person was not paid yet pays nothing."""
        paid = self.paid[person]
        return sum((paid.get(month, ZERO) for month in year), ZERO)

    def live(self, person: int, year: Sequence[date]) -> Decimal:
        """The same where months hang on each other: the year is computed from January on, with nothing owed."""
        drawn = [
            Past(
                date(2001, number, 1),
                replace(past.facts, earlier={}, carried={}, returns={}),
                past.quotas,
            )
            for number, past in enumerate((self.pasts[person].get(month) for month in year), 1)
            if past is not None
        ]
        return sum((sum_lines(lines) for lines in replay(self.scheme, drawn)), ZERO)


def _range(values: Sequence[Decimal]) -> Range | None:
    """From the 5th to the 95th percentile, by nearest rank."""
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1
    return Range(ordered[round(last * 0.05)], ordered[round(last * 0.95)])
