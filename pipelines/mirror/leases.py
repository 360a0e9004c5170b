"""A run that one worker holds at a time: its row carries a lease, and its worker vouches for it with his session.

Whoever dies is followed at once; whoever falls silent for longer than his lease has lost it.
"""

from datetime import timedelta
from typing import Any

from core import locks
from pipelines.models import Cursor, Sweep

LEASE = timedelta(minutes=5)  # the longest silence of a living worker; a dead one is recognised at once
Run = Cursor | Sweep


class LostLease(Exception):
    """Another worker has taken over: this one was silent for longer than its lease."""


def is_running(run: Run) -> bool:
    """By its lease; whoever held it may have died since."""
    return run.lease_until is not None and run.lease_until > locks.lease_now()


def claim(run: Run, name: str, **values: Any) -> bool:
    """Take a run over unless a living worker is at it, and write ``values``. `release` it in the end."""
    if is_running(run) and locks.is_session_claimed(name):
        return False
    locks.hold_session_claim(name)
    try:
        keep(run, name, **values)
    except LostLease:  # somebody else was faster
        locks.release_session_claim(name)
        return False
    run.refresh_from_db()
    return True


def keep(run: Run, name: str, **values: Any) -> None:
    """Write ``values`` and renew the lease. Raises LostLease when it is no longer ours."""
    values.setdefault("lease_until", locks.lease_until(LEASE))
    if not type(run)._default_manager.filter(pk=run.pk, lease_until=run.lease_until).update(**values):
        raise LostLease(name)
    for field, value in values.items():
        setattr(run, field, value)


def give_back(run: Run, name: str, **values: Any) -> None:
    """Write the last ``values`` and end the lease. Raises LostLease."""
    keep(run, name, lease_until=None, **values)


def fail(run: Run, name: str, error: BaseException, **values: Any) -> None:
    """Keep the reason and the place; the next run goes on from there."""
    give_back(run, name, error=str(error) or type(error).__name__, **values)


def release(name: str) -> None:
    """The worker has ended, in whatever way."""
    locks.release_session_claim(name)
