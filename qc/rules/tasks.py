from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from core.spans import Spans
from qc.rules.norms import OWNER, Demand, Norm
from qc.rules.registry import AHEAD, VIOLATION, Breach, gettext_noop, rule
from qc.rules.terms import Terms
from timeline.timeline import WORK, Planned, Timeline


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
    demanding: list[tuple[datetime, datetime | None, Norm, Demand]] = []
    for visit in deal.visits:
        versions = terms.versions(visit) if visit.kind == WORK else None
        if versions is not None and (asked := versions.task):
            begin = max(visit.since, asked[0][0] or visit.since)
            demanding.append((begin, visit.until, versions.last, asked))
    if not demanding:
        return
    for gap in Spans((since, until) for since, until, _, _ in demanding) - deal.covered_by_tasks:
        norm, asked = next(
            (norm, asked) for since, _, norm, asked in reversed(demanding) if since <= gap.start
        )
        opens_at = terms.deadline(deal.pieces, gap.start, asked)
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
    clock=OWNER,
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
            fell_due = max(due, since)
            opens_at, owner = _first_shift(task, fell_due, terms)
            ends = [end for end in (moved_at, ended_at) if end is not None]
            closes_at = min(ends) if ends else None
            if opens_at is None or (closes_at is not None and opens_at >= closes_at):
                continue
            piece = deal.piece_at(opens_at)
            yield Breach(
                fell_due,
                opens_at,
                closes_at,
                owner,
                piece.stage if piece else None,
                {"due": due.isoformat()},
                task=task.id,
            )


def _first_shift(task: Planned, fell_due: datetime, terms: Terms) -> tuple[datetime | None, int | None]:
    """When somebody who has the task is next at work, and who; None at the first place = never."""
    if len(task.owners) == 1:
        [(_, owner)] = task.owners
        return terms.clocks.owner(owner).resumes(fell_due), owner
    ends = [since for since, _ in task.owners[1:]]
    for (since, owner), until in zip(task.owners, chain(ends, [None]), strict=True):
        if until is not None and until <= fell_due:
            continue
        at_work = terms.clocks.owner(owner).resumes(max(since, fell_due))
        if at_work is not None and (until is None or at_work < until):
            return at_work, owner
    return None, None
