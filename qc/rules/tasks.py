from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from pipelines.timeline import WORK, Timeline
from qc.rules.registry import AHEAD, VIOLATION, Breach, gettext_noop, rule
from qc.rules.terms import CALENDAR, OWNER, Norm, Terms
from salesops.lib.spans import Spans


@rule(
    "task.none",
    gettext_noop("Open deal without a next task"),
    VIOLATION,
    clock=OWNER,
    sentence=gettext_noop("No next task since %(since)s: %(elapsed)s"),
    variants={AHEAD: gettext_noop("No next task since %(since)s; it must be set by %(opens)s")},
)
def no_next_task(deal: Timeline, terms: Terms) -> Iterator[Breach]:
    """A deal nobody has planned to touch goes cold unnoticed.

    Fix: put the next call or meeting into amoCRM.
    """
    demanding: list[tuple[datetime, datetime | None, Norm]] = []
    for visit in deal.visits:
        if visit.kind == WORK and (norm := terms.norm(visit)) is not None and norm.needs_task:
            demanding.append((visit.since, visit.until, norm))
    if not demanding:
        return
    for gap in Spans((since, until) for since, until, _ in demanding) - deal.covered_by_tasks:
        norm = next(norm for since, _, norm in reversed(demanding) if since <= gap.start)
        opens_at = terms.runs_out(OWNER, deal.pieces, gap.start, norm.task_grace)
        if opens_at is None or (gap.end is not None and opens_at >= gap.end):
            continue
        piece = deal.piece_at(opens_at)
        assert piece is not None  # a gap lies inside of pieces
        values = {"grace": norm.task_grace.total_seconds()}
        yield Breach(
            gap.start, opens_at, gap.end, piece.owner, piece.stage, values, regulation=norm.regulation
        )


@rule(
    "task.overdue",
    gettext_noop("Task past its due moment"),
    VIOLATION,
    clock=CALENDAR,
    sentence=gettext_noop("The task due on %(due)s is late by %(elapsed)s"),
    variants={AHEAD: gettext_noop("The task is due on %(due)s")},
)
def overdue(deal: Timeline, terms: Terms) -> Iterator[Breach]:
    """A promise to the client was not kept in time, or was kept and not written down.

    Fix: do what was planned and complete the task, or agree on a new time and move it before it is due.
    """
    for task in deal.tasks:
        ended_at = task.ended_at
        moves = [at for at, _ in task.dues[1:]]
        for (since, due), moved_at in zip(task.dues, chain(moves, [None]), strict=True):
            opens_at = max(due, since)
            ends = [end for end in (moved_at, ended_at) if end is not None]
            closes_at = min(ends) if ends else None
            if closes_at is not None and opens_at >= closes_at:
                continue
            piece = deal.piece_at(opens_at)
            values = {"due": due.isoformat()}
            yield Breach(
                opens_at,
                opens_at,
                closes_at,
                task.owner,
                piece.stage if piece else None,
                values,
                task=task.id,
            )
