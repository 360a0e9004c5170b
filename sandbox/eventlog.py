"""The account's event log: ordered by (created_at, id), read newest first in windows of time."""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from sandbox.rows import Event

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
KEPT_ANSWERS = 32
_EMPTY = msgspec.Raw(b"[]")


def event_id(created_at: int, sequence: int, salt: int) -> str:
    """26 characters as in a ULID: milliseconds, then a running number, so that ids sort by time of writing."""
    return _base32(created_at * 1000, 10) + _base32(sequence, 8) + _base32(salt, 8)


def _base32(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 32)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def _moment(event: Event) -> int:
    return event.created_at


def _place(event: Event) -> tuple[int, str]:
    return event.created_at, event.id


class EventLog:
    def __init__(self) -> None:
        self.by_id: dict[str, Event] = {}
        self._ordered: list[Event] = []
        self._of_entity: dict[tuple[str, int], list[Event]] = {}
        self._raws: dict[bytes, msgspec.Raw] = {b"[]": _EMPTY}
        self._answers: OrderedDict[Hashable, list[Event]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ordered)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._ordered)

    def encode(self, value: Any) -> msgspec.Raw:
        """The JSON of a `value_after` / `value_before`; equal values share their bytes."""
        encoded = msgspec.json.encode(value)
        return self._raws.setdefault(encoded, msgspec.Raw(encoded))

    def fill(self, events: Iterable[Event]) -> None:
        self._ordered.extend(events)
        self._ordered.sort(key=_place)
        for event in self._ordered:
            self.by_id[event.id] = event
            self._of_entity.setdefault((event.entity_type, event.entity_id), []).append(event)
        self._answers.clear()

    def add(self, event: Event) -> None:
        self.by_id[event.id] = event
        for events in (self._ordered, self._of_entity.setdefault((event.entity_type, event.entity_id), [])):
            if not events or _place(events[-1]) <= _place(event):
                events.append(event)
            else:
                events.insert(bisect_right(events, _place(event), key=_place), event)
        self._answers.clear()

    def move(self, old: tuple[str, int], new: tuple[str, int]) -> None:
        """Give the events of one card to another (a merge)."""
        moved = self._of_entity.pop(old, [])
        for event in moved:
            event.entity_type, event.entity_id = new
        own = self._of_entity.setdefault(new, [])
        own.extend(moved)
        own.sort(key=_place)
        self._answers.clear()

    def page(
        self,
        *,
        since: float | None,
        until: float | None,
        oldest: float | None,
        entities: Sequence[tuple[str, int]] | None,
        ids: Sequence[str] | None,
        tests: Sequence[Callable[[Event], bool]],
        descending: bool,
        start: int,
        count: int,
        key: Hashable,
    ) -> list[Event]:
        """At most `count` events from position `start` of those with `since <= created_at <= until` that fit.

        `oldest` moves with the clock, so it is no part of the question named by `key` whose answer is kept.
        """
        found = self._ordered
        if entities is not None or ids is not None or tests:
            found = self._answer(since, until, entities, ids, tests, key)
        low, high = _bounds(found, since, until)
        low = max(low, _bounds(found, oldest, None)[0])
        if descending:
            stop = high - start
            return found[max(stop - count, low) : max(stop, low)][::-1]
        return found[low + start : min(low + start + count, high)]

    def _answer(
        self,
        since: float | None,
        until: float | None,
        entities: Sequence[tuple[str, int]] | None,
        ids: Sequence[str] | None,
        tests: Sequence[Callable[[Event], bool]],
        key: Hashable,
    ) -> list[Event]:
        found = self._answers.get(key)
        if found is None:
            if ids is not None:
                candidates = [self.by_id[one] for one in dict.fromkeys(ids) if one in self.by_id]
            elif entities is not None:
                own = (self._of_entity.get(entity, ()) for entity in dict.fromkeys(entities))
                candidates = [event for events in own for event in events]
            else:
                low, high = _bounds(self._ordered, since, until)
                candidates = self._ordered[low:high]
            found = [event for event in candidates if all(test(event) for test in tests)]
            found.sort(key=_place)
            self._answers[key] = found
            while len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return found


def _bounds(events: list[Event], since: float | None, until: float | None) -> tuple[int, int]:
    """Positions of the events with `since <= created_at <= until`."""
    low = 0 if since is None else bisect_left(events, since, key=_moment)
    high = len(events) if until is None else bisect_right(events, until, key=_moment)
    return low, max(low, high)
