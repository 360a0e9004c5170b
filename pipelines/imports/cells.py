"""One cell of an export → one value, or Rejected with the reason for a person."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from pipelines.imports.names import LOCAL

RUSSIAN = re.compile(
    r"(\d\d?)\.(\d\d?)\.(\d{4})(?: (\d\d?):(\d\d)(?::(\d\d))?)?"
)  # ten times as fast as strptime
FIRST_YEAR = 1990
AHEAD = timedelta(days=1)  # a time zone that is not ours may lie in the future
OPEN = {"", "не закрыта", "not closed", "-", "—"}
CENT, DIGITS = Decimal("0.01"), 13


class Rejected(Exception):
    """The row is not imported; the text is the reason."""


def identity(cell: str) -> int:
    if not cell:
        raise Rejected(_("there is no ID"))
    number = re.fullmatch(r"(\d{1,15})(\.0+)?", cell.replace("\xa0", "").replace(" ", ""))
    if number is None or not 0 < int(number[1]) < LOCAL:
        raise Rejected(_("“%(cell)s” is not an ID") % {"cell": cell[:40]})
    return int(number[1])


def amount(cell: str) -> Decimal:
    """«350 000», «1 234,50 ₽», «350000.00»; an empty cell is 0, as amoCRM has it."""
    digits = re.sub(r"[\s₽$€₸]|руб\.?|rub", "", cell, flags=re.IGNORECASE)
    if not digits:
        return Decimal(0)
    if not re.fullmatch(rf"\d{{1,{DIGITS}}}([.,]\d+)?", digits):
        raise Rejected(_("“%(cell)s” is not an amount") % {"cell": cell[:40]})
    return Decimal(digits.replace(",", ".")).quantize(CENT, ROUND_HALF_UP)


def moment_of(cell: str, zone: tzinfo, now: datetime) -> datetime:
    """A local time of the account, as amoCRM writes it or as a spreadsheet does; UTC."""
    try:
        found = written(cell)
    except ValueError:
        found = None
    if found is None or found.year < FIRST_YEAR:
        raise Rejected(_("“%(cell)s” is not a date") % {"cell": cell[:40]})
    at = found.replace(tzinfo=zone).astimezone(UTC)
    if at > now + AHEAD:
        raise Rejected(_("the date %(cell)s is in the future") % {"cell": cell})
    return at


def written(cell: str) -> datetime:
    """Raises ValueError for what is no date."""
    russian = RUSSIAN.fullmatch(cell)
    if russian is None:
        return datetime.fromisoformat(cell)
    day, month, year, hour, minute, second = (int(part or 0) for part in russian.groups())
    return datetime(year, month, day, hour, minute, second)


def closing(cell: str, created_at: datetime, zone: tzinfo, now: datetime) -> datetime | None:
    """None while open. amoCRM cuts the seconds off here, so a deal closed at once looks closed before it began."""
    if cell.casefold() in OPEN:
        return None
    at = moment_of(cell, zone, now)
    if at <= created_at - timedelta(minutes=1):
        raise Rejected(_("it is closed before it was created"))
    return max(at, created_at)


def tags(cell: str) -> list[str]:
    return [tag.strip() for tag in cell.split(",") if tag.strip()]
