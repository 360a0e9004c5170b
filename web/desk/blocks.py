"""What each block of the desk shows, cut out of a snapshot. No queries here."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from metrics.snapshot import Cell, Snapshot
from pipelines.models import Stage
from web.frame.scope import Scope

NOTHING = Decimal(0)
SPOTS = 3


@dataclass
class Sums:
    """Open deals added up: all of them, stuck ones and those without a task."""

    open: int = 0
    money: Decimal = NOTHING
    stuck: int = 0
    frozen: Decimal = NOTHING
    untasked: int = 0
    untasked_money: Decimal = NOTHING

    def add(self, cell: Cell) -> "Sums":
        self.open += cell.open
        self.money += cell.money
        self.stuck += cell.stuck
        self.frozen += cell.frozen
        self.untasked += cell.untasked
        self.untasked_money += cell.untasked_money
        return self

    @property
    def stuck_share(self) -> float | None:
        """Stuck ÷ open; null when nothing is open."""
        return self.stuck / self.open if self.open else None


def total(cells: Iterable[Cell]) -> Sums:
    sums = Sums()
    for cell in cells:
        sums.add(cell)
    return sums


def by(cells: Iterable[Cell], name: str) -> dict[Any, Sums]:
    groups: dict[Any, Sums] = defaultdict(Sums)
    for cell in cells:
        groups[getattr(cell, name)].add(cell)
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
        "oldest": min((row.oldest for row in overdue), default=None),
        "open_findings": sum(row.open for row in findings),
        "new_findings": sum(row.new for row in findings),
        "fixed_findings": sum(row.fixed for row in findings),
    }


def stages_block(snapshot: Snapshot, scope: Scope) -> dict[str, Any]:
    """Stages with stuck deals, the most frozen money first."""
    groups = by(scope.cut(snapshot.cells), "stage")
    rows = [
        (scope.all_stages[key], sums)
        for key, sums in groups.items()
        if key in scope.all_stages and sums.stuck
    ]
    rows.sort(key=lambda row: (-row[1].frozen, -row[1].stuck))
    return {
        "rows": rows,
        "most": max((sums.frozen for _, sums in rows), default=NOTHING),
        "sums": total(scope.cut(snapshot.cells)),
    }


def people_block(snapshot: Snapshot, scope: Scope) -> dict[str, Any]:
    """Everybody with open deals, the most frozen money first."""
    rows = list(by(scope.cut(snapshot.cells), "manager").items())
    rows.sort(key=lambda row: (-row[1].frozen, -row[1].stuck, -row[1].open))
    named = [(manager, scope.name(manager), sums) for manager, sums in rows]
    return {"rows": named, "most": max((sums.frozen for _, sums in rows), default=NOTHING)}


def heat_block(snapshot: Snapshot, scope: Scope) -> dict[str, Any]:
    """Stages down, people across: the share of stuck deals with their number."""
    cells = scope.cut(snapshot.cells)
    table: dict[tuple[Any, Any], Sums] = defaultdict(Sums)
    for cell in cells:
        table[cell.stage, cell.manager].add(cell)
    columns = sorted(by(cells, "manager").items(), key=lambda item: (-item[1].stuck, scope.name(item[0])))
    managers = [manager for manager, sums in columns if sums.open and sums.stuck]
    rows = []
    for key, stage in scope.all_stages.items():
        line = [(manager, table.get((key, manager))) for manager in managers]
        if stage.kind in {Stage.Kind.WORK, Stage.Kind.INCOMING} and any(
            sums and sums.stuck for _, sums in line
        ):
            rows.append((stage, line))
    return {"rows": rows, "managers": [(manager, scope.name(manager)) for manager in managers]}


@dataclass
class Late:
    tasks: int = 0
    oldest: datetime | None = None


def overdue_block(snapshot: Snapshot, scope: Scope) -> dict[str, Any]:
    """Overdue tasks by person, the most first."""
    groups: dict[int | None, Late] = defaultdict(Late)
    for row in scope.cut_pipelines(snapshot.overdue):
        late = groups[row.manager]
        late.tasks += row.tasks
        late.oldest = min(row.oldest, late.oldest or row.oldest)
    rows = [(manager, scope.name(manager), late) for manager, late in groups.items()]
    rows.sort(key=lambda row: (-row[2].tasks, row[1]))
    return {
        "rows": rows,
        "most": max((late.tasks for _, _, late in rows), default=0),
        "sum": sum(late.tasks for _, _, late in rows),
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


def hot_spots(snapshot: Snapshot, scope: Scope) -> list[Spot]:
    """The few places (stage and person) with the most frozen money, if several deals are stuck there."""
    cells = [cell for cell in scope.cut(snapshot.cells) if cell.stuck >= 3 and cell.stage in scope.all_stages]
    cells.sort(key=lambda cell: (-cell.frozen, -cell.stuck))
    return [
        Spot(scope.all_stages[cell.stage], cell.manager, scope.name(cell.manager), Sums().add(cell))
        for cell in cells[:SPOTS]
    ]
