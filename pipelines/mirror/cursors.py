"""How far each entity is mirrored: claimed by one worker at a time, moved only after what it stands for is stored."""

from datetime import datetime
from typing import Any

from core import moment
from pipelines.amo.errors import Forbidden
from pipelines.mirror import leases
from pipelines.models import Cursor


def claim_cursor(entity: str) -> Cursor | None:
    """The cursor with a fresh lease, or None while another, living worker holds it. `release_cursor` it in the end."""
    cursor, _ = Cursor.objects.get_or_create(entity=entity)
    return cursor if leases.claim(cursor, entity) else None


def release_cursor(cursor: Cursor) -> None:
    """The worker has ended, in whatever way."""
    leases.release(cursor.entity)


def save_cursor(cursor: Cursor, **values: Any) -> None:
    """Write ``values`` and renew the lease. Raises LostLease when it is no longer ours."""
    leases.keep(cursor, cursor.entity, **values)


def begin_load(cursor: Cursor, *, full: bool) -> bool:
    """Prepare a run; True when everything is to be read, from the start or from where an unfinished load stopped."""
    loading = cursor.state if cursor.state == Cursor.State.DENIED else Cursor.State.LOADING
    if cursor.position is not None:
        save_cursor(cursor, state=loading, error="")
        return True
    full = full or cursor.as_of is None
    counts: dict[str, Any] = {"rows": 0, "pages": 0, "expected_rows": cursor.rows or None} if full else {}
    state = loading if full else cursor.state
    save_cursor(
        cursor, state=state, started_at=moment.now(), error="", position={} if full else None, **counts
    )
    return full


def finish_load(cursor: Cursor, as_of: datetime) -> None:
    """Everything amoCRM knew at ``as_of`` is here; the lease is given back."""
    leases.give_back(
        cursor,
        cursor.entity,
        state=Cursor.State.READY,
        position=None,
        as_of=as_of,
        finished_at=moment.now(),
        expected_rows=cursor.rows,
        error="",
    )


def fail_load(cursor: Cursor, error: BaseException) -> None:
    """Keep the reason and the place; the next run goes on from there."""
    state = Cursor.State.DENIED if isinstance(error, Forbidden) else Cursor.State.FAILED
    leases.fail(cursor, cursor.entity, error, state=state)
