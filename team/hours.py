"""Hours as people write them, «09:00–13:00, 14:00–18:00», and as they are kept, ``[["09:00", "13:00"], …]``."""

import re
from collections.abc import Sequence
from datetime import time, timedelta

from team.patterns import DAY, Span, laid

Kept = list[list[str]]
HOURS = re.compile(r"(\d{1,2})[:.](\d\d)\s*[-–—]\s*(\d{1,2})[:.](\d\d)")


class NotHours(ValueError):
    """This text is not hours."""


def read(text: str) -> Kept:
    """Raises NotHours with the part that cannot be read."""
    return [_span(part.strip()) for part in re.split(r"[,;]", text) if part.strip()]


def write(kept: Sequence[Sequence[str]]) -> str:
    return ", ".join(f"{starts}–{ends}" for starts, ends in kept)


def spans(kept: Sequence[Sequence[str]]) -> tuple[Span, ...]:
    return tuple((time.fromisoformat(starts), time.fromisoformat(ends)) for starts, ends in kept)


def fit_in_a_day(kept: Kept) -> bool:
    """In their order, one after another, within 24 hours."""
    hours = laid(spans(kept))
    return not hours or hours[-1][1] - hours[0][0] <= DAY and hours[0][0] < timedelta(days=1)


def _span(part: str) -> list[str]:
    found = HOURS.fullmatch(part)
    if found is None:
        raise NotHours(part)
    hour, minute, to_hour, to_minute = map(int, found.groups())
    try:
        return [time(hour, minute).isoformat("minutes"), time(to_hour % 24, to_minute).isoformat("minutes")]
    except ValueError:
        raise NotHours(part) from None
