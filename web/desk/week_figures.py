"""The last weeks behind the desk's figures: a small line each, its change, and what people did meanwhile."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.periods import Period
from core.zone import portal_zone
from jobs.weeks import list_known_weeks, read_weeks
from metrics.weeks import FINDINGS, OPENED, OVERDUE, STUCK, UNTASKED, WON, list_last_weeks
from qc.marks import CONTROL_OFF, VERSION, Mark, read_marks
from web.frame.scope import Scope

WEEKS = 13
NUMBERS = {"stuck": STUCK, "overdue": OVERDUE, "untasked": UNTASKED, "findings": FINDINGS, "opened": OPENED}
SUMS = {"frozen": STUCK, "won": WON}


@dataclass(frozen=True)
class Spark:
    """Values of the last weeks (None: not counted), the last one as of now; ``ups`` and ``bands``: where on the line,
    from 0 to 1, a norm or a rule was changed, and from where to where nobody controlled."""

    values: tuple[float | None, ...]
    ups: tuple[float, ...] = ()
    bands: tuple[tuple[float, float], ...] = ()

    @property
    def change(self) -> float | None:
        """Against the end of the week before."""
        known = self.values[-2:]
        if len(known) < 2 or known[0] is None or known[1] is None:
            return None
        return known[1] - known[0]


@dataclass(frozen=True)
class Sparks:
    lines: Mapping[str, Spark]
    marks: Sequence[Mark]
    weeks: Sequence[date]

    @property
    def known(self) -> bool:
        return any(value is not None for line in self.lines.values() for value in line.values[:-1])


def read_sparks(
    scope: Scope, now: datetime, present: Mapping[str, float | Decimal | None], *, marked: bool = True
) -> Sparks:
    """``present`` are the figures of this moment, which end the lines; five queries, two without marks."""
    weeks = list_last_weeks(now, WEEKS, portal_zone())
    days = [week.first for week in weeks]
    known = list_known_weeks(days)
    numbers: dict[tuple[str, date], float] = defaultdict(float)
    sums: dict[tuple[str, date], float] = defaultdict(float)
    for fact in scope.cut(read_weeks(days, {*NUMBERS.values(), *SUMS.values()})):
        numbers[fact.measure, fact.week] += fact.n
        sums[fact.measure, fact.week] += float(fact.amount)
    marks = read_marks(weeks[0].start, now, now) if marked else []
    ups, bands = place_marks(marks, weeks, now)
    lines = {}
    for found, names in ((numbers, NUMBERS), (sums, SUMS)):
        for name, measure in names.items():
            values: list[float | None] = [found[measure, day] if day in known else None for day in days]
            if present.get(name) is not None:
                values[-1] = float(present[name] or 0)
            lines[name] = Spark(tuple(values), ups, bands)
    return Sparks(lines, marks, days)


def place_marks(
    marks: Sequence[Mark], weeks: Sequence[Period], now: datetime
) -> tuple[tuple[float, ...], tuple[tuple[float, float], ...]]:
    """Where on a line, whose points are the ends of the weeks, changes and stretches stand: from 0 to 1."""
    begin, end = weeks[0].end, now
    length = (end - begin) / timedelta(seconds=1)

    def place(moment: datetime) -> float:
        return min(1.0, max(0.0, (moment - begin) / timedelta(seconds=1) / length)) if length > 0 else 0.0

    real = [mark for mark in marks if not (mark.kind == VERSION and mark.version == 1)]
    ups = sorted({round(place(one.at), 3) for one in real if one.kind != CONTROL_OFF and one.at >= begin})
    bands = [(place(one.at), place(one.until or now)) for one in real if one.kind == CONTROL_OFF]
    return tuple(ups), tuple(bands)
