"""A little language for the lives of deals, so that tests of rules read as tables.

Time is counted in hours from Monday, 2 November 2026, 00:00 in Moscow. A life is
``"0 lead anna; 24 offer anna; 72 won anna"``: at which hour the deal came to which stage and owner (``-`` is nobody).
A task is ``"10 due 20 done 30"`` with any of ``moved HOUR to HOUR``, ``done HOUR``, ``deleted HOUR``, ``by NAME`` and
``given HOUR to NAME``.
Breaches come back as ``"since:opens-closes owner"``.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from qc.rules import RULES, Breach, Check, StageNorms, Terms
from qc.rules.deal_stuck import LongestStay
from qc.rules.field_missing import RequiredFields
from qc.rules.task_none import NextTask
from team.clock import Clock, Clocks, Pattern, Schedule
from timeline.timeline import Change, Piece, Planned, Timeline, Touch

START = datetime(2026, 11, 2, tzinfo=ZoneInfo("Europe/Moscow")).astimezone(UTC)
PEOPLE = {"anna": 1, "boris": 2, "vera": 3, "-": None}
NAMES = {person: name for name, person in PEOPLE.items()}
KINDS = {"new": "incoming", "won": "won", "lost": "lost"}  # every other stage is work

DAY_SHIFT = Pattern("1111100", date(2026, 11, 2), time(9), time(18), "Europe/Moscow")
NIGHT_SHIFT = Pattern("10", date(2026, 11, 2), time(21), time(9), "Europe/Moscow")
CLOCKS = Clocks(
    client=Clock(Schedule(DAY_SHIFT)), people={1: Clock(Schedule(DAY_SHIFT)), 2: Clock(Schedule(NIGHT_SHIFT))}
)


class Norm(NamedTuple):
    """The norms of one version of a stage's regulation, side by side."""

    regulation: int | None = None
    published_at: datetime | None = None
    max_stay: timedelta | None = None
    stay_clock: str = "calendar"
    needs_task: bool = False
    task_grace: timedelta = timedelta()
    fields: tuple[tuple[str, str], ...] = ()
    fields_grace: timedelta = timedelta()

    def of_stage(self) -> StageNorms:
        norms = (
            LongestStay(self.max_stay, self.stay_clock),
            NextTask(self.needs_task, self.task_grace),
            RequiredFields(self.fields, self.fields_grace),
        )
        return StageNorms(self.regulation, self.published_at, {type(norm): norm for norm in norms})


@cache
def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def hour(moment: datetime | None) -> str:
    return "" if moment is None else f"{(moment - START) / timedelta(hours=1):g}"


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def life(text: str, *tasks: str, until: float | None = None, **facts: Any) -> Timeline:
    """A timeline; ``until`` deletes the deal; ``changes`` are (hour, field, before, after).

    ``touches`` are hours, all of Anna's.
    """
    steps = [step.split() for step in text.split(";")]
    pieces: list[Piece] = []
    for place, (begin, stage, owner) in enumerate(steps):
        same = bool(pieces) and pieces[-1].stage == stage
        visit = pieces[-1].visit + (not same) if pieces else 1
        since = at(float(begin))
        until_next = at(float(steps[place + 1][0])) if place + 1 < len(steps) else None
        kind = KINDS.get(stage, "work")
        pieces.append(
            Piece(
                stage,
                kind,
                PEOPLE[owner],
                since,
                until_next,
                visit,
                pieces[-1].visit_since if same else since,
            )
        )
    changes = tuple(
        Change(at(h), field, before, after) for h, field, before, after in facts.pop("changes", ())
    )
    touches = tuple(Touch(at(h), PEOPLE["anna"]) for h in facts.pop("touches", ()))
    return Timeline(
        touches=touches,
        id=1,
        created_at=pieces[0].since,
        updated_at=at(facts.pop("updated", 0)),
        deleted_at=None if until is None else at(until),
        price=Decimal(facts.pop("price", 0)),
        fields=facts.pop("fields", {}),
        pieces=tuple(pieces),
        tasks=tuple(task(number, text) for number, text in enumerate(tasks, 1)),
        changes=changes,
        **facts,
    )


def task(number: int, text: str) -> Planned:
    created, first_due = re.match(r"([\d.]+) due ([\d.]+)", text).groups()  # type: ignore[union-attr]  # it matches
    moves = re.findall(r"moved ([\d.]+) to ([\d.]+)", text)
    dues = [(created, first_due), *moves]
    ends = {word: re.search(rf"{word} ([\d.]+)", text) for word in ("done", "deleted")}
    by = re.search(r"by (\w+)", text)
    owners = [(created, by[1] if by else "anna"), *re.findall(r"given ([\d.]+) to (\w+)", text)]
    return Planned(
        number,
        tuple((at(float(since)), PEOPLE[name]) for since, name in owners),
        at(float(created)),
        tuple((at(float(since)), at(float(due))) for since, due in dues),
        at(float(ends["done"][1])) if ends["done"] else None,
        at(float(ends["deleted"][1])) if ends["deleted"] else None,
    )


def terms(gone: dict[str, float | None] | None = None, clocks: Clocks = CLOCKS, **norms: Norm) -> Terms:
    """Terms by stage name; ``gone``: who left at which hour."""
    left = {PEOPLE[name]: None if when is None else at(when) for name, when in (gone or {}).items()}
    return terms_of({stage: (norm,) for stage, norm in norms.items()}, clocks, left)


def terms_of(norms: Mapping[str, tuple[Norm, ...]], clocks: Clocks | None = None, *more: Any) -> Terms:
    """Terms by the versions of each stage; without clocks the calendar counts."""
    stages = {stage: tuple(norm.of_stage() for norm in of_stage) for stage, of_stage in norms.items()}
    return Terms(stages, Clocks() if clocks is None else clocks, *more)


def breaches(code: str, deal: Timeline, judged_by: Terms) -> list[Breach]:
    return [breach for check in checks(code, deal, judged_by) for breach in check.breaches]


def checks(code: str, deal: Timeline, judged_by: Terms) -> list[Check]:
    return list(RULES[code].checks(deal, judged_by))


def found(code: str, deal: Timeline, judged_by: Terms) -> list[str]:
    return [
        f"{hour(b.since)}:{hour(b.opens_at)}-{hour(b.closes_at)} {NAMES[b.owner]}"
        for b in breaches(code, deal, judged_by)
    ]
