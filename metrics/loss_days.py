"""The day unlike others, the hour in which most of it was lost, and what may be lost by mistake. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from statistics import median
from typing import NamedTuple

import numpy as np

from metrics.analytics.columns import Flags
from metrics.loss_columns import MICROSECOND, Losses, count_microseconds, group_by, moment_of

UNLIKE_TIMES, UNLIKE_LEAST, UNLIKE_SPREADS = 3, 15, 6.0
BURST = timedelta(minutes=60)
MASS, CAME_BACK = "mass", "came back"


def by_day(losses: Losses, days: Sequence[date], zone: tzinfo) -> dict[date, Losses]:
    """``days``: one after another, with all losses in them; those without losses stand there, too."""
    midnights = [count_microseconds(datetime.combine(day, time(), zone)) for day in days[1:]]
    bounds = [0, *np.searchsorted(losses.at, midnights).tolist(), len(losses)]
    return {day: losses[first:end] for day, first, end in zip(days, bounds, bounds[1:], strict=False)}


def find_unlike(counts: Mapping[date, int]) -> list[date]:
    """Days whose count is far from the others': at least 15, three times the usual day's, and six times as far from it
    as days usually are (the median's own distance); the most unlike first. ``counts`` has every day, zeros too.

    Counted is the busiest hour of a day, not the day: a flood of leads makes long days, but only one who clears his
    table closes a dozen deals in an hour."""
    if not counts:
        return []
    usual = median(counts.values())
    spread = median(abs(count - usual) for count in counts.values()) or 1.0
    found = [
        day
        for day, count in counts.items()
        if count >= UNLIKE_LEAST
        and count >= UNLIKE_TIMES * usual
        and count - usual >= UNLIKE_SPREADS * spread
    ]
    return sorted(found, key=lambda day: (-counts[day], day))


class Burst(NamedTuple):
    """The hour in which most of a day's losses came: ``losses`` of ``[since, until]``."""

    since: datetime
    until: datetime
    losses: Losses

    @property
    def minutes(self) -> int:
        return max(1, round((self.until - self.since) / timedelta(minutes=1)))

    @property
    def people(self) -> dict[int | None, int]:
        counts = {person: heap.deals for person, heap in group_by(self.losses, "manager").items()}
        return dict(sorted(counts.items(), key=lambda item: (-item[1], str(item[0]))))


def find_burst(losses: Losses, length: timedelta = BURST) -> Burst | None:
    """The span of at most ``length`` with the most losses; of equals the first."""
    if not len(losses):
        return None
    firsts = np.searchsorted(losses.at, losses.at - length // MICROSECOND)
    last = int(np.argmax(np.arange(len(losses)) - firsts))
    chosen = losses[int(firsts[last]) : last + 1]
    return Burst(moment_of(int(chosen.at[0])), moment_of(int(chosen.at[-1])), chosen)


def in_bursts(losses: Losses, bursts: Iterable[Burst]) -> Flags:
    """Which are of bursts that were found among these losses, or among those that these were cut out of.

    Their moments tell: whatever was lost between the two ends of a burst is of it, or it would not have been the most.
    """
    found = np.zeros(len(losses), dtype=bool)
    for burst in bursts:
        since, until = burst.losses.at[0], burst.losses.at[-1]
        found[np.searchsorted(losses.at, since) : np.searchsorted(losses.at, until, side="right")] = True
    return found


def find_mistakes(losses: Losses, bursts: Iterable[Burst]) -> dict[str, Losses]:
    """Those that may have been lost by mistake, by the reason to think so: the client called or wrote afterwards, or it
    was closed in a burst. One reason each, the one that speaks most for a mistake first.

    ``bursts`` as in `in_bursts`."""
    return {
        CAME_BACK: losses[losses.came_back],
        MASS: losses[in_bursts(losses, bursts) & ~losses.came_back],
    }
