"""Tasks by their term: what was planned, what was done in time, how late the rest was, what stands overdue."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.calendar import cut_time
from metrics.analytics.columns import Flags, Ints, read_columns
from metrics.analytics.curves import describe, wilson
from metrics.analytics.log import FAR, StageRow, list_stages
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import DAY, Terms, no_choice

BY = ("all", "type", "month", "manager")
WORDS = _("tasks of deals whose term lies in the period")


class Tasks(NamedTuple):
    """Ordered by id. ``done`` is FAR for an open one; ``closed``: its deal is; ``manager`` 0 for nobody's."""

    ids: Ints
    deal: Ints
    kind: Ints
    manager: Ints
    created: Ints
    due: Ints
    done: Ints
    closed: Flags


COLUMNS = {
    "ids": ("t.id", "int8"),
    "deal": ("t.deal_id", "int8"),
    "kind": ("coalesce(t.kind_id, 0)", "int8"),
    "manager": ("coalesce(t.manager_id, 0)", "int8"),
    "created": ("t.created_at", "timestamptz"),
    "due": ("t.due_at", "timestamptz"),
    "done": ("coalesce(t.completed_at, 'infinity')", "timestamptz"),
    "closed": ("(d.closed_at is not null)::int", "int2"),
}
SOURCE = """
    from pipelines_task t join pipelines_deal d on d.id = t.deal_id and d.deleted_at is null
    where t.deleted_at is null and t.due_at is not null and d.pipeline_id = any(%(pipelines)s)
      and (%(people)s::bigint[] is null or t.manager_id = any(%(people)s))
      and (%(start)s::timestamptz is null or (t.due_at >= %(start)s and t.due_at < %(end)s))"""


def read_tasks(terms: Terms, stages: Sequence[StageRow]) -> Tasks:
    """Of deals in the pipelines of these stages. One statement."""
    values = {
        "pipelines": sorted({stage.pipeline for stage in stages}),
        "people": None if terms.people is None else sorted(terms.people),
        "start": terms.period.start if terms.period else None,
        "end": terms.period.end if terms.period else None,
    }
    rows = read_columns(COLUMNS, SOURCE, values)
    order = np.argsort(rows["ids"], kind="stable")
    ids, deal, kind, manager, created, due, done, closed = (rows[name][order] for name in COLUMNS)
    return Tasks(ids, deal, kind, manager, created, due, done, closed == 1)


def find_tasks(tasks: Tasks, keys: Sequence[Any], number: Ints, now: int) -> list[dict[str, Any]]:
    """A row for each key that has tasks; ``number``: the key of each task, by place. Days are calendar days."""
    open_, on_time = tasks.done == FAR, tasks.done <= tasks.due
    overdue, due = open_ & (tasks.due < now), tasks.due <= now
    behind_ = np.where(open_, now, tasks.done) - tasks.due
    rows = []
    for place, key in enumerate(keys):
        mine = number == place
        if not mine.any():
            continue
        late, kept, counted = (
            mine & ~open_ & ~on_time,
            int((mine & due & on_time).sum()),
            int((mine & due).sum()),
        )
        standing, over = int((mine & open_).sum()), int((mine & overdue).sum())
        share, low, high = wilson(kept, counted)
        rows.append(
            {
                "key": key,
                "n": int(mine.sum()),
                "done": int((mine & ~open_).sum()),
                "on_time": int((mine & on_time).sum()),
                "late": int(late.sum()),
                "open": standing,
                "overdue": over,
                "overdue_share": over / standing if standing else None,
                "due": counted,
                "due_on_time": kept,
                "rate": share,
                "lo": low,
                "hi": high,
                "late_by": describe(behind_[late], DAY),
                "late_or_overdue_by": describe(behind_[late | (mine & overdue)], DAY),
                "done_within": describe((tasks.done - tasks.created)[mine & ~open_], DAY),
            }
        )
    return rows


