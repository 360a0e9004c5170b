"""The norms of a stage in their versions, and since when each of their demands has been in force."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from qc.rules.parameters import CALENDAR, CLIENT, NORM, OWNER

__all__ = ["CALENDAR", "CLIENT", "NORM", "OWNER", "Demand", "StageNorms", "Version", "Versions"]

N = TypeVar("N")  # the norm of one rule, a frozen dataclass of parameters
T = TypeVar("T")
Demand = tuple[tuple[datetime | None, timedelta], ...]  # since when each grace was in force, oldest first


class StageNorms(NamedTuple):
    """One version of a stage's regulation: the norm of every rule that it names, by the norm's class."""

    regulation: int | None = None
    published_at: datetime | None = None
    norms: Mapping[type, Any] = {}


class Version(NamedTuple, Generic[N]):
    """What one version of a stage's regulation is to one rule. ``published_at`` None: it has been so all along."""

    regulation: int | None
    published_at: datetime | None
    norm: N


class Versions(Generic[N]):
    """The versions of a stage up to the one that judges, oldest first. What it demands has been demanded by it and by
    those before it without a break.
    """

    def __init__(self, versions: Sequence[Version[N]]) -> None:
        self.versions = versions
        self.last = versions[-1]
        self._kept: dict[Any, Any] = {}

    def demand(self, grace: Callable[[N], timedelta | None]) -> Demand:
        """Since when with which graces something has been demanded; empty when it is not. None = not demanded."""
        found: list[tuple[datetime | None, timedelta]] = []
        for version in reversed(self.versions):
            if (allowed := grace(version.norm)) is None:
                break
            found.append((version.published_at, allowed))
        return tuple(reversed(found))

    def kept(self, follows: "Callable[[Versions[N]], T]") -> T:
        """What follows from the versions alone, worked out once for all deals."""
        if follows not in self._kept:
            self._kept[follows] = follows(self)
        found: T = self._kept[follows]
        return found


def outlived(versions: Sequence[Version[N]], runs_out: Callable[[N], datetime | None]) -> datetime | None:
    """Since when the last version is overrun; None = never. ``runs_out``: when the limit of a norm ends; None = it
    has none, or never.

    A version takes effect when it is published: what was longer than its norm by then opens at that moment, or earlier
    if it had outlived the versions before, too. What any of them has forgiven no later one holds against anybody.
    """
    opens_at = overrun = None
    for _regulation, published_at, norm in reversed(versions):
        if (ends := runs_out(norm)) is None:
            break
        overrun = ends if overrun is None else max(overrun, ends)  # it and all after it
        if opens_at is not None and overrun >= opens_at:
            break
        opens_at = overrun if published_at is None else max(overrun, published_at)
        if published_at is None or overrun > published_at:
            break
    return opens_at
