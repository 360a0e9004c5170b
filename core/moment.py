"""The one clock of the portal: everything that asks «what time is it» asks here."""

from datetime import UTC, datetime

_fixed: datetime | None = None


def now() -> datetime:
    """The present moment, aware, in UTC; the fixed one when SALESOPS_NOW is set."""
    return _fixed or datetime.now(UTC)


def fix(iso: str | None) -> None:
    """Stop the clock at an ISO 8601 moment with an offset, or let it run again (None).

    Raises ValueError with a sentence when the text is not such a moment.
    """
    global _fixed
    if iso is None:
        _fixed = None
        return
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        raise ValueError(f"{iso!r} is not a moment such as 2026-11-21T16:00:00+00:00") from None
    if moment.tzinfo is None:
        raise ValueError(f"{iso!r} has no UTC offset; write 2026-11-21T16:00:00+00:00")
    _fixed = moment.astimezone(UTC)
