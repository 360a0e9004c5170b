"""Discipline and load by week: cases for 100 deal-days, of people and of stages, and how much work each person had.

Rates, never raw counts: who holds most of the deals has most of the cases. A case counts in the week in which it
opened, for whoever it is held against; deal-days are calendar days of deals in work, of their owner of each day.
Questions are no cases. Five statements, whatever the number of people.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

from core.beside import ask_beside
from core.db import Row, run_statements
from core.periods import Period
from metrics.analytics.week_work import WeekWork, measure_touch
from qc.models import SHOWN, Severity
from team.clock import Clocks

USED = 0.8  # of a shift can be planned
FEW = 10  # deal-days of a week below which a rate says nothing

WEEKS = "unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) with ordinality as week (starts, ends, number)"
CHOSEN = "(%(people)s::bigint[] is null or {person} = any(%(people)s::bigint[]))"
# No index tells all severities: everything is counted from `finding_newest` alone, and the questions, which have an
# index of their own, are taken off. Looked up in the table, four weeks of a large account cost seven times as much.
OPENED = f"""
            select f.manager_id, f.stage_id, {{n}} as n from qc_finding f
            where f.opens_at >= week.starts and f.opens_at < least(week.ends, %(now)s) and f.withdrawn_at is null
              and f.mode = any(%(shown)s) and f.manager_id is not null and {CHOSEN.format(person="f.manager_id")}"""
CASES = f"""
    select week.number, told.manager_id, told.stage_id, told.n
    from {WEEKS}
    cross join lateral (
        select manager_id, stage_id, sum(n)::bigint as n from (
            {OPENED.format(n="count(*)")}
            group by 1, 2
            union all
            {OPENED.format(n="-count(*)")} and f.severity = '{Severity.QUESTION.value}'
            group by 1, 2
        ) opened group by 1, 2 having sum(n) > 0
    ) told
