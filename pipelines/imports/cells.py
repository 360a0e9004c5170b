"""One cell of an export → one value, or Rejected with the reason for a person."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from pipelines.imports.amounts import Doubt, NoAmount, Notation
from pipelines.imports.names import LOCAL
from pipelines.imports.spreadsheet import WITHOUT_RESULT

NUMBERS = re.compile(
    r"(\d\d?)([./])(\d\d?)\2(\d{4})(?:,? (\d\d?):(\d\d)(?::(\d\d))?)?"
)  # ten times as fast as strptime
ERROR = re.compile(  # of a spreadsheet, in its two languages
    r"#(?:N/A|GETTING_DATA|(?:VALUE|REF|DIV/0|NUM|NULL|SPILL|CALC|FIELD|BLOCKED|CONNECT|UNKNOWN)!|NAME\?|"
    r"Н/Д|(?:ЗНАЧ|ССЫЛКА|ДЕЛ/0|ЧИСЛО|ПУСТО|ПЕРЕНОС)!|ИМЯ\?)"
)
BROKEN = re.compile("[\0\ud800-\udfff]")
FIRST_YEAR = 1990
AHEAD = timedelta(days=1)  # a time zone that is not ours may lie in the future
OPEN = {"", "не закрыта", "not closed", "-", "—"}


class Rejected(Exception):
    """The row is not imported; the text is the reason."""


def sound(cell: str, column: str | Promise) -> str:
    """The cell, if it is a value at all."""
    if BROKEN.search(cell):
        raise Rejected(
            _("“%(column)s” holds signs that are no text: the file is damaged there") % {"column": column}
        )
    if cell == WITHOUT_RESULT:
        raise Rejected(
            _(
                "“%(column)s” is a formula whose result the file does not hold: open it in a spreadsheet and save it"
            )
            % {"column": column}
        )
    if ERROR.fullmatch(cell):
        raise Rejected(_("“%(column)s” holds the error %(cell)s") % {"column": column, "cell": cell[:40]})
    return cell


def identity(cell: str) -> int:
    if not cell:
        raise Rejected(_("there is no ID"))
    number = re.fullmatch(r"(\d{1,15})(\.0+)?", cell.replace("\xa0", "").replace(" ", ""))
    if number is None or not 0 < int(number[1]) < LOCAL:
        raise Rejected(_("“%(cell)s” is not an ID") % {"cell": cell[:40]})
    return int(number[1])


def amount(cell: str, notation: Notation) -> Decimal | Doubt | None:
    """None where the cell is empty: then it is not known."""
    try:
        return notation.read(cell)
    except NoAmount:
        raise Rejected(_("“%(cell)s” is not an amount") % {"cell": cell[:40]}) from None


def ambiguous(cell: str, doubt: Doubt) -> str:
    values = {"cell": cell[:40], "whole": int(doubt.whole), "part": f"{doubt.part:f}"}
    return (
        _(
            "the amount “%(cell)s” may be %(whole)s or %(part)s, and no other cell of its column tells which: write it "
            "without a sign between thousands"
        )
        % values
    )


class Order(Enum):
    """Which number of a date comes first, as far as the dates of a file prove it."""

    UNKNOWN = "unknown"
    DAY = "day"
    MONTH = "month"


def order_of(cells: Iterable[str]) -> Order:
    """A first number over twelve is a day, a second one too."""
    found = [match for cell in cells if (match := NUMBERS.fullmatch(cell.strip()))]
    days = any(int(one[1]) > 12 for one in found)
    months = any(int(one[3]) > 12 for one in found)
    return Order.UNKNOWN if days == months else Order.DAY if days else Order.MONTH


def moment_of(cell: str, zone: tzinfo, now: datetime, order: Order = Order.UNKNOWN) -> datetime:
    """A local time of the account, as amoCRM writes it (day, month, year with points) or as a spreadsheet does; UTC."""
    try:
        found = written(cell, order)
    except ValueError:
        found = None
    if found is None or found.year < FIRST_YEAR:
        raise Rejected(_("“%(cell)s” is not a date") % {"cell": cell[:40]})
    at = found.replace(tzinfo=zone).astimezone(UTC)
    if at > now + AHEAD:
        raise Rejected(_("the date %(cell)s is in the future") % {"cell": cell})
    return at


def written(cell: str, order: Order) -> datetime:
    """Raises ValueError for what is no date, Rejected for one that may be two."""
    numbers = NUMBERS.fullmatch(cell)
    if numbers is None:
        return datetime.fromisoformat(cell)
    first, sign, second, *rest = numbers.groups()
    if sign == "/" and order is Order.UNKNOWN:
        raise Rejected(_("the date “%(cell)s” may begin with the day or with the month") % {"cell": cell})
    day, month = (int(second), int(first)) if order is Order.MONTH else (int(first), int(second))
    year, hour, minute, seconds = (int(part or 0) for part in rest)
    return datetime(year, month, day, hour, minute, seconds)


def closing(
    cell: str, created_at: datetime, zone: tzinfo, now: datetime, order: Order = Order.UNKNOWN
) -> datetime | None:
    """None while open. amoCRM cuts the seconds off here, so a deal closed at once looks closed before it began."""
    if cell.casefold() in OPEN:
        return None
    at = moment_of(cell, zone, now, order)
    if at <= created_at - timedelta(minutes=1):
        raise Rejected(_("it is closed before it was created"))
    return max(at, created_at)


def tags(cell: str) -> list[str]:
    return [tag.strip() for tag in cell.split(",") if tag.strip()]
