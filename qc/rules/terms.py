"""What deals are judged by: norms of stages, clocks, and who works here when."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple, TypeVar

from core.spans import FOREVER
from qc.rules.checks import Held, Stretch
from qc.rules.norms import CALENDAR, CLIENT, OWNER, Demand, StageNorms, Version, Versions
from team.clock import Clocks
from timeline.timeline import INCOMING, LOST, WON, WORK, Piece, Timeline, Visit, pipeline_of

N = TypeVar("N")
ALWAYS = datetime.min.replace(tzinfo=UTC)  # stands in for «all along» inside comparisons; never handed out
ALL_ALONG = ((ALWAYS, None),)
CLOSING = (WON, LOST)
IN_WORK, OPEN = (WORK,), (INCOMING, WORK)

Person = int | None
Graces = tuple[tuple[datetime, timedelta], ...]  # of newcomers, since when, the oldest first
Employment = tuple[datetime | None, datetime | None]


class StagePlace(NamedTuple):
    """A stage among the others of its ``pipeline``: its ``place`` in amoCRM's order."""

    pipeline: str
    place: int
    kind: str
    name: str


def _goes_on(last: Stretch, start: datetime, end: datetime | None) -> bool:
    """Whether a stretch goes on where the last one stopped; a moment is no part of what ends there."""
    return last[1] == start and (start != end or last[0] == start)


