"""Whose the work was: the days for which each person held deals, and late tasks for a hundred of them."""

from functools import partial
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from core.beside import ask_beside
from metrics.analytics.columns import Flags, Ints
from metrics.analytics.in_work import Pieces, clip_pieces, cut_by_owner, read_changes
from metrics.analytics.log import NOBODY, Log, list_stages, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.tasks import Tasks, read_tasks
from metrics.analytics.terms import DAY, Terms
from metrics.analytics.words import WHOLE


def find_days(pieces: Pieces, late: dict[int, int], people: frozenset[int] | None) -> Answer:
    """``late``: a person's tasks that were done late or stand overdue."""
    rows: list[dict[str, Any]] = []
    lengths = pieces.end - pieces.begin
    for person in np.unique(pieces.person).tolist():
        if people is not None and person not in people:
            continue
        mine = pieces.person == person
        time, tasks = int(lengths[mine].sum()), late.get(person, 0)
        rows.append(
            {
                "manager": person or None,
                "n": int(mine.sum()),
                "deals": len(np.unique(pieces.deal[mine])),
                "deal_days": time / DAY,
                "late_tasks": tasks,
                "per_100_deal_days": 100 * tasks * DAY / time if time else None,
            }
        )
    rows.sort(key=lambda row: (-row["deal_days"], row["manager"] or 0))
    return {
        "rows": rows,
        "n": sum(row["n"] for row in rows),
        "deal_days": sum(row["deal_days"] for row in rows),
    }


def read_pieces(terms: Terms) -> tuple[Log, Pieces]:
    """Of all deals that lived in the period, whoever holds them now."""
    log = read_log(Terms(terms.now, terms.zone, terms.period, None, terms.pipeline), "alive")
    changes = read_changes(log, terms.period.start if terms.period else None)
    return log, clip_pieces(cut_by_owner(log, changes, terms.at), terms.start, min(terms.end, terms.at))


def late_tasks(tasks: Tasks, now: int) -> Flags:
    found: Flags = tasks.done > tasks.due
    return found & (tasks.due < now)


def answer(terms: Terms) -> Answer:
    everybody = Terms(terms.now, terms.zone, terms.period, None, terms.pipeline)
    tasks_beside = ask_beside(partial(read_tasks, everybody, list_stages(terms.pipeline)))
    _, pieces = read_pieces(terms)
    tasks = tasks_beside()
    people, counts = np.unique(tasks.manager[late_tasks(tasks, terms.at)], return_counts=True)
    return find_days(pieces, dict(zip(people.tolist(), counts.tolist(), strict=True)), terms.people)


def behind(terms: Terms, cell: Cell) -> Ints:
    log, pieces = read_pieces(terms)
    mine = np.ones(len(pieces.deal), dtype=bool)
    if terms.people is not None:
        mine &= np.isin(pieces.person, np.array(sorted(terms.people), dtype=np.int64))
    if "manager" in cell:
        mine &= pieces.person == (int(cell["manager"][:18]) if cell["manager"].isdecimal() else NOBODY)
    places = pieces.deal[mine]
    return log.ids[np.unique(places) if cell.get("what") == "deals" else places]


register(
    Report(
        code="deal-days",
        title=_("Deal-days by owner"),
        icon="calendar-days",
        about=_(
            "Calendar days for which each person held deals that were not closed, by the owner of each moment: the "
            "base of every rate per hundred deal-days. Late: tasks done after their term, and overdue ones."
        ),
        chooses=WHOLE,
        answer=answer,
        behind=behind,
    )
)
