"""What deals are judged by: norms of stages, clocks, and who has left."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.spans import FOREVER
from qc.rules.norms import CALENDAR, CLIENT, OWNER, Demand, Norm, Versions
from team.clock import Clocks
from timeline.timeline import LOST, WON, Piece, Visit


@dataclass(frozen=True)
class Terms:
    """``norms``: the published versions of each stage, oldest first. ``gone``: when people left; None: nobody knows."""

    norms: Mapping[str, tuple[Norm, ...]] = field(default_factory=dict)
    clocks: Clocks = field(default_factory=Clocks)
    gone: Mapping[int, datetime | None] = field(default_factory=dict)
    _versions: dict[str, list[Versions]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = {
            stage: [Versions(norms[:count]) for count in range(1, len(norms) + 1)]
            for stage, norms in self.norms.items()
        }
        object.__setattr__(self, "_versions", known)

    def versions(self, visit: Visit) -> Versions | None:
        """The versions up to the one that judges a visit; None where no version was in force.

        That is the one in force when the visit ended, or the newest while it goes on. A closing stage is not left any
        more: there it is the one in force on entry.
        """
        end = visit.since if visit.kind in (WON, LOST) else visit.until
        for versions in reversed(self._versions.get(visit.stage, ())):
            published_at = versions.last.published_at
            if end is None or published_at is None or published_at <= end:
                return versions
        return None

    def deadline(self, pieces: Sequence[Piece], since: datetime, demand: Demand) -> datetime | None:
        """When the grace of a demand ends that waits since ``since``, on the owner's clock; None = never.

        The first of ``demand`` is not after ``since``. A shorter grace begins anew when it is published, and ends no
        later than the longer one would have; a longer one is for everybody.
        """
        if len(demand) == 1:
            return self.runs_out(OWNER, pieces, since, demand[0][1])
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
