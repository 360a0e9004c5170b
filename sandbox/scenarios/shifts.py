"""When a person is at work: half-open spans of Unix seconds by the rota."""

import random
from bisect import bisect_right
from datetime import date, timedelta

from .people import Employee
from .weeks import DAY, MINUTE, WEEKS, at

NEVER = 1 << 40
# Nobody starts a new conversation in the last minutes of a shift.
_LAST_START = 22 * MINUTE


class Shifts:
    def __init__(self, person: Employee, begin: date) -> None:
        self._spans: list[tuple[int, int]] = []
        first, last = max(0, person.hired_week * 7), min(person.left_week, WEEKS + 6) * 7
        for number in range(first, last):
            day = begin + timedelta(days=number)
            if person.pattern[(day - person.anchor).days % len(person.pattern)] == "1":
                self._spans.append((at(day, person.hours[0]), at(day, person.hours[1])))
        self._starts = [start for start, _ in self._spans]

    def span(self, moment: int) -> tuple[int, int]:
        """The shift on at `moment` with time left for one more talk, else the next, else `(NEVER, NEVER)`."""
        i = max(bisect_right(self._starts, moment) - 1, 0)
        for start, end in self._spans[i : i + 2]:
            if moment < end - _LAST_START:
                return start, end
        return NEVER, NEVER

    def on(self, moment: int) -> bool:
        start, end = self.span(moment)
        return start <= moment < end

    def next(self, moment: int, rng: random.Random) -> int:
        """When the person gets to what is wished for at `moment`; the morning's pile goes by degrees."""
        start, end = self.span(moment)
        if moment >= start:
            return moment
        return (
            start
            if start == NEVER
            else min(start + int(rng.expovariate(1 / (30 * MINUTE))), end - _LAST_START)
        )

    def days(self) -> list[tuple[int, int]]:
        return self._spans


def company_term(moment: int, hours: float) -> int:
    """Deadline `hours` ahead; one in the night (20:00–10:00 Moscow) is put off to the morning after.

    This is what the account's robot does: it knows the company's hours and nobody's days off.
    """
    due = moment + int(hours * 3600)
    hour = (due + 3 * 3600) % DAY / 3600  # Moscow has kept UTC+3 since 2014
    if hour >= 20:
        return due + int((34 - hour) * 3600) + min(int(hours * 3600), 2 * 3600)
    if hour < 10:
        return due + int((10 - hour) * 3600) + min(int(hours * 3600), 2 * 3600)
    return due
