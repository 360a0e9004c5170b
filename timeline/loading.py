"""Timelines of deals, read in a fixed number of statements for a whole batch."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from core.db import ask
from timeline.timeline import PRICE, Change, Piece, Planned, Timeline, Touch

BATCH = 2_000
T = TypeVar("T")

DEALS = """
    select id, created_at, updated_at, closed_at, deleted_at, price, fields
    from pipelines_deal where id = any(%(ids)s) order by id
"""
PIECES = """
    select s.deal_id, s.stage_id, coalesce(g.kind, 'work'), s.manager_id, s.entered_at, s.left_at, s.visit,
           s.visit_since, s.inferred
    from pipelines_stay s left join pipelines_stage g on g.id = s.stage_id
    where s.deal_id = any(%(ids)s) order by s.deal_id, s.entered_at, s.id
"""
TASKS = """
    select deal_id, id, manager_id, created_at, updated_at, due_at,
           case when is_completed then coalesce(completed_at, updated_at) end, deleted_at
    from pipelines_task where deal_id = any(%(ids)s) order by deal_id, created_at, id
"""
MOVES = """
    select e.kind, e.entity_id, e.at, e.before #>> '{}', e.after #>> '{}'
    from pipelines_task t
    join pipelines_event e on e.entity_id = t.id and e.entity = 'task' and e.kind in ('deadline', 'owner')
    where t.deal_id = any(%(ids)s) and e.after is not null order by e.entity_id, e.at, e.id
"""
CHANGES = """
    select entity_id, at, coalesce(after ->> 'field', before ->> 'field'), before, after
    from pipelines_event
    where entity_id = any(%(ids)s) and entity = 'deal'
      and (kind = 'price' and %(price)s or kind = 'field'
           and (%(fields)s::text[] is null or coalesce(after ->> 'field', before ->> 'field') = any(%(fields)s)))
    order by entity_id, at, id
"""


# Of people that are mirrored: robots write as nobody. What the client writes is told by nobody of ours.
TOUCHES = """
    select deal_id, at, manager_id from pipelines_touch
    where deal_id = any(%(ids)s) and manager_id is not null and kind <> 'message_in' order by deal_id, at, id
"""


class Move(NamedTuple):
    """One event of a task: its due moment or its owner, as text; amoCRM does not always tell what was before."""

    at: datetime
    before: str | None
    after: str


def timelines(
    ids: Iterable[int], fields: Collection[str] | None = None, touches: bool = False
) -> Iterator[Timeline]:
    """The deals among ``ids`` that are mirrored, in the order of their ids within each batch of 2,000.

    ``fields``: whose changes are wanted (custom field ids as text, "price"); None = of every field. ``touches``:
    whether they are wanted.
    """
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), BATCH):
        yield from _batch(wanted[start : start + BATCH], fields, touches)


def _batch(ids: list[int], fields: Collection[str] | None, touches: bool) -> Iterator[Timeline]:
    deals = {"ids": ids}
    wanted = {
        "ids": ids,
        "price": fields is None or PRICE in fields,
        "fields": None if fields is None else list(fields),
    }
    asked: list[tuple[str, dict[str, Any]]] = [
        (PIECES, deals),
        (TASKS, deals),
        (MOVES, deals),
        (CHANGES, wanted),
        (DEALS, deals),
    ]
    stays, planned, events, changed, rows, *more = ask(*asked, *([(TOUCHES, deals)] if touches else []))
    touched: dict[int, list[Touch]] = defaultdict(list)
    for deal, *touch in chain(*more):
        touched[deal].append(Touch._make(touch))
    pieces: dict[int, list[Piece]] = defaultdict(list)
    for deal, *piece in stays:
        pieces[deal].append(Piece._make(piece))
    moves: dict[tuple[str, int], list[Move]] = defaultdict(list)
    for kind, task, *move in events:
        moves[kind, task].append(Move._make(move))
    tasks: dict[int, list[Planned]] = defaultdict(list)
    for deal, task, owner, created_at, updated_at, due_at, completed_at, deleted_at in planned:
        dues: tuple[tuple[datetime, datetime], ...] = ((created_at, due_at),)
        owners: tuple[tuple[datetime, int | None], ...] = ((created_at, owner),)
        if moves and (moved := moves.get(("deadline", task))):
            dues = _steps(created_at, updated_at, due_at, moved, datetime.fromisoformat)
        if moves and (given := moves.get(("owner", task))):
            owners = _steps(created_at, updated_at, owner, given, int)
        tasks[deal].append(Planned(task, owners, created_at, dues, completed_at, deleted_at))
    changes: dict[int, list[Change]] = defaultdict(list)
    for deal, at, field, before, after in changed:
        changes[deal].append(Change(at, field or PRICE, _value(before), _value(after)))
    for deal, created_at, updated_at, closed_at, deleted_at, price, values in rows:
        yield Timeline(
            deal,
            created_at,
            updated_at,
            closed_at,
            deleted_at,
            price,
            values,
            tuple(pieces.get(deal, ())),
            tuple(tasks.get(deal, ())),
            tuple(changes.get(deal, ())),
            tuple(touched.get(deal, ())),
        )


def _value(value: Any) -> Any:
    return value.get("value") if isinstance(value, dict) else value


def _steps(
    created_at: datetime, updated_at: datetime, present: T, moves: Sequence[Move], read: Callable[[str], T]
) -> tuple[tuple[datetime, T], ...]:
    """The history of a due moment or an owner: what it was since when.

    Where the row is newer than the last move and says otherwise, the row is right.
    """
    steps = [(created_at, read(moves[0].before) if moves[0].before else present)]
    steps += [(move.at, read(move.after)) for move in moves]
    last_at, last = steps[-1]
    if last != present and updated_at >= last_at:
        steps[-1] = (last_at, present)
    return tuple(steps)
