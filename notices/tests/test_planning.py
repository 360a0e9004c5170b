"""When, to whom and in how many messages: by tables, and by chance against what can be said in a sentence."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices.kinds import KINDS, Fact, Rung, Terms, rules_of
from notices.planning import (
    PAGE,
    Due,
    Recipient,
    end_of_quiet,
    find_moment,
    is_repeated,
    pack,
    plan_deliveries,
    plan_steps,
)
from qc.rules import RULES
from team.clock import CALENDAR, Clock, Pattern, Schedule

ZONE = ZoneInfo("Europe/Moscow")
MONDAY = datetime(2026, 11, 2, tzinfo=ZONE).astimezone(UTC)
OFFICE = Clock(Schedule(Pattern("1111100", date(2026, 11, 2), time(9), time(18), "Europe/Moscow")))
HOUR = timedelta(hours=1)
OVERDUE, SOON = KINDS["task.overdue"], KINDS["task.soon"]


def at(hour: float) -> datetime:
    return MONDAY + hour * HOUR


def fact(hour: float, until: float | None = None) -> Fact:
    return Fact("finding:1", at(hour), None if until is None else at(until), person=1, finding=1)


@pytest.mark.parametrize(
    ("happened", "steps"),
    [
        (10, [10, 12, 24 + 11]),  # at work: at once, two hours, ten hours of shifts
        (17, [17, 24 + 10, 24 + 18]),  # the second hour is tomorrow's first
        (20, [24 + 9, 24 + 11, 48 + 10]),  # at night: the chain begins with the shift
        (5 * 24 + 12, [7 * 24 + 9, 7 * 24 + 11, 8 * 24 + 10]),  # on Saturday
    ],
)
def test_a_chain_runs_on_working_time(happened: float, steps: list[float]) -> None:
    planned = plan_steps(OVERDUE, OVERDUE.terms, fact(happened), OFFICE, at(happened))
    assert [step.due_at for step in planned] == [at(hour) for hour in steps]
    assert [step.audience for step in planned] == ["person", "head", "director"]


def test_what_is_stale_off_or_no_warning_any_more_is_not_told() -> None:
    assert plan_steps(OVERDUE, Terms(on=False, rungs=OVERDUE.rungs), fact(10), OFFICE, at(10)) == []
    assert plan_steps(OVERDUE, OVERDUE.terms, fact(10, until=11), OFFICE, at(11)) == []
    ahead = Terms(True, True, HOUR, SOON.rungs)
    assert plan_steps(SOON, ahead, fact(10, until=11), OFFICE, at(10.4))
    assert plan_steps(SOON, ahead, fact(10, until=11), OFFICE, at(10.6)) == []


def test_behind_the_bell_at_once_and_ringing_at_work() -> None:
    anna = Recipient("e:1", 1, clock=OFFICE, channels=("telegram", "email"))
    wanted = plan_deliveries(OVERDUE, OVERDUE.terms, fact(20), at(20), [anna], at(20))
    assert [(one.channel, one.due_at) for one in wanted] == [(PAGE, at(20)), ("telegram", at(33))]
    muted = Recipient("e:1", 1, clock=OFFICE, channels=("telegram",), muted=frozenset({"task.overdue"}))
    assert [
        one.channel for one in plan_deliveries(OVERDUE, OVERDUE.terms, fact(10), at(10), [muted], at(10))
    ] == [PAGE]
    late = plan_deliveries(OVERDUE, OVERDUE.terms, fact(20, until=30), at(20), [anna], at(20))
    assert [one.channel for one in late] == [PAGE], "it would be no news any more"


@given(
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(
        lambda one: one.replace(tzinfo=UTC)
    ),
    starts=st.times().map(lambda one: one.replace(microsecond=0)),
    ends=st.times().map(lambda one: one.replace(microsecond=0)),
)
def test_nobody_is_reached_in_his_hours_of_quiet(moment: datetime, starts: time, ends: time) -> None:
    found = end_of_quiet(moment, (starts, ends), ZONE)
    assert moment <= found < moment + timedelta(hours=24)
    local = found.astimezone(ZONE).time()
    if starts < ends:
        assert not starts <= local < ends
    elif starts > ends:
        assert not (local >= starts or local < ends)
    reached = find_moment(Recipient("e:1", 1, clock=OFFICE, quiet=(starts, ends), zone=ZONE), moment)
    if reached is not None:
        assert OFFICE.resumes(reached) == reached and end_of_quiet(reached, (starts, ends), ZONE) == reached


def due(number: int, kind: str = "task.overdue", urgent: bool = False, money: int = 0) -> Due:
    return Due(number, kind, urgent, at(10), Decimal(money))


@pytest.mark.parametrize(
    ("waiting", "sent", "deliveries", "held"),
    [
        ([due(1)], 0, (1,), False),
        ([due(1), due(2)], 0, (1,), False),
        ([due(1), due(2, money=9)], 0, (2,), False),  # the dearest first
        ([due(1), due(2), due(3)], 0, (1, 2, 3), False),  # a flood is a heap
        ([due(1), due(2, money=5), due(3, money=9)], 0, (3, 2, 1), False),
        ([due(1)], 4, (1,), True),  # he has had his four
        ([due(1), due(2, urgent=True)], 4, (2,), False),
        ([due(1), due(2, "digest", True)], 9, (2, 1), False),  # the digest takes everything along
    ],
)
def test_what_goes_out_as_one_message(
    waiting: list[Due], sent: int, deliveries: tuple[int, ...], held: bool
) -> None:
    parcel = pack(waiting, sent, at(9.9), 4, at(10))
    assert parcel.deliveries == deliveries and (parcel.hold_until is not None) is held


@given(arrivals=st.lists(st.integers(0, 600), max_size=80).map(sorted), per_shift=st.integers(0, 6))
def test_a_shift_of_ten_hours_is_never_more_than_a_handful(arrivals: list[int], per_shift: int) -> None:
    """Whatever comes, minute by minute: the single ones, and then a heap every two hours. Nothing is left behind."""
    waiting: list[tuple[int, int]] = []
    sent, last, messages, told = 0, None, 0, 0
    for minute in range(0, 1100):
        now = MONDAY + timedelta(minutes=minute)
        waiting += [(number, minute) for number, one in enumerate(arrivals) if one == minute]
        while ready := [Due(number, "task.overdue", False, now) for number, at_ in waiting if at_ <= minute]:
            parcel = pack(ready, sent, last, per_shift, now)
            if parcel.hold_until is not None:
                wait = int((parcel.hold_until - MONDAY).total_seconds() // 60)
                waiting = [(number, max(at_, wait)) for number, at_ in waiting]
                break
            waiting = [one for one in waiting if one[0] not in parcel.deliveries]
            sent, last, messages, told = sent + 1, now, messages + 1, told + len(parcel.deliveries)
    assert told == len(arrivals)
    assert messages <= per_shift + 1 + 600 // 240 + 1


@pytest.mark.parametrize(
    ("kind", "copies", "again"), [("task.overdue", 0, True), ("task.overdue", 1, False), ("digest", 0, False)]
)
def test_only_what_is_worth_it_is_repeated_and_once(kind: str, copies: int, again: bool) -> None:
    assert is_repeated(KINDS[kind], copies, at(12), at(11)) is again
    assert not is_repeated(KINDS[kind], copies, at(12), at(12))


@pytest.mark.parametrize("code", sorted(KINDS))
def test_every_kind_can_be_told(code: str) -> None:
    one = KINDS[code]
    assert one.why and one.rungs and one.lives > timedelta()
    assert not one.follows_finding or one.fixed
    assert one.terms == Terms(True, one.loud, one.ahead, one.rungs)


def test_findings_are_told_by_one_kind_and_warned_of_by_another() -> None:
    taken = [
        code
        for one in KINDS.values()
        if one.source == "finding" and not one.ahead
        for code in rules_of(one, RULES)
    ]
    assert sorted(taken) == sorted(RULES)
    assert CALENDAR.resumes(MONDAY) == MONDAY and Rung("head").after == timedelta()