@dataclass(frozen=True)
class Terms:
    """``norms``: the published versions of each stage, oldest first; under a rule's code stand those of a norm that
    holds for the whole portal. ``gone``: when people left; None: nobody knows.

    ``employed``: from when until when people worked here, where that is known to begin or to end. ``since``: since
    when each rule has been on at all. ``zone``: in which dates of fields are days. ``stages``: by id. ``robots``:
    pipelines in which no person works. ``graces``: for how long newcomers are only warned.
    """

    norms: Mapping[str, tuple[StageNorms, ...]] = field(default_factory=dict)
    clocks: Clocks = field(default_factory=Clocks)
    gone: Mapping[int, datetime | None] = field(default_factory=dict)
    employed: Mapping[int, Employment] = field(default_factory=dict)
    since: Mapping[str, datetime] = field(default_factory=dict)
    zone: tzinfo = UTC
    stages: Mapping[str, StagePlace] = field(default_factory=dict)
    robots: frozenset[str] = frozenset()
    graces: Graces = ()
    _versions: dict[type, dict[str, list[Versions[Any]]]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _demanded: dict[Any, tuple[Stretch, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _stretches: dict[tuple[Stretch, ...], tuple[Stretch, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _asking: dict[Any, dict[str, tuple[Stretch, ...]]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _stages: dict[Any, list[str]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _naming: dict[type, list[str]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def versions(self, norm: type[N], visit: Visit) -> Versions[N] | None:
        """The versions of a rule's norm up to the one that judges a visit; None where no version was in force.

        That is the last one published before the visit ended, or the newest while it goes on. A closing stage is not
        left any more: there it is the one in force on entry.
        """
        if visit.kind in CLOSING:
            return self.versions_at(norm, visit.stage, visit.since)
        for versions in reversed(self._of_stage(norm, visit.stage)):
            published_at = versions.last.published_at
            if published_at is None or visit.until is None or published_at < visit.until:
                return versions
        return None

    def versions_at(self, norm: type[N], stage: str, moment: datetime | None) -> Versions[N] | None:
        """Those up to the one in force on a stage at a moment; None = the newest."""
        for versions in reversed(self._of_stage(norm, stage)):
            published_at = versions.last.published_at
            if moment is None or published_at is None or published_at <= moment:
                return versions
        return None

    def _of_stage(self, norm: type[N], stage: str) -> Sequence[Versions[N]]:
        known = self._versions.get(norm)
        if known is None:
            known = self._versions[norm] = self._lay_out(norm)
        return known.get(stage, ())

    def stages_of(self, norm: type) -> list[str]:
        """Stages on which any version has ever named a rule's norm."""
        known = self._naming.get(norm)
        if known is None:
            silent = norm()
            known = self._naming[norm] = [
                stage
                for stage, versions in self.norms.items()
                if any(one.norms.get(norm, silent) != silent for one in versions)
            ]
        return known

    def demanding(
        self, norm: type[N], demands: Callable[[N], bool], moment: datetime, pipeline: str
    ) -> Iterator[tuple[str, Version[N]]]:
        """Stages of a pipeline whose version in force at a moment demands something, with that version."""
        for stage in self._stages_in(pipeline, norm):
            versions = self.versions_at(norm, stage, moment)
            if versions is not None and demands(versions.last.norm):
                yield stage, versions.last

    def _stages_in(self, pipeline: str, norm: type) -> list[str]:
        known = self._stages.get((pipeline, norm))
        if known is None:
            known = [stage for stage in self.stages_of(norm) if pipeline_of(stage) == pipeline]
            self._stages[pipeline, norm] = known
        return known

    def portal_norm(self, norm: type[N], code: str, moment: datetime) -> N:
        """The norm of a rule that has one for the whole portal, as it was at a moment."""
        known = self._versions.get(norm)
        of_portal: list[Versions[N]] | None = None if known is None else known.get(code)
        if of_portal is not None and len(of_portal) == 1:  # mostly
            version = of_portal[0].last
            if version.published_at is None:
                return version.norm
        versions = self.versions_at(norm, code, moment)
        return norm() if versions is None else versions.last.norm

    def is_newcomer(self, person: Person, moment: datetime) -> bool:
        """Whether a person whose first day is known is within the grace of newcomers that held at a moment."""
        hired_at = self.employed.get(person, (None, None))[0] if person is not None else None
        if hired_at is None:
            return False
        grace = next((length for since, length in reversed(self.graces) if since <= moment), timedelta())
        return bool(grace) and moment < hired_at + grace

    def _lay_out(self, norm: type[N]) -> dict[str, list[Versions[N]]]:
        found = {}
        for stage, of_stage in self.norms.items():
            told = [
                Version(one.regulation, one.published_at, one.norms.get(norm) or norm()) for one in of_stage
            ]
            found[stage] = [Versions(told[:count]) for count in range(1, len(told) + 1)]
        return found

    def demanded(self, norm: type[N], stage: str, demands: Callable[[N], Any]) -> tuple[Stretch, ...]:
        """When the version of its time demanded something on a stage, in order; equal ones are one object."""
        key = (demands, stage)
        known = self._demanded.get(key)
        if known is None:
            found: list[Stretch] = []
            of_stage = self.norms.get(stage, ())
            for place, one in enumerate(of_stage, 1):
                until = of_stage[place].published_at if place < len(of_stage) else None
                if demands(one.norms.get(norm) or norm()):
                    found.append((one.published_at or ALWAYS, until))
            known = self._demanded[key] = self._stretches.setdefault(tuple(found), tuple(found))
        return known

    def demanding_stages(
        self, norm: type[N], demands: Callable[[N], Any]
    ) -> Mapping[str, tuple[Stretch, ...]]:
        """The stages on which a norm has ever demanded something, with when."""
        found = self._asking.get(demands)
        if found is None:
            found = self._asking[demands] = {
                stage: demanded for stage in self.norms if (demanded := self.demanded(norm, stage, demands))
            }
        return found

    def asked(
        self, deal: Timeline, norm: type[N], demands: Callable[[N], Any], kinds: tuple[str, ...] = IN_WORK
    ) -> Iterator[tuple[Visit, Versions[N], Held]]:
        """The deal's visits to stages of these kinds on which a norm has ever demanded something: with the versions
        that judge them, and who had the deal when it was demanded."""
        of_stages = self.demanding_stages(norm, demands)
        for visit in deal.visits:
            demanded = of_stages.get(visit.stage)
            if demanded is None or visit.kind not in kinds:
                continue
            if (versions := self.versions(norm, visit)) is not None:
                yield visit, versions, self.holders(deal, visit, demanded)

    def holders(self, deal: Timeline, visit: Visit, demanded: tuple[Stretch, ...]) -> Held:
        """Who had the deal on a visit when something was `demanded`; rules with the same demands share it."""
        key = id(demanded), visit.pieces[0].visit
        known = deal.worked_out.get(key)
        if known is None:
            found = self.held(visit.pieces, demanded, {})
            held = {person: tuple(stretches) for person, stretches in found.items()}
            known = deal.worked_out[key] = held, demanded  # the id is nobody else's while it stands here
        own: Held = known[0]
        return own

    def held(
        self, pieces: Iterable[Piece], demanded: Sequence[Stretch] | None, held: dict[Person, list[Stretch]]
    ) -> dict[Person, list[Stretch]]:
        """Add to ``held`` who had the deal when something was demanded and while he worked here.

        ``demanded`` None = all along, and then a piece shorter than a second is a moment of its own.
        """
        employed = self.employed
        for piece in pieces:
            owner, began, ended = piece.owner, piece.since, piece.until
            if owner is None:
                continue
            for since, until in ALL_ALONG if demanded is None else demanded:
                start = since if since > began else began
                end = ended if until is None or (ended is not None and ended <= until) else until
                if end is not None and start >= end and (demanded is not None or start > end):
                    continue
                if owner in employed:
                    self.add(held, owner, start, end)
                elif (own := held.get(owner)) is None:
                    held[owner] = [(start, end)]
                elif _goes_on(own[-1], start, end):
                    own[-1] = (own[-1][0], end)
                else:
                    own.append((start, end))
        return held

    def add(
        self, held: dict[Person, list[Stretch]], person: int, start: datetime, end: datetime | None
    ) -> None:
        """One stretch, cut to when the person worked here; it goes on where the last one stopped."""
        employed = self.employed.get(person)
        if employed is not None:
            hired_at, left_at = employed
            moment = start == end
            if left_at is not None and (end is None or end >= left_at):
                if start >= left_at:
                    return
                end = left_at
            if hired_at is not None and start < hired_at:
                if moment or (end is not None and end <= hired_at):
                    return
                start = hired_at
        own = held.get(person)
        if own is None:
            held[person] = [(start, end)]
        elif _goes_on(own[-1], start, end):
            own[-1] = (own[-1][0], end)
        else:
            own.append((start, end))

    def asked_at(self, person: Person, moment: datetime) -> Held:
        """Who is asked for something that comes at a moment: the person, if there is one and he works here then."""
        if person is None:
            return {}
        if (employed := self.employed.get(person)) is not None:
            hired_at, left_at = employed
            if (left_at is not None and moment >= left_at) or (hired_at is not None and moment < hired_at):
                return {}
        return {person: ((moment, moment),)}

    def deadline(
        self,
        pieces: Sequence[Piece],
        since: datetime,
        demand: Demand,
        clock: str = OWNER,
        end: datetime | None = None,
    ) -> datetime | None:
        """When the grace of a demand ends that waits since ``since``, by default on the owner's clock; None = never.

        ``end``: when what waits is over, where that is known; a deadline after it may be told as never.
        The first of ``demand`` is not after ``since``. A shorter grace begins anew when it is published, and ends no
        later than the longer one would have; a longer one is for everybody.
        """
        if len(demand) == 1:
            if end is not None and end - since <= demand[0][1]:  # no clock is faster than the calendar
                return None
            return self.runs_out(clock, pieces, since, demand[0][1])
        earlier = [grace for begin, grace in demand if begin is None or begin <= since]
        grace = earlier[-1]
        due = self.runs_out(clock, pieces, since, grace)
        for begin, next_grace in demand[len(earlier) :]:
            assert begin is not None  # it is later than `since`
            if next_grace < grace:
                due = min(due or FOREVER, self.runs_out(clock, pieces, begin, next_grace) or FOREVER)
            elif next_grace > grace:
                due = max(due or FOREVER, self.runs_out(clock, pieces, since, next_grace) or FOREVER)
            due, grace = None if due is FOREVER else due, next_grace
        return due

    def worked(self, clock: str, pieces: Iterable[Piece]) -> timedelta:
        """How much of these pieces has passed on a clock; all of them have ended."""
        own = {CALENDAR: self.clocks.calendar, CLIENT: self.clocks.client}.get(clock)
        return sum(
            (
                (own or self.clocks.owner(piece.owner)).worked(piece.since, piece.until)
                for piece in pieces
                if piece.until is not None
            ),
            timedelta(),
        )

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
