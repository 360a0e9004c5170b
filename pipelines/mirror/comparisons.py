"""The rows of `pipelines.mirror.reconcile`: one run at a time, goes on where it was interrupted, and what it found."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.functional import Promise

from core import locks, moment
from pipelines.mirror.cursors import LostLease
from pipelines.mirror.entities import ENTITIES
from pipelines.models import Sweep

NAME = "sweep"  # of the claim
CLAIM_LOCK = 0x5A1E5003
LEASE = timedelta(minutes=5)
TOO_OLD = timedelta(days=1)  # what was found so long ago is no comparison any more: begin anew
KEPT = timedelta(days=90)
KINDS = ("missing", "outdated", "vanished")


def claim(*, only_unfinished: bool = False) -> Sweep | None:
    """The unfinished run, or a new one unless ``only_unfinished``; None while a living worker is at it.

    Give it back with `release`.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
        sweep = Sweep.objects.filter(finished_at=None).first()
        if sweep and sweep.lease_until and sweep.lease_until > locks.present() and locks.vouched(NAME):
            return None
        if sweep and moment.now() - sweep.started_at > TOO_OLD:
            sweep.finished_at = moment.now()
            sweep.save()
            sweep = None
        if sweep is None:
            if only_unfinished:
                return None
            sweep = Sweep(started_at=moment.now())
            Sweep.objects.filter(started_at__lt=moment.now() - KEPT).delete()
        locks.vouch(NAME)
        sweep.lease_until, sweep.error = locks.until(LEASE), ""
        sweep.save()
    return sweep


def keep(sweep: Sweep, **values: Any) -> None:
    """Write ``values`` and renew the lease. Raises LostLease when it is no longer ours."""
    values = {"lease_until": locks.until(LEASE)} | values
    if not Sweep.objects.filter(pk=sweep.pk, lease_until=sweep.lease_until).update(**values):
        raise LostLease(NAME)
    for name, value in values.items():
        setattr(sweep, name, value)


def finish(sweep: Sweep) -> None:
    keep(sweep, finished_at=moment.now(), position=None, lease_until=None)


def fail(sweep: Sweep, error: BaseException) -> None:
    """Keep the reason and the place."""
    keep(sweep, error=str(error) or type(error).__name__, lease_until=None)


def release() -> None:
    """The worker has ended, in whatever way."""
    locks.retract(NAME)


def is_running(sweep: Sweep) -> bool:
    return sweep.lease_until is not None and sweep.lease_until > locks.present()


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


def read() -> dict[str, Any]:
    """The comparison on the sync page: the run under way or interrupted, and what the last one found."""
    last = list(comparisons().values())
    unfinished = Sweep.objects.filter(finished_at=None).first()
    return {
        "running": unfinished if unfinished and is_running(unfinished) else None,
        "interrupted": unfinished if unfinished and not is_running(unfinished) else None,
        "rows": last,
        "finished_at": last[0].finished_at if last else None,
        "drift": sum(one.drift for one in last),
        "doubted": sum(one.doubted for one in last),
    }
