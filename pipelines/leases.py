"""Claims that run out by themselves when the worker that made them dies.

A lease is measured by the machine's clock: it must run out even where SALESOPS_NOW has stopped the portal's.
"""

from datetime import UTC, datetime, timedelta


def present() -> datetime:
    return datetime.now(UTC)


def until(length: timedelta) -> datetime:
    return present() + length
