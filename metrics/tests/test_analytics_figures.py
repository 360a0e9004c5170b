"""Figures of reports without a company: plain loops with exact fractions beside what numpy counts."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.analytics import BadQuestion, boosting
from metrics.analytics.calendar import Cut, clip, cut_time
from metrics.analytics.curves import find_incidence, median_survival, wilson
from metrics.analytics.flow import find_flow
from metrics.analytics.log import ELSEWHERE, FAR, LOST, STANDS, WON, WORK, Log, StageRow
from metrics.analytics.moves import Prices, list_moves
from metrics.analytics.saturation import is_full
from metrics.analytics.terms import DAY, moment_number, read_days

ZONE = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize("text", ["", "0", "7,", "x", "1,2,3,4,5,6,7,8,9,10,11,12,13", "99999"])
def test_days_are_whole_and_few(text: str) -> None:
    if text == "7,":
        assert read_days(text) == [7]
    else:
        with pytest.raises(BadQuestion):
            read_days(text)


def test_wilson_and_kaplan_meier_by_the_worked_numbers() -> None:
    assert wilson(6, 20) == (0.3, pytest.approx(0.145, abs=5e-4), pytest.approx(0.519, abs=5e-4))
    assert wilson(0, 0) == (None, None, None)
    lengths, won = np.array([3, 5, 6, 9, 12]), np.array([True, False, False, True, False])
    curve = find_incidence(lengths, won, np.array([False, True, False, False, False]))
    assert curve.at(3)[0] == pytest.approx(0.2) and curve.at(9)[0] == pytest.approx(0.5)
    assert curve.at(2) == (0.0, 0.0, 1.0)
    assert median_survival(np.array([1, 2, 3, 4]), np.array([True, True, False, False])) == 2
    assert median_survival(np.array([1, 2, 3]), np.array([True, False, False])) is None


LIVES = st.lists(st.tuples(st.integers(0, 12), st.sampled_from([WORK, WON, LOST])), min_size=1, max_size=30)


@settings(max_examples=80, deadline=None)
@given(LIVES)
def test_the_curve_equals_plain_fractions(lives: list[tuple[int, int]]) -> None:
    lengths, kinds = (np.array(column) for column in zip(*lives, strict=True))
    curve = find_incidence(lengths, kinds == WON, kinds == LOST)
    left, won, lost = Fraction(1), Fraction(0), Fraction(0)
    for at in sorted(set(lengths.tolist())):
        n = sum(length >= at for length, _ in lives)
        wins = sum((length, kind) == (at, WON) for length, kind in lives)
        losses = sum((length, kind) == (at, LOST) for length, kind in lives)
        won, lost = won + left * wins / n, lost + left * losses / n
        left *= 1 - Fraction(wins + losses, n)
        assert curve.at(at) == (pytest.approx(won), pytest.approx(lost), pytest.approx(left))
        assert sum(curve.at(at)) == pytest.approx(1)


STAGES = [
    StageRow(f"1:{place}", "", 1, place, kind) for place, kind in enumerate([WORK, WORK, WORK, WON, LOST])
]
ROADS = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40), st.booleans()), min_size=1, max_size=6),
    min_size=1,
    max_size=8,
)


@settings(max_examples=120, deadline=None)
@given(ROADS, st.lists(st.tuples(st.integers(0, 7), st.integers(0, 200), st.integers(1, 9)), max_size=10))
def test_every_flow_reconciles_and_equals_a_plain_walk(roads: list[Any], changes: list[Any]) -> None:
    """A walk day by day, deal by deal, against the arrays: stock at every edge, in deals and in money."""
    rows = []
    for deal, road in enumerate(roads):
        at = 0
        for visit, (stage, length, away) in enumerate(road):
            last = visit + 1 == len(road)
            gone = away and STAGES[stage].kind == WORK
            until = at + length if not last or gone else None
            following = (
                STANDS if until is None else ELSEWHERE if gone else road[visit + 1][0] if not last else STANDS
            )
            rows.append((deal, stage, at * DAY, FAR if until is None else until * DAY, following))
            at = (until if until is not None else at) + (1 if gone else 0)
    of, stage, since, until, following = (
        np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)
    )
    n = len(roads)
    told = sorted({(deal, at): price for deal, at, price in changes if deal < n}.items())
    last = {deal: price for (deal, _), price in told}
    price = np.array([last.get(deal, 5) * 100 for deal in range(n)])
    far = np.full(n, FAR)
    log = Log(
        STAGES, np.arange(n), np.zeros(n, dtype=np.int64), far, price, np.ones(n, dtype=np.int64),
        np.zeros(n, dtype=bool), of, stage, since, until, following, np.ones(len(of), dtype=np.int64),
    )  # fmt: skip
    before = {}
    prices = []
    for (deal, at), value in told:
        prices.append((deal, at * DAY, before.get(deal, 5) * 100, value * 100))
        before[deal] = value
    columns = [np.array(column, dtype=np.int64) for column in zip(*prices, strict=True)]
    columns = columns or [np.empty(0, dtype=np.int64)] * 4
    cut = Cut([str(edge) for edge in range(8)], np.arange(9, dtype=np.int64) * 30 * DAY)
    moves = list_moves(log)
    counted, valued = find_flow(log, moves, cut), find_flow(log, moves, cut, Prices(*columns))

    def works(deal: int, edge: int) -> bool:
        """In work just before the edge: on a work stage entered before it and not left before it."""
        found = False
        for one, at_stage, begin, end, _ in rows:
            if one == deal and begin < edge:
                found = STAGES[at_stage].kind == WORK and (end == FAR or end >= edge)
        return found

    def cost(deal: int, edge: int) -> int:
        own = [(at, value) for (one, at), value in told if one == deal]
        return next((value for at, value in reversed(own) if at * DAY < edge), 5)

    for row, money, edge in zip(counted, valued, cut.edges[1:].tolist(), strict=True):
        standing = [deal for deal in range(n) if works(deal, edge)]
        assert row["end"] == len(standing)
        assert money["end"] == sum(cost(deal, edge) for deal in standing)
    for one in (counted, valued):
        for row in one:
            came = row["start"] + row["created"] + row["reopened"] + row["repriced"]
            assert came - row["won"] - row["lost"] - row["left"] == pytest.approx(row["end"])


def test_local_months_are_cut_at_local_midnight() -> None:
    zone = ZoneInfo("Europe/Moscow")  # UTC+4 in February 2012
    evening = moment_number(datetime(2012, 2, 29, 20, 30, tzinfo=UTC))
    assert cut_time(evening, evening + 1, "month", zone).labels == ["2012-03"]
    assert cut_time(evening, evening + 1, "month", ZoneInfo("UTC")).labels == ["2012-02"]
    assert cut_time(evening, evening + 8 * DAY, "week", zone).labels == ["2012-02-27", "2012-03-05"]
    cut = clip(cut_time(evening, evening + 1, "month", zone), evening, evening + DAY)
    assert cut.edges.tolist() == [evening, evening + DAY]


def test_boosting_learns_what_can_be_learnt_and_nothing_else() -> None:
    chance = np.random.default_rng(7)
    rows = chance.random((4_000, 3))
    hits = (chance.random(4_000) < np.where(rows[:, 0] > 0.5, 0.8, 0.2)).astype(float)
    model = boosting.fit(rows, hits, np.arange(4_000))
    said = model.predict(np.array([[0.1, 0.5, 0.5], [0.9, 0.5, 0.5]]))
    assert said[0] == pytest.approx(0.2, abs=0.07) and said[1] == pytest.approx(0.8, abs=0.07)
    again = boosting.fit(rows, hits, np.arange(4_000)).predict(rows)
    assert (again == model.predict(rows)).all()  # the same lessons, the same forecast
    few = boosting.fit(rows[:20], hits[:20], np.arange(20))
    assert few.trees == [] and few.predict(rows[:2]).tolist() == pytest.approx([hits[:20].mean()] * 2)


@pytest.mark.parametrize(
    ("came", "won", "stock", "full"),
    [
        ([9, 9, 9, 9, 9], [2, 4, 4, 3, 4], [5, 8, 12, 16, 20], 2),
        ([9, 9, 9, 9, 9], [2, 4, 5, 3, 6], [5, 8, 12, 16, 20], None),  # he still sells more and more
        ([9, 9, 9, 9, 9], [4, 4, 4, 4, 4], [5, 8, 8, 9, 12], None),  # two months in a row are none of three
        ([9, 9, 0, 9, 9], [4, 4, 4, 4, 4], [5, 8, 12, 16, 20], None),  # in one of them nobody came
        ([9, 9, 9, 9], [0, 0, 0, 0], [5, 8, 12, 16], None),  # who has sold nothing is not full, but new
    ],
)
def test_a_manager_is_full_when_the_stock_grows_and_sales_do_not(
    came: list[int], won: list[int], stock: list[int], full: int | None
) -> None:
    whole = np.ones(len(came), dtype=bool)
    assert is_full(np.array(came), np.array(won), np.array(stock), whole) == full