def split(tasks: Tasks, by: str, terms: Terms) -> tuple[list[Any], Ints]:
    """(keys, the number of the key of each task)."""
    if by in ("type", "manager"):
        values, number = np.unique(tasks.kind if by == "type" else tasks.manager, return_inverse=True)
        return [int(value) or None for value in values], number
    if by == "month" and len(tasks.ids):
        cut = cut_time(int(tasks.due.min()), int(tasks.due.max()) + 1, "month", terms.zone)
        return list(cut.labels), cut.number(tasks.due)
    return [None], np.zeros(len(tasks.ids), dtype=np.int64)


def find_neglect(tasks: Tasks, open_deals: int, planned: int) -> dict[str, Any]:
    """Open deals without an open task, open tasks left on closed deals, deals with two tasks of one type.

    ``planned``: how many of the open deals have an open task, whosever it is.
    """
    open_ = tasks.done == FAR
    pairs, counts = np.unique(np.column_stack((tasks.deal, tasks.kind)), axis=0, return_counts=True)
    return {
        "deals_with_tasks": len(np.unique(tasks.deal)),
        "open_deals": open_deals,
        "open_deals_without_a_task": open_deals - planned,
        "share_without": (open_deals - planned) / open_deals if open_deals else None,
        "open_on_closed_deals": int((open_ & tasks.closed).sum()),
        "deals_with_a_type_repeated": len(np.unique(pairs[counts > 1][:, 0])),
    }


IS_PLANNED = """(exists (select from pipelines_task t where t.deal_id = d.id and t.deleted_at is null
    and t.due_at is not null and t.completed_at is null))::int"""
OPEN_DEALS = """
    from pipelines_deal d where d.closed_at is null and d.deleted_at is null and d.pipeline_id = any(%(pipelines)s)
      and (%(people)s::bigint[] is null or d.manager_id = any(%(people)s))"""


def count_open(terms: Terms, stages: Sequence[StageRow]) -> tuple[int, int]:
    """How many deals of these people are open, and how many of those have an open task. One statement."""
    values = {
        "pipelines": sorted({stage.pipeline for stage in stages}),
        "people": None if terms.people is None else sorted(terms.people),
    }
    planned = read_columns({"planned": (IS_PLANNED, "int2")}, OPEN_DEALS, values)["planned"]
    return len(planned), int(planned.sum())


def asked_by(terms: Terms) -> str:
    by = terms.options.get("by") or "manager"
    if by not in BY:
        raise no_choice("by", by, BY)
    return by


def answer(terms: Terms) -> Answer:
    by, stages = asked_by(terms), list_stages(terms.pipeline)
    tasks = read_tasks(terms, stages)
    rows = find_tasks(tasks, *split(tasks, by, terms), terms.at)
    if by != "month":
        rows.sort(key=lambda row: -row["n"])
    whole = find_tasks(tasks, [None], np.zeros(len(tasks.ids), dtype=np.int64), terms.at)
    found: Answer = {"rows": rows, "by": by, "n": len(tasks.ids), "overall": whole[0] if whole else None}
    return found | (find_neglect(tasks, *count_open(terms, stages)) if terms.period is None else {})


def behind(terms: Terms, cell: Cell) -> Ints:
    tasks = read_tasks(terms, list_stages(terms.pipeline))
    keys, number = split(tasks, asked_by(terms), terms)
    places = {"" if key is None else str(key): place for place, key in enumerate(keys)}
    mine = number == places.get(cell.get("key", ""), -1)
    open_, on_time = tasks.done == FAR, tasks.done <= tasks.due
    what = {
        "done": ~open_,
        "on_time": on_time,
        "late": ~open_ & ~on_time,
        "open": open_,
        "overdue": open_ & (tasks.due < terms.at),
    }
    return tasks.deal[mine & what.get(cell.get("what", ""), np.ones(len(mine), dtype=bool))]


register(
    Report(
        code="tasks",
        version=2,
        title=_("Tasks"),
        icon="list-todo",
        about=_(
            "In time: done not after the term. The share is of tasks whose term is over, with Wilson’s interval; an "
            "open task after its term is late by now. By who is responsible for the task, whoever owns the deal."
        ),
        chooses=WORDS,
        answer=answer,
        behind=behind,
        options={"by": "manager (the default), type, month (of the term) or all"},
    )
)
