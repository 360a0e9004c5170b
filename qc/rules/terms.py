"""What deals are judged by: norms of stages, clocks, and who has left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from pipelines.timeline import Piece, Visit
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


@dataclass(frozen=True)
class Terms:
    """``norms``: the published versions of each stage, oldest first. ``gone``: when people left; None: nobody knows."""

    norms: Mapping[str, tuple[Norm, ...]] = field(default_factory=dict)
    clocks: Clocks = field(default_factory=Clocks)
    gone: Mapping[int, datetime | None] = field(default_factory=dict)

    def norm(self, visit: Visit) -> Norm | None:
        """The version that judges a visit: the one in force when it ended, the newest one for a visit that goes on.

        Visits that ended before the first version are judged by the first one, so that a new account has a history.
        """
        versions = self.norms.get(visit.stage)
        if not versions:
            return None
        if visit.until is None or len(versions) == 1:
            return versions[-1]
        in_force = [
            norm for norm in versions if norm.published_at is None or norm.published_at <= visit.until
        ]
        return in_force[-1] if in_force else versions[0]

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
