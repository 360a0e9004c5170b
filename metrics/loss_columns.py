"""Lost deals in columns of numbers: as they are counted, and as bytes to keep. Pure."""

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from msgspec import Struct, msgpack

from metrics.analytics.columns import Flags, Ints

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
WIDTHS = {"deal": "<i8", "at": "<i8", "roubles": "<i8", "kopecks": "<i1", "came_back": "?"}
WORDS = ("manager", "stage", "pipeline", "reason", "source")
HALF = 32  # bits that sums in roubles are halved at: a dozen of the largest prices would not fit

Word = int | str | None


@dataclass(frozen=True)
class Losses:
    """By moment, those of one moment by deal; whatever is cut out of them stays so.

    ``at``: microseconds since 1970; a price is ``roubles`` and ``kopecks`` (0 to 99), which hold it whatever its size;
    ``came_back``: the client called or wrote after it was closed. Of `WORDS`, ``places`` has for each loss the place
    of its word in ``words``.
    """

    deal: Ints
    at: Ints
    roubles: Ints
    kopecks: Ints
    came_back: Flags
    places: Mapping[str, Ints]
    words: Mapping[str, list[Word]]

    def __len__(self) -> int:
        return len(self.deal)

    def __getitem__(self, which: slice | Flags | Ints) -> "Losses":
        columns = {name: getattr(self, name)[which] for name in WIDTHS}
        return Losses(
            **columns, places={name: own[which] for name, own in self.places.items()}, words=self.words
        )

    def having(self, column: str, asked: Callable[[Any], bool]) -> Flags:
        """Which have a word of that column that ``asked`` says yes to; each word is asked about once."""
        answers = np.array([asked(word) for word in self.words[column]], dtype=bool)
        return answers[self.places[column]]

    @property
    def money(self) -> Decimal:
        return self.sum_money(np.zeros(len(self), dtype=np.int64), 1)[0]

    def sum_money(self, groups: Ints, count: int) -> list[Decimal]:
        """Of each of so many groups, exact; ``groups``: the number of each loss's own."""
        sums = np.zeros((3, count), dtype=np.int64)
        parts = (self.roubles >> HALF, self.roubles & ((1 << HALF) - 1), self.kopecks)
        for total, part in zip(sums, parts, strict=True):
            np.add.at(total, groups, part)
        return [
            Decimal(((high << HALF) + low) * 100 + kopecks).scaleb(-2)
            for high, low, kopecks in sums.T.tolist()
        ]


@dataclass
class Heap:
    deals: int = 0
    money: Decimal = Decimal(0)


def group_by(losses: Losses, column: str) -> dict[Any, Heap]:
    """By one of `WORDS`, the most deals first."""
    words, places = losses.words[column], losses.places[column]
    counts, money = np.bincount(places, minlength=len(words)).tolist(), losses.sum_money(places, len(words))
    found = [(word, Heap(*heap)) for word, *heap in zip(words, counts, money, strict=True) if heap[0]]
    return dict(sorted(found, key=lambda item: (-item[1].deals, -item[1].money, str(item[0]))))


def list_dearest(losses: Losses, most: int) -> list[int]:
    """So many deals, the dearest first; of equal ones that with the larger id."""
    if len(losses) > most:
        losses = losses[losses.roubles >= np.partition(losses.roubles, -most)[-most]]
    order = np.lexsort((losses.deal, losses.kopecks, losses.roubles))[::-1]
    found: list[int] = losses.deal[order[:most]].tolist()
    return found


def from_columns(columns: Mapping[str, Sequence[Any]]) -> Losses:
    """Of lists by the names of `WIDTHS` and `WORDS`, in any order."""
    words: dict[str, dict[Word, int]] = {name: {} for name in WORDS}
    places = {}
    for name, own in words.items():
        numbers = [own.setdefault(word, len(own)) for word in columns[name]]
        places[name] = np.array(numbers, dtype=_width(own))
    every: dict[str, Any] = {name: np.array(columns[name], dtype=width) for name, width in WIDTHS.items()}
    losses = Losses(**every, places=places, words={name: list(own) for name, own in words.items()})
    return losses[np.lexsort((losses.deal, losses.at))]


def count_microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def moment_of(microseconds: int) -> datetime:
    return EPOCH + microseconds * MICROSECOND


class _Packed(Struct, array_like=True):
    as_of: datetime
    columns: dict[str, memoryview]
    places: dict[str, memoryview]
    words: Mapping[str, list[Word]]


def pack(as_of: datetime, losses: Losses) -> bytes:
    """What `unpack` reads again."""
    columns = {name: getattr(losses, name).data.cast("B") for name in WIDTHS}
    places = {name: own.data.cast("B") for name, own in losses.places.items()}
    return msgpack.encode(_Packed(as_of, columns, places, losses.words))


def unpack(kept: bytes) -> tuple[datetime, Losses]:
    """The columns look into ``kept``; nothing is copied."""
    packed = msgpack.decode(kept, type=_Packed)
    columns: dict[str, Any] = {
        name: np.frombuffer(own, dtype=WIDTHS[name]) for name, own in packed.columns.items()
    }
    places = {
        name: np.frombuffer(own, dtype=_width(packed.words[name])) for name, own in packed.places.items()
    }
    return packed.as_of, Losses(**columns, places=places, words=packed.words)


def _width(words: Sized) -> np.dtype[Any]:
    """Of the places in so many words."""
    return np.min_scalar_type(max(0, len(words) - 1)).newbyteorder("<")
