"""Losses one by one: what the columns of `metrics.loss_columns` must tell, in the slow words of its definition."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from metrics.loss_columns import WORDS, Losses, count_microseconds, from_columns, moment_of

NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)
PRICES = st.one_of(
    st.integers(0, 300), st.sampled_from([0, 10**18 * 100 - 1, 10**20 - 1, 10**19, -5, -(10**20) + 1])
)


class Loss(NamedTuple):
    deal: int
    at: datetime
    manager: int | None
    stage: str | None
    pipeline: int | None
    reason: int | None
    source: str | None
    price: Decimal
    came_back: bool = False


def loss(deal: int, minutes: float, manager: int | None = 1, price: int = 10) -> Loss:
    return Loss(deal, NOON + timedelta(minutes=minutes), manager, "1:2", 1, None, None, Decimal(price))


@st.composite
def rows(draw: st.DrawFn, around: datetime = NOON, minutes: int = 300, most: int = 40) -> list[Loss]:
    """Close together, with ties of moments, prices and numbers; prices as large as the column holds."""
    one = st.builds(
        Loss,
        st.just(0),
        st.builds(
            lambda quarters, micro: around + timedelta(seconds=15 * quarters, microseconds=micro),
            st.integers(0, 4 * minutes) | st.integers(0, minutes // 30).map(lambda half: 120 * half),
            st.sampled_from([0, 0, 0, 1]),
        ),
        st.sampled_from([None, 1, 2, 10]),
        st.sampled_from([None, "1:2", "1:10"]),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([None, 7, 8]),
        st.sampled_from([None, "", "сайт", "Сайт"]),
        PRICES.map(lambda kopecks: Decimal(kopecks).scaleb(-2)),
        st.booleans(),
    )
    found = draw(st.lists(one, max_size=most))
    deals = draw(st.permutations(range(1, len(found) + 1)))
    return [row._replace(deal=deal) for row, deal in zip(found, deals, strict=True)]


def from_rows(rows: Sequence[Loss]) -> Losses:
    kopecks = [int(row.price * 100) for row in rows]
    columns: dict[str, list[Any]] = {
        name: [getattr(row, name) for row in rows] for name in ("deal", "came_back", *WORDS)
    }
    columns["at"] = [count_microseconds(row.at) for row in rows]
    columns["roubles"], columns["kopecks"] = [one // 100 for one in kopecks], [one % 100 for one in kopecks]
    return from_columns(columns)


def read_rows(losses: Losses) -> list[Loss]:
    """The rows that these columns hold."""
    words = [[losses.words[name][place] for place in losses.places[name].tolist()] for name in WORDS]
    moments = [moment_of(one) for one in losses.at.tolist()]
    prices = [
        Decimal(100 * roubles + kopecks).scaleb(-2)
        for roubles, kopecks in zip(losses.roubles.tolist(), losses.kopecks.tolist(), strict=True)
    ]
    columns = (losses.deal.tolist(), moments, *words, prices, losses.came_back.tolist())
    return [Loss(*row) for row in zip(*columns, strict=True)]


def in_order(rows: Iterable[Loss]) -> list[Loss]:
    return sorted(rows, key=lambda row: (row.at, row.deal))


def by_day(rows: Iterable[Loss], days: Iterable[date], zone: ZoneInfo) -> dict[date, list[Loss]]:
    found: dict[date, list[Loss]] = {day: [] for day in days}
    for row in in_order(rows):
        found[row.at.astimezone(zone).date()].append(row)
    return found


def group_by(rows: Iterable[Loss], column: str) -> list[tuple[Any, int, Decimal]]:
    """A word with its deals and money, the most deals first, of equal ones the most money, then by name."""
    found: dict[Any, list[Decimal]] = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row.price)
    groups = [(word, len(prices), sum(prices, Decimal(0))) for word, prices in found.items()]
    return sorted(groups, key=lambda group: (-group[1], -group[2], str(group[0])))


def find_burst(rows: Iterable[Loss], length: timedelta) -> list[Loss]:
    ordered = in_order(rows)
    best, first = (0, 0), 0
    for last, row in enumerate(ordered):
        while row.at - ordered[first].at > length:
            first += 1
        if last + 1 - first > best[1] - best[0]:
            best = first, last + 1
    return ordered[best[0] : best[1]]


def list_dearest(rows: Iterable[Loss], most: int) -> list[int]:
    return [row.deal for row in sorted(rows, key=lambda row: (-row.price, -row.deal))[:most]]


def find_mistakes(rows: Iterable[Loss], bursts: Sequence[Sequence[Loss]]) -> tuple[list[Loss], list[Loss]]:
    """Those whose client came back, and those of a burst."""
    in_burst = {row.deal for burst in bursts for row in burst}
    ordered = in_order(rows)
    back = [row for row in ordered if row.came_back]
    return back, [row for row in ordered if not row.came_back and row.deal in in_burst]
