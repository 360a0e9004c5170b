"""What a report is asked: which part of the company, which time, and by what moment it is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from core.periods import Period

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's, so that its moments are read as they are stored
SECOND = 1_000_000
DAY = 86_400 * SECOND


class BadQuestion(ValueError):
    """What a report is asked makes no sense; the text is a sentence for the reader."""


@dataclass(frozen=True)
class Terms:
    """``people``: only what is theirs (None = everybody's); ``pipeline``: only this one (None = all that sell).

    ``period`` None: all time until ``now``. ``zone`` cuts weeks and months. ``options``: what the report alone knows.
    """

    now: datetime
    zone: ZoneInfo
    period: Period | None = None
    people: frozenset[int] | None = None
    pipeline: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def start(self) -> int | None:
        return None if self.period is None else moment_number(self.period.start)

    @property
    def end(self) -> int:
        """Where the time asked about ends: now, or earlier. Half-open but for now itself, which is included."""
        known = moment_number(self.now) + 1
        return known if self.period is None else min(moment_number(self.period.end), known)

    @property
    def at(self) -> int:
        return moment_number(self.now)


def moment_number(moment: datetime) -> int:
    """Microseconds since `EPOCH`."""
    length = moment - EPOCH
    return (length.days * 86_400 + length.seconds) * SECOND + length.microseconds


def read_days(text: str, most: int = 3650) -> list[int]:
    """«7,14,30» as numbers of days, at most twelve. Raises BadQuestion."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not 1 <= len(parts) <= 12 or not all(
        part.isdecimal() and 1 <= int(part[:9]) <= most for part in parts
    ):
        raise BadQuestion(
            _("days: “%(value)s” must be one to twelve whole numbers from 1 to %(most)s, such as 7,14,30.")
            % {"value": text[:60], "most": most}
        )
    return [int(part) for part in parts]


def no_stage(option: str, value: str) -> BadQuestion:
    says = _("%(option)s: there is no stage “%(value)s” in what is asked about.")
    return BadQuestion(says % {"option": option, "value": value[:60]})


def no_choice(option: str, value: str, choices: Sequence[str]) -> BadQuestion:
    says = _("%(option)s: “%(value)s” must be one of %(choices)s.")
    return BadQuestion(says % {"option": option, "value": value[:60], "choices": ", ".join(choices)})
