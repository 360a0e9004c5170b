"""Timelines of deals, read in a fixed number of statements for a whole batch."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from core import account
from core.db import Row, Statement, run_statements
from timeline.history import Completion, Life, completion, fold_pieces
from timeline.timeline import (
    LOSS_REASON,
    LOST,
    PRICE,
    WON,
    WORK,
    Change,
    Piece,
    Planned,
    Timeline,
    Touch,
    is_open_at,
)

BATCH = 2_000
T = TypeVar("T")

DEALS = """
    select id, created_at, updated_at, closed_at, closed_inferred, deleted_at, price, fields, stage_id, manager_id,
           loss_reason_id, stage_since, next_due_at, stuck_at, stuck_until
    from pipelines_deal where id = any(%(ids)s) order by id
"""
STAYS = """
    select deal_id, stage_id, manager_id, entered_at, left_at, visit, visit_since, inferred, next_stage_id
    from pipelines_stay where deal_id = any(%(ids)s) order by deal_id, visit, entered_at, id
"""
KINDS = "select id, kind from pipelines_stage where kind <> 'work'"
TASKS = """
    select deal_id, id, manager_id, created_at, updated_at, due_at, is_completed, completed_at, completed_inferred,
           deleted_at, nullif(created_by, 0), has_result
    from pipelines_task where deal_id = any(%(ids)s) order by deal_id, created_at, id
"""
MOVES = """
    select e.kind, e.entity_id, e.at, e.before #>> '{}', e.after #>> '{}'
    from pipelines_task t join pipelines_event e on e.entity_id = t.id and e.entity = 'task'
    where t.deal_id = any(%(ids)s) and e.kind = any(%(kinds)s) and (e.after is not null or e.kind = 'completed')
    order by e.entity_id, e.at, e.id
"""
CHANGES = """
    select entity_id, at, case kind when 'field' then coalesce(after ->> 'field', before ->> 'field') else kind end,
           before, after, author_id
    from pipelines_event
    where entity_id = any(%(ids)s) and entity = 'deal'
      and (kind = any(%(kinds)s) or kind = 'field'
           and (%(fields)s::text[] is null or coalesce(after ->> 'field', before ->> 'field') = any(%(fields)s)))
    order by entity_id, at, id
"""


# Of people that are mirrored, since robots write as nobody; and what the client wrote. Those on the client's card are
# of every deal of his that is open then (docs/decisions/0028), but for notes: they say nothing to the client.
TOUCHES = """
    select deal_id, at, manager_id, kind, seconds, id, false from pipelines_touch
    where deal_id = any(%(ids)s) and (manager_id is not null or kind = 'message_in')
    union all
    select d.id, t.at, t.manager_id, t.kind, t.seconds, t.id, true
    from pipelines_deal d join pipelines_touch t on t.contact_id = d.contact_id and t.at >= d.created_at
    where d.id = any(%(ids)s) and t.deal_id is null and t.kind <> 'note'
      and (t.manager_id is not null or t.kind = 'message_in')
    order by 1, 2, 6
