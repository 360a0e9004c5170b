from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.spans import Spans
from qc.rules.checks import Breach, Check, checks
from qc.rules.parameters import ALL_UNITS, CALENDAR, Length, parameter
from qc.rules.registry import AHEAD, REMARK, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import WORK, Planned, Timeline

CODE = "task.other_owner"


@dataclass(frozen=True)
class Borrowed:
    grace: timedelta | None = parameter(
        Length(_("For how long a task may be another's"), ALL_UNITS, nothing=_("no limit")),
        _("For how long a task may be another's"),
        default=timedelta(days=1),
    )


@rule(
    CODE,
    _("Task belongs to another than the deal"),
    REMARK,
    clock=CALENDAR,
    icon="user-round-x",
    weight=0,
    sentence=_("The task due on %(due)s and the deal belong to different people since %(since)s"),
    variants={AHEAD: _("The task due on %(due)s and the deal belong to different people since %(since)s")},
    check="none: who should have the task is for both to agree on",
    norm=Borrowed,
    everywhere=True,
    reads_tasks=True,
)
def other_owner(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A deal was handed over and its task was not: each thinks that the other one will call.

    Fix: give the task to whoever has the deal, or the deal to whoever has the task.
    """
    return checks({}, (breach for task in deal.tasks for breach in _breaches(deal, task, terms)))


def _breaches(deal: Timeline, task: Planned, terms: Terms) -> Iterator[Breach]:
    for since, until in _apart(deal, task):
        grace = terms.portal_norm(Borrowed, CODE, since).grace
        if grace is None:
            continue
        opens_at = since + grace
        if until is not None and opens_at >= until:
            continue
        piece = deal.piece_at(opens_at)
        due = next(due for at, due in reversed(task.dues) if at <= opens_at)
        owner, stage = (piece.owner, piece.stage) if piece else (None, None)
        yield Breach(since, opens_at, until, owner, stage, {"due": due.isoformat()}, task=task.id)


def _apart(deal: Timeline, task: Planned) -> Spans:
    """While the task is undone and the deal in work, and both belong to somebody."""
    found: list[tuple[datetime, datetime | None]] = []
    for place, (since, holder) in enumerate(task.owners):
        until = task.owners[place + 1][0] if place + 1 < len(task.owners) else None
        others = [
            (piece.since, piece.until)
            for piece in deal.pieces
            if piece.owner != holder and piece.kind == WORK and None not in (piece.owner, holder)
        ]
        if others:
            found += list(Spans(others) & Spans([(since, until)]))
    return Spans(found) & Spans([(task.created_at, task.ended_at)]) if found else Spans()
