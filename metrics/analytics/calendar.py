"""Local months and weeks as edges on the axis of the log. Pure."""

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from metrics.analytics.columns import Ints
from metrics.analytics.terms import EPOCH, moment_number


class Cut(NamedTuple):
    """Periods that touch each other: period ``i`` is ``[edges[i], edges[i + 1])``."""

    labels: list[str]
    edges: Ints

    def number(self, moments: Ints) -> Ints:
        """In which period each moment lies; -1 and ``len(labels)`` outside of all."""
        return np.searchsorted(self.edges, moments, side="right") - 1


def cut_time(start: int, end: int, by: str, zone: ZoneInfo) -> Cut:
    """The ``month``s («2026-11») or ``week``s (by their Monday) that ``[start, end)`` touches, whole."""
    day = local_date(start, zone)
    day = day.replace(day=1) if by == "month" else day - timedelta(days=day.weekday())
    labels: list[str] = []
    edges = [midnight(day, zone)]
    while not labels or edges[-1] < end:
        labels.append(day.isoformat()[:7] if by == "month" else day.isoformat())
        day = (day + timedelta(days=32)).replace(day=1) if by == "month" else day + timedelta(days=7)
        edges.append(midnight(day, zone))
    return Cut(labels, np.array(edges, dtype=np.int64))


def clip(cut: Cut, start: int | None, end: int) -> Cut:
    """The same periods, the outer ones cut off where the time asked about begins and ends."""
    low = cut.edges[0] if start is None else max(start, int(cut.edges[0]))
    return Cut(cut.labels, np.clip(cut.edges, low, max(low, min(end, int(cut.edges[-1])))))


def local_date(moment: int, zone: ZoneInfo) -> date:
    return (EPOCH + timedelta(microseconds=moment)).astimezone(zone).date()


def local_moment(moment: int, zone: ZoneInfo) -> str:
    """In ISO form, to the second."""
    return (EPOCH + timedelta(microseconds=moment)).astimezone(zone).isoformat(timespec="seconds")


def midnight(day: date, zone: ZoneInfo) -> int:
    return moment_number(datetime(day.year, day.month, day.day, tzinfo=zone))
