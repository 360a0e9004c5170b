from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from qc.rules.checks import Breach, Check, Stretch, checks
from qc.rules.parameters import ALL_UNITS, CALENDAR, Length, parameter
from qc.rules.registry import REMARK, TASK, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import Planned, Timeline

CODE = "task.pushed"


@dataclass(frozen=True)
class LongestPush:
    most: timedelta | None = parameter(
        Length(_("Longest push from the first date"), ALL_UNITS, nothing=_("no limit")),
        _("Longest push from the first date"),
        default=timedelta(days=7),
    )


@rule(
    CODE,
    _("Task is pushed on and on"),
    REMARK,
    clock=CALENDAR,
    icon="calendar-arrow-up",
    weight=1,
    sentence=_(
        "The task first due on %(due)s was moved %(count)s times, on %(since)s by more than %(norm)s in all"
    ),
    check="a task, while it is undone",
    occasion=TASK,
    norm=LongestPush,
    everywhere=True,
    reads_tasks=True,
)
def pushed(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A task that moves on every morning is never overdue, and never done.

    Fix: do it, or write down why it waits and agree on a date with the client.
    """
    for task in deal.tasks:
        held: dict[int | None, list[Stretch]] = {}
        for (since, person), until in _holders(task):
            if person is not None and (until is None or until > since):
                terms.add(held, person, since, until)
        breaches = list(_breaches(deal, task, terms)) if len(task.dues) > 1 else ()
        yield from checks(held, breaches, task=task.id, timed=False)


def _holders(task: Planned) -> Iterator[tuple[tuple[datetime, int | None], datetime | None]]:
    end = task.ended_at
    for place, step in enumerate(task.owners):
        until = task.owners[place + 1][0] if place + 1 < len(task.owners) else end
        if end is not None and step[0] >= end:
            return
        yield step, until if end is None or (until is not None and until < end) else end


def _breaches(deal: Timeline, task: Planned, terms: Terms) -> Iterator[Breach]:
    """From the move that went too far until the task ends or is moved back."""
    first, end = task.dues[0][1], task.ended_at
    since: datetime | None = None
    moves = norm = 0
    for place, (at, due) in enumerate(task.dues):
        if end is not None and at >= end:
            break
        most = terms.portal_norm(LongestPush, CODE, at).most
        too_far = place > 0 and most is not None and due - first > most
        if too_far and since is None:
            assert most is not None
            since, moves, norm = at, place, int(most.total_seconds())
        elif not too_far and since is not None:
            yield _breach(deal, task, since, at, moves, norm)
            since = None
    if since is not None:
        yield _breach(deal, task, since, end, moves, norm)


def _breach(
    deal: Timeline, task: Planned, since: datetime, until: datetime | None, moves: int, norm: int
) -> Breach:
    holder = task.holder_at(since)
    piece = deal.piece_at(since)
    values = {"due": task.dues[0][1].isoformat(), "count": moves, "norm": norm}
    return Breach(since, since, until, holder, piece.stage if piece else None, values, task=task.id)