"""


@dataclass(frozen=True)
class Cell:
    """One person's or stage's week; ``load``: of a person, None where nothing tells it or he had no shift."""

    cases: int = 0
    days: float = 0.0
    load: float | None = None

    @property
    def density(self) -> float | None:
        """Cases for 100 deal-days; None where there were too few days for a rate."""
        return 100 * self.cases / self.days if self.days >= FEW else None


@dataclass(frozen=True)
class Line:
    """``cells``: a week each, in order."""

    key: Any
    cells: list[Cell]

    @property
    def whole(self) -> Cell:
        return Cell(sum(cell.cases for cell in self.cells), sum(cell.days for cell in self.cells), self.load)

    @property
    def load(self) -> float | None:
        """The median of the last four weeks."""
        known = [cell.load for cell in self.cells[-4:] if cell.load is not None]
        return median(known) if known else None

    @property
    def norm(self) -> float | None:
        """What is usual for this person or stage: the median of the weeks before the last; None before three."""
        known = [cell.density for cell in self.cells[:-1] if cell.density is not None]
        return median(known) if len(known) >= 3 else None

    @property
    def reads_as(self) -> str:
        """More cases than usual last week: «overload» when there was more work than fits, else «discipline»; or ""."""
        last = self.cells[-1] if self.cells else Cell()
        if self.norm is None or last.density is None or last.density <= self.norm or last.load is None:
            return ""
        return "overload" if last.load > 1 else "discipline"


@dataclass(frozen=True)
class Discipline:
    """``touch``: minutes between two acts, the median of ``acts``; None where nothing tells it."""

    weeks: list[Period]
    people: list[Line] = field(default_factory=list)
    stages: list[Line] = field(default_factory=list)
    whole: Line = field(default_factory=lambda: Line(None, []))
    touch: float | None = None
    acts: int = 0


def measure_discipline(
    weeks: list[Period], people: Iterable[int] | None, clocks: Clocks, now: datetime
) -> Discipline:
    """Of weeks that have begun, for these people (None: everybody), the densest first."""
    if not weeks:
        return Discipline([])
    values: dict[str, Any] = {
        "starts": [week.start for week in weeks],
        "ends": [week.end for week in weeks],
        "now": now,
        "people": None if people is None else sorted(people),
        "shown": list(SHOWN),
    }
    recent = max(weeks[0].start, now - timedelta(days=28))
    touch_and_acts = ask_beside(partial(measure_touch, now, recent))
    [cases] = run_statements((CASES, values))
    work_done = WeekWork(weeks, now)
    days, often = work_done.list_days(values["people"]), work_done.rate_touches()
    touch, acts = touch_and_acts()
    work: dict[tuple[int, int], float] = defaultdict(float)
    for number, person, stage, length in days:
        work[person, number] += length * often.get(stage, 0) * (touch or 0)
    load: dict[tuple[int, int], float] = {}
    for (person, number), needed in work.items():
        week = weeks[number - 1]
        shift = clocks.owner(person).worked(week.start, min(week.end, now)).total_seconds() / 60
        if shift and touch is not None:
            load[person, number] = needed / (shift * USED)
    return Discipline(
        weeks,
        _lines(days, cases, 1, len(weeks), load),
        _lines(days, cases, 2, len(weeks), {}),
        next(iter(_lines(days, cases, None, len(weeks), {})), Line(None, [Cell()] * len(weeks))),
        touch,
        acts,
    )


def _lines(
    days: Iterable[Row],
    cases: Iterable[Row],
    by: int | None,
    weeks: int,
    load: Mapping[tuple[int, int], float],
) -> list[Line]:
    length: dict[Any, list[float]] = defaultdict(lambda: [0.0] * weeks)
    number: dict[Any, list[int]] = defaultdict(lambda: [0] * weeks)
    for row in days:
        length[None if by is None else row[by]][row[0] - 1] += row[3]
    for row in cases:
        number[None if by is None else row[by]][row[0] - 1] += row[3]
    lines = [
        Line(
            key,
            [
                Cell(number[key][place], length[key][place], load.get((key, place + 1)))
                for place in range(weeks)
            ],
        )
        for key in length.keys() | number.keys()
    ]
    return sorted(lines, key=lambda line: (-(line.whole.density or 0), str(line.key)))


@dataclass(frozen=True)
class Compliance:
    """Of ``deals`` in work, the ``checked`` have no case that nobody has ruled about; ``broken`` a confirmed one."""

    deals: int
    checked: int
    broken: int

    @property
    def share(self) -> float | None:
        """None while not everything is checked: a share of a part would be taken for the whole."""
        return 1 - self.broken / self.checked if self.deals and self.checked == self.deals else None


COMPLIANCE = f"""
    with working as (
        select distinct s.deal_id from pipelines_stay s
        join pipelines_stage g on g.id = s.stage_id and g.kind in ('incoming', 'work')
        join pipelines_deal d on d.id = s.deal_id and d.deleted_at is null
        where s.entered_at < least(%(end)s, %(now)s) and coalesce(s.left_at, 'infinity') > %(start)s
          and s.manager_id is not null and {CHOSEN.format(person="s.manager_id")}
    ), told as (
        select f.deal_id, bool_or(r.kind is null) as waits, bool_or(r.kind = 'confirmed') as broken
        from qc_finding f
        left join lateral (
            select kind from qc_ruling r where r.finding_id = f.id and r.revoked_at is null and r.kind <> 'snoozed'
            order by r.at desc limit 1) r on true
        where f.withdrawn_at is null and f.mode = any(%(shown)s) and f.severity = 'violation'
          and f.opens_at >= %(start)s and f.opens_at < least(%(end)s, %(now)s) and f.deal_id is not null
        group by f.deal_id
    )
    select count(*), count(*) filter (where told.waits is not true),
           count(*) filter (where told.waits is not true and told.broken)
    from working left join told using (deal_id)
"""


def measure_compliance(period: Period, people: Iterable[int] | None, now: datetime) -> Compliance:
    """Of deals in work in the period, by the violations that opened in it. One statement."""
    values = {
        "start": period.start,
        "end": period.end,
        "now": now,
        "people": None if people is None else sorted(people),
        "shown": list(SHOWN),
    }
    [[row]] = run_statements((COMPLIANCE, values))
    return Compliance(*row)
