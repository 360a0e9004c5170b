"""The account's clock: the real one (possibly shifted) or one that stands still until somebody advances it."""

from datetime import UTC, datetime, timedelta


class Clock:
    def __init__(self, fixed: datetime | None = None) -> None:
        """An aware `fixed` moment stops the clock; without it the clock is the real one."""
        self._fixed = fixed
        self._shift = timedelta()

    def now(self) -> datetime:
        """The present moment of the account, aware, UTC."""
        if self._fixed is not None:
            return self._fixed
        return datetime.now(UTC) + self._shift

    def timestamp(self) -> int:
        return int(self.now().timestamp())

    def advance(self, by: timedelta) -> None:
        if self._fixed is not None:
            self._fixed += by
        else:
            self._shift += by

    def set(self, moment: datetime) -> None:
        self.advance(moment.astimezone(UTC) - self.now())


def epoch(moment: datetime | int | float) -> int:
    """Unix seconds of an aware moment (numbers pass through)."""
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"{moment!r} has no time zone")
        return int(moment.timestamp())
    return int(moment)
