"""The portal's time zone: where its days and months begin. Asked for at every use; no module keeps it."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from core import account


def portal_zone() -> ZoneInfo:
    """The account's own zone, unless an administrator chose another."""
    return ZoneInfo(account.own().zone)


def account_zone() -> ZoneInfo:
    """Where a date of amoCRM is a midnight: the account's own zone, whatever the portal goes by."""
    return ZoneInfo(account.own().dates)


def local_day(moment: datetime) -> date:
    """The day of ``moment`` by the portal's zone."""
    return moment.astimezone(portal_zone()).date()


def first_of_day(day: date) -> datetime:
    """The first moment of ``day`` by the portal's zone."""
    return datetime.combine(day, time(), portal_zone())
