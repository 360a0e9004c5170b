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
BUDGET = 20_000  # months that may be computed for such draws: some seconds
ENOUGH = 3  # months of history for a range
SEED = 20_261
Pair = tuple[Decimal, Decimal]  # what a year costs by each of the two
Draw = Callable[[Sequence["_Side"], int, Sequence[date]], Pair]


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
    """``people``: the largest loss first. ``cost_first`` and ``cost_second``: what a drawn year costs by each.

    ``draws``: years that were drawn; 0: for so many people, whose months hang on each other, it would take too long.
    """

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
    draws, draw = _choose_draws(sides, history)
    market, lived = _draw_years(history.months, draws, seed), dict[int, list[Pair]]()
    people = []
    for person, rows in both.items():
        own = tuple(row.period for row in rows if row.period in history.months)
        lived[person] = [draw(sides, person, year) for year in market]
        if own == history.months:
            pairs = lived[person]
        else:
            pairs = [draw(sides, person, year) for year in _draw_years(own, draws, seed)]
        paid = [sum((side.paid[person][month] for month in own), ZERO) for side in sides]
        name = rows[-1].facts.name or str(rows[-1].manager)
        people.append(Compared(name, len(own), paid[0], paid[1], _range(_gains(pairs)), person))
    costs = [
        (sum((one[0] for one in year), ZERO), sum((one[1] for one in year), ZERO))
        for year in zip(*lived.values(), strict=True)
    ]
    total = Compared(
        "",
        len(history.months),
        sum((one.first for one in people), ZERO),
        sum((one.second for one in people), ZERO),
        _range(_gains(costs)),
    )
    people.sort(key=lambda one: (one.difference, one.name))
    ranges = _range([cost for cost, _ in costs]), _range([cost for _, cost in costs])
    return Comparison(history.months, tuple(people), total, *ranges, draws, seed, history.left_out)


def _draw_years(months: Sequence[date], draws: int, seed: int) -> list[Sequence[date]]:
    random = Random(seed)
    return [random.choices(months, k=MONTHS) for _ in range(draws)] if len(months) >= ENOUGH else []


def _choose_draws(sides: Sequence["_Side"], history: History) -> tuple[int, Draw]:
    """How many years are drawn, and how one is paid; none where not even `LEAST` of them fit into the `BUDGET`."""
    if all(not side.scheme.longer_periods and not side.scheme.carrying for side in sides):
        return DRAWS, _add
    months = set(history.months)
    # who was not there all the time has years of his own besides
    lives = sum(
        1 + (len(months.intersection(row.period for row in rows)) < len(months))
        for rows in history.rows.values()
    )
    draws = min(DRAWS, BUDGET // (len(sides) * MONTHS * max(lives, 1)))
    return (draws if draws >= LEAST else 0), _live


def _add(sides: Sequence["_Side"], person: int, year: Sequence[date]) -> Pair:
    first, second = (side.add(person, year) for side in sides)
    return first, second


def _live(sides: Sequence["_Side"], person: int, year: Sequence[date]) -> Pair:
    first, second = (side.live(person, year) for side in sides)
    return first, second


def _gains(pairs: Sequence[Pair]) -> list[Decimal]:
    return [second - first for first, second in pairs]


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
