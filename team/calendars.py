"""A country's holidays, with what somebody here says otherwise: days of rest, weekend days worked, shortened days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import NamedTuple

from holidays import country_holidays

ONE_DAY = timedelta(days=1)


class StateYear(NamedTuple):
    """Of one country and year: days of rest beyond plain weekends, those that the law names, weekend days worked."""

    rest: frozenset[date]
    statutory: frozenset[date]  # without days off that were moved
    worked_weekends: frozenset[date]


@dataclass(frozen=True)
class Holidays:
    """What a rota rests on. ``country``: a code of ISO 3166 such as RU; empty: only the days listed here.

    ``rests``, ``works`` and ``shortened`` (minutes less) overrule the country. ``eve``: by how many minutes the day
    before a holiday named by law is shorter.
    """

    country: str = ""
    rests: frozenset[date] = frozenset()
    works: frozenset[date] = frozenset()
    shortened: tuple[tuple[date, int], ...] = ()
    eve: int = 0

    def rest(self, day: date) -> bool:
        """No shift on this day, whatever the pattern says."""
        return day in self.rests or (day not in self.works and day in self._of(day.year).rest)

    def works_instead(self, day: date) -> bool:
        """A day that patterns of whole weeks work, though they have it off."""
        return day in self.works or (day not in self.rests and day in self._of(day.year).worked_weekends)

    def shorter_by(self, day: date) -> int:
        """Minutes by which a shift of this day ends earlier."""
        said = self._shortened.get(day)
        if said is not None:
            return said
        if not self.eve:
            return 0
        after = day + ONE_DAY
        return self.eve if after not in self.works and after in self._of(after.year).statutory else 0

    @cached_property
    def _shortened(self) -> dict[date, int]:
        return dict(self.shortened)

    def _of(self, year: int) -> StateYear:
        return state_year(self.country, year)


@lru_cache(maxsize=1024)
def state_year(country: str, year: int) -> StateYear:
    """The production calendar of a country. An unknown or empty country has none."""
    if not country:
        return StateYear(frozenset(), frozenset(), frozenset())
    calendar = country_holidays(country, years=year, language="en_US")
    named = country_holidays(country, years=year, language="en_US", observed=False)
    # Days off that the government moves here are rest as well, but nothing of theirs is celebrated.
    statutory = (day for day, name in named.items() if "substituted" not in name)
    weekends = (day for day in days(date(year, 1, 1), date(year, 12, 31)) if calendar._is_weekend(day))
    return StateYear(
        frozenset(calendar),
        frozenset(statutory),
        frozenset(day for day in weekends if calendar.is_working_day(day)),
    )


def days(first: date, last: date) -> Iterator[date]:
    """Every date from ``first`` to ``last``, both inclusive."""
    return (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))
