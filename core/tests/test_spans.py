"""Spans against an oracle that knows nothing but «is this minute in the set»."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.spans import Span, Spans

START = datetime(2026, 11, 1, tzinfo=UTC)
MINUTES = 30


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


minutes = st.integers(0, MINUTES)
raw = st.lists(st.tuples(minutes, st.none() | minutes), max_size=6)


def spans(pairs: list[tuple[int, int | None]]) -> Spans:
    return Spans((at(a), None if b is None else at(b)) for a, b in pairs)


def oracle(pairs: list[tuple[int, int | None]]) -> set[int]:
    return {m for m in range(MINUTES + 5) for a, b in pairs if a <= m and (b is None or m < b)}


def seen(found: Spans) -> set[int]:
    return {m for m in range(MINUTES + 5) if at(m) in found}


@given(raw)
def test_a_set_holds_exactly_the_moments_of_its_spans_in_normal_form(
    pairs: list[tuple[int, int | None]],
) -> None:
    made = spans(pairs)
    assert seen(made) == oracle(pairs)
    listed = list(made)
    assert all(b is None or a < b for a, b in listed)
    assert all(
        before.end is not None and before.end < after.start
        for before, after in zip(listed, listed[1:], strict=False)
    )


@given(raw, raw)
def test_union_intersection_and_difference_are_those_of_sets(
    a: list[tuple[int, int | None]], b: list[tuple[int, int | None]]
) -> None:
    assert seen(spans(a) | spans(b)) == oracle(a) | oracle(b)
    assert seen(spans(a) & spans(b)) == oracle(a) & oracle(b)
    assert seen(spans(a) - spans(b)) == oracle(a) - oracle(b)


@given(raw, raw)
def test_results_are_in_normal_form_too(
    a: list[tuple[int, int | None]], b: list[tuple[int, int | None]]
) -> None:
    for result in (spans(a) | spans(b), spans(a) & spans(b), spans(a) - spans(b)):
        assert result == Spans(result)


@given(raw, minutes)
def test_total_counts_the_minutes_before_a_moment(pairs: list[tuple[int, int | None]], until: int) -> None:
    assert spans(pairs).total(at(until)) == timedelta(minutes=len([m for m in oracle(pairs) if m < until]))


@given(raw, minutes, st.none() | minutes)
def test_a_set_covers_a_stretch_whose_every_moment_it_holds(
    pairs: list[tuple[int, int | None]], start: int, end: int | None
) -> None:
    held = oracle(pairs)
    whole = {*range(start, MINUTES + 5 if end is None else end)}
    assert spans(pairs).covers(at(start), None if end is None else at(end)) == (whole <= held)


def test_touching_spans_become_one_and_empty_ones_vanish() -> None:
    assert list(spans([(5, 10), (0, 5), (7, 7)])) == [Span(at(0), at(10))]
    assert not spans([(3, 3), (4, 2)])
    assert not spans([(0, 5)]) & spans([(5, 10)])


def test_an_open_end_stays_open() -> None:
    assert list(spans([(0, None)]) - spans([(5, 10)])) == [Span(at(0), at(5)), Span(at(10), None)]
    assert list(spans([(0, None)]) & spans([(5, None)])) == [Span(at(5), None)]
    assert not spans([(5, 10)]) - spans([(0, None)])