"""


NOTHING: Statement = ("select where false", {})


class Move(NamedTuple):
    """One event of a task: its due moment or its owner, as text; amoCRM does not always tell what was before."""

    at: datetime
    before: str | None
    after: str


class Loaded(NamedTuple):
    """Timelines, in the order of their deals' ids; and where history says otherwise than what is kept of it.

    ``stays`` are whole lives by deal, ``tasks`` by task, ``closings`` by deal those that amoCRM does not tell; all are
    for `timeline.folding` to keep. ``states`` are the deals' states as they stand, ``moments`` what of them follows
    from stays and tasks: ``stage_since`` and ``next_due_at``.
    """

    timelines: list[Timeline]
    stays: dict[int, list[Piece]]
    tasks: dict[int, Completion]
    closings: dict[int, datetime]
    states: dict[int, Row]
    moments: dict[int, tuple[datetime | None, datetime | None]]


def load_timelines(
    ids: Iterable[int],
    fields: Collection[str] | None = None,
    touches: bool = False,
    moves: bool = False,
    tasks: bool = True,
) -> Iterator[Timeline]:
    """The deals among ``ids`` that are mirrored, in the order of their ids within each batch of 2,000.

    ``fields``: whose changes are wanted (custom field ids as text, "price"); None = of every field. ``touches``,
    ``moves`` (from stage to stage, with who made them), ``tasks``: whether they are wanted.
    """
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        yield from build(
            run_statements(*reading(part, fields, touches=touches, moves=moves, tasks=tasks))
        ).timelines


def reading(
    ids: Sequence[int],
    fields: Collection[str] | None = None,
    *,
    history: bool = False,
    touches: bool = False,
    moves: bool = False,
    tasks: bool = True,
) -> list[Statement]:
    """What `build` needs of these deals. ``history``: with all events that their lives and tasks follow from.
    Without ``tasks`` they seem to have none."""
    deals = {"ids": ids}
    of_tasks, changes = ["deadline", "owner"], [PRICE] if fields is None or PRICE in fields else []
    if history:
        of_tasks, changes = [*of_tasks, "completed"], [*changes, "stage", "owner", "restored"]
    elif moves:
        changes.append("stage")
    return [
        (KINDS, {}),
        (STAYS, deals),
        *([(TASKS, deals), (MOVES, {"ids": ids, "kinds": of_tasks})] if tasks else [NOTHING, NOTHING]),
        (CHANGES, {"ids": ids, "kinds": changes, "fields": None if fields is None else list(fields)}),
        (DEALS, deals),
        *([(TOUCHES, deals)] if touches else []),
    ]


def build(answers: Sequence[list[Row]], *, history: bool = False) -> Loaded:
    """Timelines from the answers to `reading`: with ``history`` from what it says, else from what is kept of it."""
    kinds, stays, planned, moves, changed, deals, *more = answers
    kind_of: dict[str, str] = dict(kinds)
    loaded = Loaded([], {}, {}, {}, {}, {})
    kept: dict[int, list[Piece]] = defaultdict(list)
    for deal, stage, owner, since, until, *rest in stays:
        kept[deal].append(Piece(stage, kind_of.get(stage, WORK), owner, since, until, *rest))
    touched: dict[int, list[Touch]] = defaultdict(list)
    heard: dict[int, list[tuple[datetime, bool]]] = defaultdict(list)
    for deal, at, person, kind, seconds, _id, on_contact in chain(*more):
        if kind == "message_in":
            heard[deal].append((at, on_contact))
        else:
            touched[deal].append(Touch(at, person, kind, seconds, on_contact))
    tasks = _tasks(planned, moves, loaded.tasks if history else None)
    due: dict[int, datetime] = {}  # by deal, the nearest of its open tasks
    for (
        deal,
        _task,
        _owner,
        _created,
        _updated,
        due_at,
        is_completed,
        _at,
        _inferred,
        deleted_at,
        *_,
    ) in planned:
        if not is_completed and deleted_at is None and (deal not in due or due_at < due[deal]):
            due[deal] = due_at
    changes: dict[int, list[Change]] = defaultdict(list)
    for deal, at, field, before, after, author in changed:
        changes[deal].append(Change(at, field, _value(before), _value(after), author))
    loss_field = account.own().loss_field
    for (
        deal,
        created_at,
        updated_at,
        closed_at,
        inferred,
        deleted_at,
        price,
        values,
        stage,
        owner,
        lost,
        *state,
    ) in deals:
        if reason := lost or values.get(loss_field):
            values = {**values, LOSS_REASON: reason}  # equal values of several rows are one object
        lived, told = kept.get(deal, []), changes.get(deal, ())
        if history and stage is not None:
            found = fold_pieces(Life(created_at, updated_at, closed_at, stage, owner, told), kind_of)
            if found != lived:
                lived = loaded.stays[deal] = found
            if (closed_at is None or inferred) and found[-1].kind in (WON, LOST):
                if closed_at != found[-1].visit_since:
                    loaded.closings[deal] = found[-1].visit_since
                closed_at = found[-1].visit_since
        loaded.states[deal] = tuple(state)
        loaded.moments[deal] = _stage_since(lived), due.get(deal)
        loaded.timelines.append(
            Timeline(
                deal,
                created_at,
                updated_at,
                closed_at,
                deleted_at,
                price,
                values,
                tuple(lived),
                tuple(tasks.get(deal, ())),
                tuple(told),
                tuple(touched.get(deal, ())),
                tuple(at for at, aside in heard.get(deal, ()) if not aside or is_open_at(lived, at)),
                lost,
            )
        )
    return loaded


def _stage_since(lived: Sequence[Piece]) -> datetime | None:
    return lived[-1].visit_since if lived and lived[-1].until is None else None


def _tasks(
    planned: list[Row], events: list[Row], different: dict[int, Completion] | None
) -> Mapping[int, list[Planned]]:
    """Tasks by deal. When they were done is told by events, and noted where ``different``; without it by the rows."""
    moves: dict[tuple[str, int], list[Move]] = defaultdict(list)
    for kind, task, *move in events:
        moves[kind, task].append(Move._make(move))
    tasks: dict[int, list[Planned]] = defaultdict(list)
    for (
        deal,
        task,
        owner,
        created_at,
        updated_at,
        due_at,
        is_completed,
        *done,
        deleted_at,
        author,
        result,
    ) in planned:
        known = Completion._make(done)
        if different is not None:
            told = moves.get(("completed", task))
            now = completion(is_completed, known, updated_at, told[-1].at if told else None)
            if now != known:
                known = different[task] = now
        dues: tuple[tuple[datetime, datetime], ...] = ((created_at, due_at),)
        owners: tuple[tuple[datetime, int | None], ...] = ((created_at, owner),)
        if moves and (moved := moves.get(("deadline", task))):
            dues = _steps(created_at, updated_at, due_at, moved, datetime.fromisoformat)
        if moves and (given := moves.get(("owner", task))):
            owners = _steps(created_at, updated_at, owner, given, int)
        completed_at = known.completed_at or updated_at if is_completed else None
        tasks[deal].append(Planned(task, owners, created_at, dues, completed_at, deleted_at, author, result))
    return tasks


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
