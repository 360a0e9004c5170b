from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from qc.rules.checks import Breach, Check, Stretch, checks
from qc.rules.parameters import ALL_UNITS, CALENDAR, Length, parameter
from qc.rules.registry import REMARK, TASK, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Brief, Fact, Said
from qc.rules.terms import Terms
from timeline.timeline import WORK, Planned, Timeline


@dataclass(frozen=True)
class FurthestTask:
    furthest: timedelta | None = parameter(
        Length(
            _("Furthest task"), ALL_UNITS, nothing=_("no limit"), closing=_("A closing stage has no tasks.")
        ),
        _("How far ahead a task may be set"),
    )


def fact(norm: FurthestTask) -> Fact | None:
    if norm.furthest is None:
        return None
    length = Said("%(length)s", {"length": Brief(norm.furthest, CALENDAR)})
    return Fact(_("How far ahead a task may be set"), length)


@rule(
    "task.far",
    _("Task is set too far ahead"),
    REMARK,
    clock=CALENDAR,
    icon="calendar-range",
    weight=1,
    sentence=_("The task set on %(since)s is due on %(due)s: further than %(norm)s ahead"),
    check="a task set or moved on a stage that says how far ahead it may be",
    occasion=TASK,
    norm=FurthestTask,
    facts=fact,
    reads_tasks=True,
)
def far(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A task in a month makes a deal look planned, and leaves the client alone until then.

    Fix: set a nearer step; a client who asked for a later date belongs where clients wait.
    """
    for task in deal.tasks:
        held: dict[int | None, list[Stretch]] = {}
        breaches = list(_breaches(deal, task, held, terms))
        if held or breaches:
            yield from checks(held, breaches, task=task.id, timed=False)


def _breaches(
    deal: Timeline, task: Planned, held: dict[int | None, list[Stretch]], terms: Terms
) -> Iterator[Breach]:
    """Each date of a task is held against the stage on which it was set, until it is near enough by itself."""
    for place, (at, due) in enumerate(task.dues):
        end = task.dues[place + 1][0] if place + 1 < len(task.dues) else task.ended_at
        if task.ended_at is not None and (end is None or end > task.ended_at):
            end = task.ended_at
        piece = deal.piece_at(at)
        if piece is None or piece.kind != WORK or (end is not None and at >= end):
            continue
        versions = terms.versions_at(FurthestTask, piece.stage, at)
        furthest = versions.last.norm.furthest if versions is not None else None
        if versions is None or furthest is None:
            continue
        holder = task.holder_at(at)
        if holder is not None:
            terms.add(held, holder, at, at)
        near = due - furthest
        closes_at = near if end is None else min(near, end)
        if closes_at > at:
            values = {"due": due.isoformat(), "norm": furthest.total_seconds()}
            yield Breach(
                at,
                at,
                closes_at,
                holder,
                piece.stage,
                values,
                task=task.id,
                regulation=versions.last.regulation,
            )
