"""Several entities at once: amoCRM is kept busy while the last page of one is on its way or is stored.

Any number of workers may be at it together. Each takes entities that nobody reads; all keep to one budget of requests.
"""

from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from pipelines import cursors, sync
from pipelines.amo import errors
from pipelines.entities import Entity
from pipelines.models import Cursor
from pipelines.source import Source
from pipelines.sync import PATIENCE, Answers, Progress, Pulled, Reader
from salesops.lib import moment

AT_ONCE = 3
LOOK_AGAIN = 1.0  # seconds between looks at what others are reading

# nothing else will go better after one of these
HOPELESS = (errors.Blocked, errors.AuthError, errors.Unreachable, errors.PaymentRequired, errors.BadAnswer)


def loaded() -> set[str]:
    return set(Cursor.objects.exclude(as_of=None).values_list("entity", flat=True))


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
        self._theirs: set[str] = set()
        self._pool, self._began, self._looked = sync.fetchers(), moment.now(), float("-inf")
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
        self._looked, self.others, known = monotonic(), [], loaded()
        for entity in list(self._todo):
            if len(self._running) == AT_ONCE:
                break
            unfinished = {one.name for one in self._todo} | {one.run.entity.name for one in self._running}
            if set(entity.after) & unfinished or set(entity.after) - known:
                continue
            if entity.name in self._theirs and self._finished_by_others(entity):
                self._todo.remove(entity)
            elif cursor := cursors.claim(entity.name):
                self._todo.remove(entity)
                run = Pulled(entity, cursor, self._full)
                self._running.append(UnderWay(run, sync.read(self._source, run, self._pool, self._progress)))
                self._resume(self._running[-1])
            else:
                self._theirs.add(entity.name)
                self.others.append(entity)

    def _finished_by_others(self, entity: Entity) -> bool:
        return Cursor.objects.filter(
            entity=entity.name, position=None, as_of__isnull=False, finished_at__gte=self._began
        ).exists()

    def _resume(self, one: UnderWay) -> None:
        one.since = monotonic()
        try:
            one.answers = next(one.reader)
            return
        except StopIteration:
            self._ended(one.run)
        except cursors.LostLease:
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
