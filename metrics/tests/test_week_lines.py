"""Lines of weeks, shares, and what a date changed: worked by hand."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from metrics import week_lines
from metrics.week_lines import Count, Line, Part, PersonPart

WEEKS = [date(2026, 6, 1) + timedelta(days=7 * number) for number in range(12)]


def line(key: str, *counts: tuple[float, float]) -> Line:
    return Line(key, tuple(Count(*one) for one in counts))


def test_a_rate_has_a_base_and_no_base_is_no_zero() -> None:
    assert Count(5, 250).rate == 2.0
    assert Count(0, 50).rate == 0.0
    assert Count(3, 0).rate is None


def test_lines_add_up_their_parts_by_week() -> None:
    parts = [
        Part(WEEKS[0], "a", 2, 0),
        Part(WEEKS[0], "a", 0, 100),
        Part(WEEKS[2], "a", 1, 50),
        Part(date(2020, 1, 6), "a", 9, 9),
    ]
    [one] = week_lines.draw_lines(parts, WEEKS)
    assert one.counts[0] == Count(2, 100)
    assert one.points[:3] == [2.0, None, 2.0]
    assert week_lines.draw_lines([Part(WEEKS[0], "b", 3, 0)], WEEKS) == []


def test_a_week_with_little_work_leaves_a_gap() -> None:
    assert line("a", (1, 19.9), (1, 20)).points == [None, 5.0]


def test_who_has_next_to_nothing_sets_no_scale_but_who_came_late_does() -> None:
    old, late, odd = (
        line("old", *[(1, 100.0)] * 10),
        line("late", *[(0, 0.0)] * 8, *[(9, 20.0)] * 2),
        line("odd", *[(5, 1.0)] * 10),
    )
    heavy, light = week_lines.leave_light_out([old, late, odd])
    assert ([one.key for one in heavy], [one.key for one in light]) == (["old", "late"], ["odd"])


def test_told_are_who_changed_most_and_who_came_new() -> None:
    steady = line("steady", *[(10, 100.0)] * 12)
    better = line("better", *[(40, 100.0)] * 4, *[(20, 100.0)] * 4, *[(5, 100.0)] * 4)
    new = line("new", *[(0, 0.0)] * 8, *[(20, 100.0)] * 4)
    assert week_lines.choose_told([steady, better, new]) == ["better", "new"]


def test_a_share_stands_over_the_share_of_work() -> None:
    lines = [line("roman", (46, 170)), line("others", (54, 830))]
    share = week_lines.share_of(lines, "roman", [0])
    assert (share.of_top, share.of_base) == (0.46, 0.17)
    assert round(share.times or 0, 2) == 2.71
    assert week_lines.share_of(lines, "nobody", [0]).of_top == 0
    assert week_lines.share_of([], "nobody", []).of_top is None


def test_then_and_now_are_weeks_that_are_over_and_counted_and_never_the_same() -> None:
    today = WEEKS[-1] + timedelta(days=3)
    assert week_lines.list_ends(WEEKS, set(WEEKS), today) == ([0, 1, 2, 3], [7, 8, 9, 10])
    assert week_lines.list_ends(WEEKS, set(WEEKS[:3]), today) == ([0], [2])
    assert week_lines.list_ends(WEEKS, set(WEEKS[:1]), today) == ([0], [])


def test_the_leaver_is_not_who_changed_most() -> None:
    lines = [
        line("left", (50, 100), (0, 100)),
        line("roman", (30, 100), (20, 100)),
        line("c", (20, 100), (25, 100)),
    ]
    assert week_lines.changed_most(lines, [0], [1]) == "left"
    assert week_lines.changed_most(lines, [0], [1], {"left", "c"}) == "roman"
    assert week_lines.changed_most([], [0], [1]) is None


def test_a_date_splits_whole_weeks_and_the_week_it_falls_into_counts_on_neither_side() -> None:
    wednesday = WEEKS[5] + timedelta(days=2)
    parts = [
        PersonPart(week, person < 3, person, 10 if week <= WEEKS[5] or person >= 3 else 4, 100)
        for week in WEEKS
        for person in range(6)
    ]
    effect, (end, begin) = week_lines.compare_date(parts, wednesday, 4)
    assert (end, begin) == (WEEKS[5], WEEKS[6])
    assert effect.rates["changed", "before"].findings == 4 * 3 * 10
    assert effect.value is not None
    assert round(effect.value, 9) == -6.0
    monday, edges = week_lines.compare_date(parts, WEEKS[6], 4)
    assert edges == (WEEKS[6], WEEKS[6])
    assert monday.rates["changed", "after"].days == 4 * 3 * 100


def test_an_interval_of_one_person_is_that_of_single_findings() -> None:
    one = week_lines.measure_rate({7: Count(100, 1000)})
    assert (one.rate_of.rate, one.people) == (10.0, 1)
    assert one.low is not None
    assert one.high is not None
    assert round(one.high - one.low, 2) == 3.92
    assert week_lines.measure_rate({}).low is None
    assert week_lines.measure_rate({7: Count(0, 100)}).high is None


counts = st.tuples(st.integers(0, 50), st.integers(0, 200))


@given(st.lists(counts, min_size=1, max_size=9))
def test_shares_of_everybody_add_up_to_one(people: list[tuple[int, int]]) -> None:
    lines = [Line(key, (Count(*one),)) for key, one in enumerate(people)]
    shares = [week_lines.share_of(lines, line.key, [0]) for line in lines]
    if shares[0].all.top:
        assert abs(sum(one.of_top or 0 for one in shares) - 1) < 1e-9


@given(st.dictionaries(st.integers(1, 9), counts))
def test_an_interval_holds_its_rate(people: dict[int, tuple[int, int]]) -> None:
    found = week_lines.measure_rate({key: Count(*one) for key, one in people.items()})
    rate = found.rate_of.rate
    if found.low is not None and found.high is not None and rate is not None:
        assert found.low <= rate <= found.high
