"""What deals are judged by: norms of stages, clocks, and who has left."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from pipelines.timeline import LOST, WON, Piece, Visit
from salesops.lib.spans import FOREVER
from team.clock import Clocks

CALENDAR, OWNER, CLIENT, NORM = (
    "calendar",
    "owner",
    "client",
    "norm",
)  # NORM: the one that the stage's norm names


class Norm(NamedTuple):
    """The norms of one version of a stage's regulation. ``fields``: ids of required fields with their names."""

    regulation: int | None = None
    published_at: datetime | None = None
    max_stay: timedelta | None = None
    stay_clock: str = CALENDAR
    needs_task: bool = False
    task_grace: timedelta = timedelta()
    fields: tuple[tuple[str, str], ...] = ()
    fields_grace: timedelta = timedelta()


Demand = tuple[tuple[datetime | None, timedelta], ...]  # since when each grace was in force, oldest first


def demand(versions: Sequence[Norm], grace: Callable[[Norm], timedelta | None]) -> Demand:
    """Since when the last of ``versions``, and those before it without a break, have demanded something.

    ``grace`` is None for a version that does not demand it. Empty when the last one does not.
    """
    found: list[tuple[datetime | None, timedelta]] = []
    for norm in reversed(versions):
        if (allowed := grace(norm)) is None:
            break
        found.append((norm.published_at, allowed))
    return tuple(reversed(found))


@dataclass(frozen=True)
class Terms:
    """``norms``: the published versions of each stage, oldest first. ``gone``: when people left; None: nobody knows."""

    norms: Mapping[str, tuple[Norm, ...]] = field(default_factory=dict)
    clocks: Clocks = field(default_factory=Clocks)
    gone: Mapping[int, datetime | None] = field(default_factory=dict)

    def versions(self, visit: Visit) -> tuple[Norm, ...]:
        """The versions up to the one that judges a visit, oldest first; none where no version was in force.

        That is the one in force when the visit ended, or the newest while it goes on. A closing stage is not left any
        more: there it is the one in force on entry.
        """
        versions = self.norms.get(visit.stage, ())
        end = visit.since if visit.kind in (WON, LOST) else visit.until
        if end is None:
            return versions
        return tuple(norm for norm in versions if norm.published_at is None or norm.published_at <= end)

    def deadline(self, pieces: Sequence[Piece], since: datetime, demand: Demand) -> datetime | None:
        """When the grace of a demand ends that waits since ``since``, on the owner's clock; None = never.

        The first of ``demand`` is not after ``since``. A shorter grace begins anew when it
        is published, and takes nothing from those who had less time left already; a longer one is for everybody.
        """
        earlier = [grace for begin, grace in demand if begin is None or begin <= since]
        grace = earlier[-1]
        due = self.runs_out(OWNER, pieces, since, grace)
        for begin, next_grace in demand[len(earlier) :]:
            assert begin is not None  # it is later than `since`
            if next_grace < grace:
                due = min(due or FOREVER, self.runs_out(OWNER, pieces, begin, next_grace) or FOREVER)
            elif next_grace > grace:
                due = max(due or FOREVER, self.runs_out(OWNER, pieces, since, next_grace) or FOREVER)
            due, grace = None if due is FOREVER else due, next_grace
        return due

    def runs_out(
        self, clock: str, pieces: Iterable[Piece], since: datetime, duration: timedelta
    ) -> datetime | None:
        """When ``duration`` has passed since ``since``; None = never, or not before the last piece ends.

        The owner's clock is that of whoever owned the deal at the time: the next one goes on where the last stopped.
        """
        if clock == CALENDAR:
            return self.clocks.calendar.after(since, duration)
        if clock == CLIENT:
            return self.clocks.client.after(since, duration)
        for piece in pieces:
            if piece.until is not None and piece.until <= since:
                continue
            own = self.clocks.owner(piece.owner)
            start = max(piece.since, since)
            reached = own.after(start, duration)
            if piece.until is None or (reached is not None and reached <= piece.until):
                return reached
            duration -= own.worked(start, piece.until)
        return None
