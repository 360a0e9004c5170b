"""Whose work an employee's month is made of: his amoCRM users, each in the days in which it was his, and his team.

An employee's months stand under his main amoCRM user.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from core.periods import Period
from team.holders import holders
from team.models import HeadAssignment


class Part(NamedTuple):
    """An amoCRM user that is somebody's on the local days from ``first`` up to, not including, ``until``."""

    user: int
    first: date
    until: date


@dataclass(frozen=True)
class Payees:
    """Of one period. ``parts``: of everybody by his main amoCRM user; ``heads``: whose reports they are, by days."""

    period: Period
    parts: Mapping[int, list[Part]]
    owners: Mapping[int, list[tuple[Part, int | None]]]
    heads: Mapping[int, list[tuple[date, int | None]]]

    def parts_of(self, person: int) -> list[Part]:
        """A person whom no employee has is himself, all along."""
        if person in self.owners or person in self.parts:
            return self.parts.get(person, [])
        return [Part(person, self.period.first, self.period.last + timedelta(days=1))]

    def whose(self, user: int, day: date) -> int | None:
        """The main amoCRM user under whom the work of an amoCRM user on a day is paid; None: nobody's."""
        if user not in self.owners:
            return user
        return next((main for part, main in self.owners[user] if part.first <= day < part.until), None)

    def head_of(self, person: int, day: date) -> int | None:
        """The main amoCRM user of the head on that day."""
        steps = self.heads.get(person, [])
        return next((head for since, head in reversed(steps) if since <= day), None)

    def users_of(self, people: Iterable[int]) -> set[int]:
        return {part.user for person in people for part in self.parts_of(person)}

    def team_of(self, head: int) -> list[int]:
        """Who reported to him on some day of the period."""
        last = self.period.last
        return [
            person
            for person, steps in self.heads.items()
            if any(
                one == head and since <= last and (until is None or until > self.period.first)
                for (since, one), until in zip(steps, [*(step[0] for step in steps[1:]), None], strict=True)
            )
        ]

    def windows(self, people: Iterable[int]) -> Iterator[tuple[Period, dict[int, int]]]:
        """The work of these people cut where an amoCRM user changes hands: a span, and whose each user was in it."""
        found: dict[tuple[date, date], dict[int, int]] = defaultdict(dict)
        for person in people:
            for part in self.parts_of(person):
                found[part.first, part.until][part.user] = person
        for (first, until), users in found.items():
            yield self._span(first, until), users

    def _span(self, first: date, until: date) -> Period:
        zone, whole = self.period.start.tzinfo, self.period
        if first <= whole.first and until > whole.last:
            return whole
        start, end = (datetime.combine(day, time(), zone) for day in (first, until))
        return replace(whole, start=max(start, whole.start), end=min(end, whole.end))


def read_payees(period: Period, teams: bool = False) -> Payees:
    """One query; one more with ``teams``."""
    begins, ends = period.first, period.last + timedelta(days=1)
    parts: dict[int, list[Part]] = defaultdict(list)
    owners: dict[int, list[tuple[Part, int | None]]] = defaultdict(list)
    mains: dict[int, int] = {}
    for one in holders():
        first, until = max(one.since or begins, begins), min(one.until or ends, ends)
        held = owners[one.person]
        if one.main is not None:
            mains[one.employee] = one.main
        if first < until:
            part = Part(one.person, first, until)
            held.append((part, one.main))
            if one.main is not None:
                parts[one.main].append(part)
    heads: dict[int, list[tuple[date, int | None]]] = defaultdict(list)
    if teams:
        for row in HeadAssignment.objects.ascending().values_list("employee", "since", "head"):
            if row[0] in mains:
                heads[mains[row[0]]].append((row[1] or date.min, mains.get(row[2])))
    return Payees(period, dict(parts), dict(owners), dict(heads))
