"""A kind of rows with sorted orders and groups kept up to date on every write, so that a page never sorts them all."""

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar


class HasId(Protocol):
    id: int


R = TypeVar("R", bound=HasId)
Test = Callable[[Any], bool]
Group = Callable[[Any], Iterable[Hashable]]
KEPT_ANSWERS = 32


@dataclass
class Query:
    """What a list call asks for. `ids` and `groups` (any of the keys), when given, name the only candidates."""

    order: str = "id"
    descending: bool = False
    ids: Iterable[int] | None = None
    groups: dict[str, Sequence[Hashable]] = field(default_factory=dict)
    spans: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    """Inclusive ranges of attributes."""
    tests: list[Test] = field(default_factory=list)
    hidden_too: bool = False


class Table(Generic[R]):
    """Rows by id. `orders` are the attributes a list may be sorted by; rows not `visible` stand in none."""

    def __init__(
        self,
        orders: Sequence[str],
        groups: Mapping[str, Group] | None = None,
        visible: Callable[[R], bool] = lambda row: True,
    ) -> None:
        self.rows: dict[int, R] = {}
        self._visible = visible
        self._orders: dict[str, list[tuple[int, int]]] = {name: [] for name in orders}
        self._group_keys = groups or {}
        self._groups: dict[str, dict[Hashable, set[int]]] = {name: {} for name in self._group_keys}
        self._placed: dict[int, tuple[tuple[int, ...] | None, tuple[tuple[Hashable, ...], ...]]] = {}
        self._answers: OrderedDict[Hashable, list[int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows.values())

    def __contains__(self, row_id: int) -> bool:
        return row_id in self.rows

    def get(self, row_id: int) -> R | None:
        return self.rows.get(row_id)

    def group(self, name: str, key: Hashable) -> list[int]:
        """Ids of the rows (hidden ones too) in a group, ascending."""
        return sorted(self._groups[name].get(key, ()))

    def fill(self, rows: Iterable[R]) -> None:
        """Put many rows at once."""
        for row in rows:
            self.rows[row.id] = row
        self.rearrange()

    def rearrange(self) -> None:
        """Build the orders and groups anew (after a rule of visibility changed)."""
        self._groups = {name: {} for name in self._group_keys}
        self._placed.clear()
        shown: list[R] = []
        for row in self.rows.values():
            if self._place(row):
                shown.append(row)
        for name, order in self._orders.items():
            order[:] = sorted((getattr(row, name) or 0, row.id) for row in shown)
        self._answers.clear()

    def put(self, row: R) -> None:
        """Add a row, or take notice that it was changed."""
        self._unplace(row.id)
        self.rows[row.id] = row
        if self._place(row):
            for name, order in self._orders.items():
                insort(order, (getattr(row, name) or 0, row.id))
        self._answers.clear()

    def remove(self, row_id: int) -> None:
        self._unplace(row_id)
        self.rows.pop(row_id, None)
        self._answers.clear()

    def page(self, query: Query, start: int, count: int, key: Hashable = None) -> list[R]:
        """At most `count` rows from position `start`; `key` names the query, so that its answer is kept."""
        order = self._orders[query.order]
        if (
            query.ids is None
            and not query.groups
            and not query.tests
            and not query.hidden_too
            and not (set(query.spans) - {query.order})
        ):
            low, high = self._bounds(query.order, query.spans.get(query.order))
            if query.descending:
                stop = high - start
                ids = [order[i][1] for i in range(stop - 1, max(stop - count, low) - 1, -1)]
            else:
                ids = [pair[1] for pair in order[low + start : min(low + start + count, high)]]
        else:
            ids = self._answer(query, key)[start : start + count]
        return [self.rows[row_id] for row_id in ids]

    def _answer(self, query: Query, key: Hashable) -> list[int]:
        if key is not None and key in self._answers:
            self._answers.move_to_end(key)
            return self._answers[key]
        found = [
            (getattr(row, query.order) or 0, row.id)
            for row in self._candidates(query)
            if self._fits(row, query)
        ]
        found.sort(reverse=query.descending)
        ids = [row_id for _, row_id in found]
        if key is not None:
            self._answers[key] = ids
            while len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return ids

    def _candidates(self, query: Query) -> Iterator[R]:
        if query.ids is not None or query.groups:
            named = [] if query.ids is None else [set(query.ids)]
            for name, keys in query.groups.items():
                named.append({row_id for key in keys for row_id in self._groups[name].get(key, ())})
            for row_id in set.intersection(*named):
                row = self.rows.get(row_id)
                if row is not None and (query.hidden_too or self._visible(row)):
                    yield row
            return
        if query.hidden_too:
            yield from self.rows.values()
            return
        name = next((name for name in query.spans if name in self._orders), query.order)
        low, high = self._bounds(name, query.spans.get(name))
        for _, row_id in self._orders[name][low:high]:
            yield self.rows[row_id]

    @staticmethod
    def _fits(row: R, query: Query) -> bool:
        for name, (low, high) in query.spans.items():
            value = getattr(row, name)
            if value is None or (low is not None and value < low) or (high is not None and value > high):
                return False
        return all(test(row) for test in query.tests)

    def _bounds(self, name: str, span: tuple[float | None, float | None] | None) -> tuple[int, int]:
        order = self._orders[name]
        low, high = span or (None, None)
        first = 0 if low is None else bisect_left(order, (low, 0))
        last = len(order) if high is None else bisect_right(order, (high, float("inf")))
        return first, max(first, last)

    def _place(self, row: R) -> bool:
        shown = self._visible(row)
        values = tuple(getattr(row, name) or 0 for name in self._orders) if shown else None
        keys = tuple(tuple(keys(row)) for keys in self._group_keys.values())
        for name, row_keys in zip(self._group_keys, keys, strict=True):
            for key in row_keys:
                self._groups[name].setdefault(key, set()).add(row.id)
        self._placed[row.id] = (values, keys)
        return shown

    def _unplace(self, row_id: int) -> None:
        placed = self._placed.pop(row_id, None)
        if placed is None:
            return
        values, keys = placed
        if values is not None:
            for order, value in zip(self._orders.values(), values, strict=True):
                del order[bisect_left(order, (value, row_id))]
        for name, row_keys in zip(self._group_keys, keys, strict=True):
            for key in row_keys:
                self._groups[name][key].discard(row_id)
