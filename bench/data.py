"""Invented companies of any size, copied straight into the mirror: seeded, plausible, and as folding would leave them.

Every moment is a whole minute, told as minutes since `START`; the portal's clock stands at `NOW`.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday, 15:00 in Moscow
START = NOW - timedelta(days=3 * 365)  # before the first deal of anybody
HISTORY, TODAY, DAY = 730 * 1440, 3 * 365 * 1440, 1440
WORK = 9  # stages in work; incoming before them, won and lost behind
WON, LOST = WORK + 1, WORK + 2
OPEN, WINS, MOVES_ON, REASSIGNED, MAIN_PIPELINE = 0.2, 0.3, 0.82, 0.1, 0.3
STAY = 6 * DAY  # mean length of a visit
FIELDS = (1001, 1002, 1003)
CITIES = ("Москва", "Казань", "Пермь", "Омск", "Тула")
NULL = "\\N"

DAYS = [(START + timedelta(days=day)).date().isoformat() for day in range(4 * 365)]
MINUTES = [f" {minute // 60:02}:{minute % 60:02}:00+00" for minute in range(DAY)]
OFFSET = START.hour * 60

COLUMNS = {
    "deal": "id, name, price, pipeline_id, stage_id, manager_id, contact_id, loss_reason_id, created_by, created_at, "
    "updated_at, closed_at, next_task_at, tags, fields, deleted_at",
    "stay": "deal_id, stage_id, manager_id, visit, visit_since, entered_at, left_at, next_stage_id, inferred",
    "event": "id, at, kind, entity, entity_id, author_id, before, after",
    "task": "id, deal_id, contact_id, manager_id, kind_id, created_by, created_at, updated_at, due_at, is_completed, "
    "completed_at, completed_inferred, deleted_at",
    "touch": "id, at, kind, deal_id, contact_id, manager_id, seconds, updated_at",
}
Lines = dict[str, list[str]]  # table → rows as COPY reads them


@dataclass(frozen=True)
class Company:
    """How big. ZOLOTAREV is the size of the demo company."""

    deals: int
    people: int = 40
    pipelines: int = 7
    seed: int = 20261120


ZOLOTAREV = Company(15_000, people=11)


def at(minute: int) -> str:
    minute += OFFSET
    return DAYS[minute // DAY] + MINUTES[minute % DAY]


def pipeline_id(number: int) -> int:
    return 101 + number


def person_id(number: int) -> int:
    return 2001 + number


def stage_id(pipeline: int, place: int) -> str:
    """``place`` 0 is the incoming stage, 1…WORK are in work."""
    status = {WON: 142, LOST: 143}.get(place, 10 + place)
    return f"{pipeline_id(pipeline)}:{status}"


def lives(company: Company, batch: int = 5_000) -> Iterator[Lines]:
    """The rows of all deals, some thousand deals at a time."""
    rng = Random(company.seed)
    for first in range(1, company.deals + 1, batch):
        lines: Lines = {table: [] for table in COLUMNS}
        for deal in range(first, min(first + batch, company.deals + 1)):
            Deal(deal, company, rng).write(lines)
        yield lines


class Deal:
    """One deal's way through a pipeline: the stages it came to and when, who led it, what was planned."""

    def __init__(self, number: int, company: Company, rng: Random) -> None:
        self.number, self.rng = number, rng
        self.pipeline = 0 if rng.random() < MAIN_PIPELINE else rng.randrange(company.pipelines)
        self.path = [rng.choice((0, 1, 1))]
        while self.path[-1] < WORK and rng.random() < MOVES_ON:
            self.path.append(self.path[-1] + 1)
        lengths = [int(rng.expovariate(1 / STAY)) + 5 for _ in self.path]
        self.is_open = rng.random() < OPEN
        self.end = TODAY if self.is_open else TODAY - 1 - rng.randrange(HISTORY)
        if not self.is_open:
            self.path.append(WON if rng.random() < WINS else LOST)
        since = self.end - sum(lengths)
        self.since = [since]
        for length in lengths if not self.is_open else lengths[:-1]:
            since += length
            self.since.append(since)
        self.owners = [(self.since[0], person_id(rng.randrange(company.people)))]
        if rng.random() < REASSIGNED and lengths[0] > 10:
            self.owners.append((self.since[0] + lengths[0] // 2, person_id(rng.randrange(company.people))))
            if self.owners[0][1] == self.owners[1][1]:
                self.owners.pop()
        self.told = 0

    def owner(self, minute: int) -> int:
        return next(person for since, person in reversed(self.owners) if since <= minute)

    def stage(self, visit: int) -> str:
        return stage_id(self.pipeline, self.path[visit])

    def write(self, lines: Lines) -> None:
        self._deal(lines)
        self._stays(lines["stay"])
        self._tasks(lines)
        self._touches(lines["touch"])

    def _deal(self, lines: Lines) -> None:
        rng, born = self.rng, self.since[0]
        self._event(lines, born, "created")
        for visit in range(1, len(self.path)):
            self._event(
                lines, self.since[visit], "stage", f'"{self.stage(visit - 1)}"', f'"{self.stage(visit)}"'
            )
        for (_, before), (since, after) in zip(self.owners, self.owners[1:], strict=False):
            self._event(lines, since, "owner", before, after)
        values = rng.choice(CITIES), rng.randrange(900), "да"
        fields = {
            str(field): value for field, value in zip(FIELDS, values, strict=True) if rng.random() < 0.8
        }
        for field, value in fields.items():
            value_said = json.dumps({"field": int(field), "value": str(value)}, ensure_ascii=False)
            self._event(lines, min(born + rng.randrange(3 * DAY), self.end), "field", after=value_said)
        price = rng.randrange(20, 900) * 500
        updated = max(self.since[-1], self.owners[-1][0])
        closed = NULL if self.is_open else at(self.end)
        reason = 1 + rng.randrange(5) if self.path[-1] == LOST else NULL
        lines["deal"].append(
            f"{self.number}\tПневмостойка № {self.number}\t{price}\t{pipeline_id(self.pipeline)}\t{self.stage(-1)}\t"
            f"{self.owners[-1][1]}\t{self.number // 2 + 1}\t{reason}\t0\t{at(born)}\t{at(updated)}\t"
            f'{closed}\t{NULL}\t["вип"]\t{json.dumps(fields, ensure_ascii=False)}\t{NULL}\n'
        )

    def _event(
        self, lines: Lines, minute: int, kind: str, before: object = NULL, after: object = NULL
    ) -> None:
        self.told += 1
        lines["event"].append(
            f"d{self.number}.{self.told}\t{at(minute)}\t{kind}\tdeal\t{self.number}\t{self.owners[0][1]}\t{before}\t{after}\n"
        )

    def _stays(self, lines: list[str]) -> None:
        for visit, since in enumerate(self.since):
            last = visit + 1 == len(self.since)
            until = None if last else self.since[visit + 1]
            inside = [
                moment for moment, _ in self.owners if since < moment and (until is None or moment < until)
            ]
            edges = [since, *inside]
            for place, start in enumerate(edges):
                ends = place + 1 == len(edges)
                left = until if ends else edges[place + 1]
                following = NULL if last or not ends else self.stage(visit + 1)
                lines.append(
                    f"{self.number}\t{self.stage(visit)}\t{self.owner(start)}\t{visit + 1}\t{at(since)}\t{at(start)}\t"
                    f"{NULL if left is None else at(left)}\t{following}\tf\n"
                )

    def _tasks(self, lines: Lines) -> None:
        rng = self.rng
        for visit, since in enumerate(self.since):
            if not 1 <= self.path[visit] <= WORK or rng.random() < 0.35:
                continue
            task, left = (
                self.number * 16 + visit,
                self.since[visit + 1] if visit + 1 < len(self.since) else None,
            )
            due = since + rng.randrange(1, 3 * DAY) if left else TODAY + rng.randrange(-2 * DAY, 5 * DAY)
            done = None if left is None else min(left, due + rng.randrange(-DAY, DAY // 6), TODAY)
            done = None if done is None else max(done, since + 1)
            state = f"f\t{NULL}" if done is None else f"t\t{at(done)}"
            lines["task"].append(
                f"{task}\t{self.number}\t{NULL}\t{self.owner(since)}\t1\t0\t{at(since)}\t{at(done or since)}\t"
                f"{at(due)}\t{state}\tf\t{NULL}\n"
            )
            if done is not None:
                lines["event"].append(
                    f"t{task}\t{at(done)}\tcompleted\ttask\t{task}\t{self.owner(since)}\t{NULL}\t{NULL}\n"
                )

    def _touches(self, lines: list[str]) -> None:
        for visit, since in enumerate(self.since):
            if self.rng.random() < 0.4:
                kind = self.rng.choice(("call_out", "call_in", "note"))
                lines.append(
                    f"{self.number}.{visit}\t{at(since)}\t{kind}\t{self.number}\t{NULL}\t{self.owner(since)}\t"
                    f"{self.rng.randrange(300) if kind != 'note' else 0}\t{at(since)}\n"
                )


def contacts(company: Company) -> Iterable[str]:
    return (f"{number}\tКлиент {number}\t{at(0)}\t{NULL}\n" for number in range(1, company.deals // 2 + 2))
