"""The rows of `pipelines.mirror.reconcile`: one run at a time, goes on where it was interrupted, and what it found."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.functional import Promise

from core import locks, moment
from core.locks import Lock
from pipelines.mirror import leases
from pipelines.mirror.entities import ENTITIES
from pipelines.models import Sweep

NAME = "sweep"  # of the claim
TOO_OLD = timedelta(days=1)  # what was found so long ago is no comparison any more: begin anew
KEPT = timedelta(days=90)
KINDS = ("missing", "outdated", "vanished")


def claim_comparison(*, only_unfinished: bool = False) -> Sweep | None:
    """The unfinished run, or a new one unless ``only_unfinished``; None while a living worker is at it.

    Give it back with `release_comparison`.
    """
    with transaction.atomic():
        locks.hold(Lock.CLAIM, NAME)
        sweep = Sweep.objects.filter(finished_at=None).first()
        if sweep and moment.now() - sweep.started_at > TOO_OLD and not _is_held(sweep):
            sweep.finished_at = moment.now()
            sweep.save()
            sweep = None
        if sweep is None:
            if only_unfinished:
                return None
            Sweep.objects.filter(started_at__lt=moment.now() - KEPT).delete()
            sweep = Sweep.objects.create(started_at=moment.now())
        return sweep if leases.claim(sweep, NAME, error="") else None


def _is_held(sweep: Sweep) -> bool:
    return leases.is_running(sweep) and locks.is_session_claimed(NAME)


def keep_position(sweep: Sweep, **values: Any) -> None:
    """Write ``values`` and renew the lease. Raises LostLease when it is no longer ours."""
    leases.keep(sweep, NAME, **values)


def finish_comparison(sweep: Sweep) -> None:
    leases.give_back(sweep, NAME, finished_at=moment.now(), position=None)


def fail_comparison(sweep: Sweep, error: BaseException) -> None:
    leases.fail(sweep, NAME, error)


def release_comparison() -> None:
    """The worker has ended, in whatever way."""
    leases.release(NAME)


@dataclass(frozen=True)
class Comparison:
    """What one finished run found about one entity, in rows.

    ``missing`` were not here, ``outdated`` were different, ``vanished`` are no longer shown in amoCRM. ``doubted`` of
    them were too many at once to be believed and stand as they were.
    """

    entity: str
    label: str | Promise
    finished_at: datetime
    checked: int
    missing: int
    outdated: int
    vanished: int
    repaired: int
    doubted: int = 0

    @property
    def drift(self) -> int:
        return self.missing + self.outdated + self.vanished


def comparisons() -> dict[str, Comparison]:
    """By entity, of the last run that came to its end; empty before the first."""
    sweep = Sweep.objects.exclude(finished_at=None).filter(error="").first()
    if sweep is None or sweep.finished_at is None:
        return {}
    return {
        name: Comparison(name, ENTITIES[name].label, sweep.finished_at, **found)
        for name, found in sweep.found.items()
    }


def read_comparison() -> dict[str, Any]:
    """The comparison on the sync page: the run under way or interrupted, and what the last one found."""
    last = list(comparisons().values())
    unfinished = Sweep.objects.filter(finished_at=None).first()
    return {
        "running": unfinished if unfinished and leases.is_running(unfinished) else None,
        "interrupted": unfinished if unfinished and not leases.is_running(unfinished) else None,
        "rows": last,
        "finished_at": last[0].finished_at if last else None,
        "drift": sum(one.drift for one in last),
        "doubted": sum(one.doubted for one in last),
    }
