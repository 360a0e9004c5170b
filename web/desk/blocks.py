"""What each block of the desk shows, cut out of a snapshot. No queries here."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from metrics.chances import Chance, by_stage
from metrics.snapshot import Cell, Snapshot
from pipelines.models import Stage
from web.frame.scope import Scope

NOTHING = Decimal(0)
SPOTS = 3


@dataclass
class Sums:
    """Open deals added up: all of them, stuck ones and those without a task.

    ``unpriced``: stuck ones without an amount yet; ``expected``: what those of stages with a known chance are worth.
    """

    open: int = 0
    money: Decimal = NOTHING
    stuck: int = 0
    frozen: Decimal = NOTHING
    unpriced: int = 0
    expected: Decimal = NOTHING
    untasked: int = 0
    untasked_money: Decimal = NOTHING

    def add(self, cell: Cell, chances: Mapping[str, Chance] | None = None) -> "Sums":
        self.open += cell.open
        self.money += cell.money
        self.stuck += cell.stuck
        self.frozen += cell.frozen
        self.unpriced += cell.unpriced
        chance = (chances or {}).get(cell.stage or "")
        if cell.unpriced and chance and chance.value:
            self.expected += cell.unpriced * chance.value
        self.untasked += cell.untasked
        self.untasked_money += cell.untasked_money
        return self

    @property
    def weight(self) -> Decimal:
        """What stands still: amounts, and where there are none yet, what is to be expected."""
        return self.frozen + self.expected

    @property
    def stuck_share(self) -> float | None:
        """Stuck ÷ open; null when nothing is open."""
        return self.stuck / self.open if self.open else None


def total(cells: Iterable[Cell], chances: Mapping[str, Chance] | None = None) -> Sums:
    sums = Sums()
    for cell in cells:
        sums.add(cell, chances)
    return sums


def by(cells: Iterable[Cell], name: str, chances: Mapping[str, Chance] | None = None) -> dict[Any, Sums]:
    groups: dict[Any, Sums] = defaultdict(Sums)
    for cell in cells:
        groups[getattr(cell, name)].add(cell, chances)
    return groups


def figures_block(snapshot: Snapshot, scope: Scope) -> dict[str, Any]:
    sums = total(scope.cut(snapshot.cells))
    findings = scope.cut(snapshot.findings)
    overdue = scope.cut_pipelines(snapshot.overdue)
    before = sum((row.frozen_before for row in findings), NOTHING)
    stuck_before = sum(row.stuck_before for row in findings)
    return {
        "sums": sums,
        "frozen_change": sums.frozen - before,
        "stuck_change": sums.stuck - stuck_before,
        "overdue": sum(row.tasks for row in overdue),
        "leftover": sum(row.leftover for row in overdue),
        "oldest": min((row.oldest for row in overdue if row.oldest), default=None),
        "open_findings": sum(row.open for row in findings),
        "new_findings": sum(row.new for row in findings),
        "by_version": sum(row.by_version for row in findings),
        "fixed_findings": sum(row.fixed for row in findings),
    }


def stages_block(snapshot: Snapshot, scope: Scope) -> dict[str, Any]:
    """Stages with stuck deals, what stands still there first: amounts, and where there are none, expected ones."""
    chances = by_stage(snapshot.chances)
    groups = by(scope.cut(snapshot.cells), "stage", chances)
    rows = [
        (scope.all_stages[key], sums)
        for key, sums in groups.items()
        if key in scope.all_stages and sums.stuck
    ]
    rows.sort(key=lambda row: (-row[1].weight, -row[1].stuck))
    return {
        "rows": rows,
        "most": max((sums.weight for _, sums in rows), default=NOTHING),
        "sums": total(scope.cut(snapshot.cells), chances),
    }


def people_block(snapshot: Snapshot, scope: Scope) -> dict[str, Any]:
    """Everybody with open deals, what stands still first."""
    chances = by_stage(snapshot.chances)
    rows = list(by(scope.cut(snapshot.cells), "manager", chances).items())
    rows.sort(key=lambda row: (-row[1].weight, -row[1].stuck, -row[1].open))
    named = [(manager, scope.name(manager), sums) for manager, sums in rows]
    return {
        "rows": named,
        "most": max((sums.weight for _, sums in rows), default=NOTHING),
        "sums": total(scope.cut(snapshot.cells), chances),
    }


LEVELS = 5  # of colour
SMALL = 5  # open deals: a share of fewer says nothing
MOST_STAGES, MOST_PEOPLE = 16, 12  # of the table on the desk: 2,500 cells take a third of a second to draw
LIGHT = Decimal("0.03")  # of the heaviest cell: not worth a colour


@dataclass(frozen=True)
class HeatCell:
    """``level``: 0 is pale; ``manager`` and ``stage`` None: a total over all of them."""

    sums: Sums
    level: int
    stage: str | None = None
    manager: int | None = None


def heat_block(
    snapshot: Snapshot, scope: Scope, by_count: bool = False, *, whole: bool = True
) -> dict[str, Any]:
    """Stages down, people across, coloured by what stands still there (or by how many), with totals both ways.

    Without ``whole`` the `MOST_STAGES` and `MOST_PEOPLE` where most stands; totals are of all.

    Coloured by weight and not by share: one deal of one is no fire. Few deals and little money stay pale.
    """
    chances = by_stage(snapshot.chances)
    cells = [cell for cell in scope.cut(snapshot.cells) if _is_worked(scope, cell)]
    table: dict[tuple[Any, Any], Sums] = defaultdict(Sums)
    for cell in cells:
        table[cell.stage, cell.manager].add(cell, chances)
    columns = sorted(
        by(cells, "manager", chances).items(),
        key=lambda item: (-_heaviness(item[1], by_count), -item[1].stuck, scope.name(item[0])),
    )
    every = [(manager, sums) for manager, sums in columns if sums.stuck]
    managers = every if whole else every[:MOST_PEOPLE]
    stages = {key: sums for key, sums in by(cells, "stage", chances).items() if sums.stuck}
    heaviest = sorted(stages, key=lambda key: (-_heaviness(stages[key], by_count), -stages[key].stuck))
    drawn = set(heaviest if whole else heaviest[:MOST_STAGES])
    shown = [cell for (stage, manager), cell in table.items() if stage in stages]
    most = max((_heaviness(sums, by_count) for sums in shown), default=NOTHING)

    def draw(sums: Sums | None, stage: str, manager: int | None) -> HeatCell | None:
        return None if sums is None else HeatCell(sums, heat_level(sums, most, by_count), stage, manager)

    rows = [
        (
            stage,
            [(manager, draw(table.get((key, manager)), key, manager)) for manager, _ in managers],
            stages[key],
        )
        for key, stage in scope.all_stages.items()
        if key in drawn
    ]
    return {
        "rows": rows,
        "left_out": (len(stages) - len(drawn)) + (len(every) - len(managers)),
        "managers": [(manager, scope.name(manager), sums) for manager, sums in managers],
        "sums": total((cell for cell in cells if cell.stage in stages), chances),
        "by_count": by_count,
        "small": SMALL,
        "light": most * LIGHT if not by_count else None,
    }


def _is_worked(scope: Scope, cell: Cell) -> bool:
    stage = scope.all_stages.get(cell.stage or "")
    return stage is not None and stage.kind in {Stage.Kind.WORK, Stage.Kind.INCOMING}


def _heaviness(sums: Sums, by_count: bool) -> Decimal:
    return Decimal(sums.stuck) if by_count else sums.weight


def heat_level(sums: Sums, most: Decimal, by_count: bool) -> int:
    """0 (pale) to LEVELS, by the share of the heaviest cell; pale with few open deals or next to nothing."""
    weight = _heaviness(sums, by_count)
    if not most or sums.open < SMALL or weight <= most * LIGHT:
        return 0
    return min(LEVELS, 1 + int(weight / most * LEVELS))


@dataclass(frozen=True)
class Gone:
    """Somebody who no longer works here and still owns open deals."""

    manager: int
    name: str
    sums: Sums


def gone_owners(snapshot: Snapshot, scope: Scope, leavers: Collection[int]) -> list[Gone]:
    """What has to be handed over before anything else, the most money first."""
    groups = by(scope.cut(snapshot.cells), "manager", by_stage(snapshot.chances))
    found = [Gone(one, scope.name(one), groups[one]) for one in groups if one in leavers and groups[one].open]
    return sorted(found, key=lambda one: (-one.sums.money, -one.sums.open))


@dataclass
class Late:
    tasks: int = 0
    leftover: int = 0
    oldest: datetime | None = None


def overdue_block(snapshot: Snapshot, scope: Scope) -> dict[str, Any]:
    """Overdue tasks by person, the most first."""
    groups: dict[int | None, Late] = defaultdict(Late)
    for row in scope.cut_pipelines(snapshot.overdue):
        late = groups[row.manager]
        late.tasks += row.tasks
        late.leftover += row.leftover
        if row.oldest is not None:
            late.oldest = min(row.oldest, late.oldest or row.oldest)
    rows = [(manager, scope.name(manager), late) for manager, late in groups.items() if late.tasks]
    rows.sort(key=lambda row: (-row[2].tasks, row[1]))
    return {
        "rows": rows,
        "most": max((late.tasks for _, _, late in rows), default=0),
        "sum": sum(late.tasks for _, _, late in rows),
        "leftover": sum(late.leftover for late in groups.values()),
    }


def untasked_block(snapshot: Snapshot, scope: Scope) -> dict[str, Any]:
    """Open deals without a next task by stage, the most money first."""
    groups = by(scope.cut(snapshot.cells), "stage")
    rows = [
        (scope.all_stages[key], sums)
        for key, sums in groups.items()
        if key in scope.all_stages and sums.untasked
    ]
    rows.sort(key=lambda row: (-row[1].untasked_money, -row[1].untasked))
    return {
        "rows": rows,
        "most": max((sums.untasked for _, sums in rows), default=0),
        "sums": total(scope.cut(snapshot.cells)),
    }


def open_findings(snapshot: Snapshot, scope: Scope) -> dict[int | None, int]:
    people: dict[int | None, int] = defaultdict(int)
    for row in scope.cut(snapshot.findings):
        people[row.manager] += row.open
    return people


def won_by_day(snapshot: Snapshot, scope: Scope) -> dict[date, tuple[int, Decimal]]:
    """Local day → deals won and their sum; days without any are absent."""
    days: dict[date, tuple[int, Decimal]] = {}
    for row in scope.cut_pipelines(snapshot.won):
        deals, money = days.get(day := date.fromisoformat(row.day), (0, NOTHING))
        days[day] = (deals + row.deals, money + row.money)
    return days


def won_by_person(snapshot: Snapshot, scope: Scope) -> dict[int | None, Decimal]:
    people: dict[int | None, Decimal] = defaultdict(lambda: NOTHING)
    for row in scope.cut_pipelines(snapshot.won):
        people[row.manager] += row.money
    return people


@dataclass(frozen=True)
class Spot:
    """A stage on which many deals of one person stand still."""

    stage: Stage
    manager: int | None
    name: str
    sums: Sums
    chance: Chance | None


def hot_spots(snapshot: Snapshot, scope: Scope, leavers: Collection[int] = ()) -> list[Spot]:
    """The few places (stage and person) where the most stands still, if several deals are stuck there.

    Deals of somebody who has left are handed over as a whole, not stage by stage.
    """
    chances = by_stage(snapshot.chances)
    spots = [
        Spot(
            scope.all_stages[cell.stage],
            cell.manager,
            scope.name(cell.manager),
            Sums().add(cell, chances),
            chances.get(cell.stage),
        )
        for cell in scope.cut(snapshot.cells)
        if cell.stuck >= 3 and cell.stage in scope.all_stages and cell.manager not in leavers
    ]
    spots.sort(key=lambda spot: (-spot.sums.weight, -spot.sums.stuck))
    return spots[:SPOTS]
