"""Several entities at once: amoCRM is kept busy while the last page of one is on its way or is stored.

Any number of workers may be at it together. Each takes entities that nobody reads; all keep to one budget of requests.
"""

from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from pipelines.account.source import Source
from pipelines.amo import errors
from pipelines.mirror import cursors, leases, sync
from pipelines.mirror.entities import Entity
from pipelines.mirror.sync import PATIENCE, Answers, Progress, Pulled, Reader
from pipelines.models import Cursor

AT_ONCE = 3
LOOK_AGAIN = 1.0  # seconds between looks at what others are reading

# nothing else will go better after one of these
HOPELESS = (errors.Blocked, errors.AuthError, errors.Unreachable, errors.PaymentRequired, errors.BadAnswer)


def finished() -> dict[str, tuple[datetime, datetime | None]]:
    """When each entity that has been loaded was read last: the moment of its data, and when that run ended."""
    known = Cursor.objects.exclude(as_of=None).values_list("entity", "as_of", "finished_at")
    return {entity: (as_of, ended) for entity, as_of, ended in known if as_of}


def denied() -> set[str]:
    """Entities that amoCRM does not show to this token; they are asked for again now and then."""
    return set(Cursor.objects.filter(state=Cursor.State.DENIED).values_list("entity", flat=True))


@dataclass(eq=False)
class UnderWay:
    """An entity that is being read: what it waits for, and since when."""

    run: Pulled
    reader: Reader
    answers: Answers = ()
    since: float = 0.0


class Round:
    """Use it as a context: whatever ends it, all leases are given back.

    ``progress`` is called after every page, ``ended`` after every entity; ``others`` is what other workers were reading
    at the last look.
    """

    def __init__(
        self,
        source: Source,
        entities: Iterable[Entity],
        *,
        full: bool,
        progress: Progress,
        ended: Progress,
    ) -> None:
        self._source, self._full, self._progress, self._ended = source, full, progress, ended
        self._todo = list(entities)
        self._before = finished()
        self._pool, self._looked = sync.fetchers(), float("-inf")
        self._running: list[UnderWay] = []
        self.others: list[Entity] = []
        self.failures: list[tuple[Entity, errors.AmoError]] = []

    def __enter__(self) -> "Round":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error:
            self._abandon(error)
        self._pool.shutdown(cancel_futures=True)

    def advance(self) -> bool:
        """Begin what can begin, wait for the next answers, store them; False when nothing is left that we may read."""
        if not self._running or (len(self._running) < AT_ONCE and monotonic() > self._looked + LOOK_AGAIN):
            self._begin()
        if not self._running:
            return False
        wait({answer for one in self._running for answer in one.answers}, PATIENCE, FIRST_COMPLETED)
        for one in list(self._running):
            ready = any(answer.done() for answer in one.answers) or monotonic() > one.since + PATIENCE
            if ready and one in self._running:  # a failure of another may have ended it
                self._resume(one)
        return True

    def _begin(self) -> None:
        self._looked, self.others, known = monotonic(), [], finished()
        for entity in list(self._todo):
            if len(self._running) == AT_ONCE:
                break
            unfinished = {one.name for one in self._todo} | {one.run.entity.name for one in self._running}
            unread = set(entity.after) - set(known)
            if set(entity.after) & unfinished or (unread and unread - denied()):
                continue
            if known.get(entity.name) != self._before.get(entity.name):
                self._todo.remove(entity)  # another worker has read it meanwhile
            elif cursor := cursors.claim_cursor(entity.name):
                self._todo.remove(entity)
                run = Pulled(entity, cursor, self._full)
                self._running.append(
                    UnderWay(run, sync.read_pages(self._source, run, self._pool, self._progress))
                )
                self._resume(self._running[-1])
            else:
                self.others.append(entity)

    def _resume(self, one: UnderWay) -> None:
        one.since = monotonic()
        try:
            one.answers = next(one.reader)
            return
        except StopIteration:
            self._ended(one.run)
        except leases.LostLease:
            self._todo.append(one.run.entity)  # another worker has it
        except errors.AmoError as error:
            self.failures.append((one.run.entity, error))
            if isinstance(error, HOPELESS):
                self._todo.clear()
                self._running.remove(one)
                self._abandon(error)
                return
        self._running.remove(one)
        self._looked = float("-inf")  # others may wait for it

    def _abandon(self, error: BaseException) -> None:
        """End what is under way for the reason that ends the round."""
        for one in self._running:
            with suppress(BaseException):
                one.reader.throw(error)
        self._running.clear()
