"""Which stage is named as one to split, where, and what the halves would hold."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from metrics.stage_cuts import FIELD, TASK, Cut, StageVisit, Work, weigh_stage

NOW = datetime(2026, 11, 29, tzinfo=UTC)
DAY = timedelta(days=1)
CALL, NEED, CITY = Work(TASK, "1"), Work(TASK, "2"), Work(FIELD, "7")


def visit(
    began: float, ended: float | None, forward: bool = True, road: str = "next", **done: float
) -> StageVisit:
    """Days ago; ``done``: days after the beginning."""
    works = {"call": CALL, "need": NEED, "city": CITY}
    since = NOW - began * DAY
    until = None if ended is None else NOW - ended * DAY
    own = {works[name]: since + after * DAY for name, after in done.items()}
    return StageVisit(
        since, until, None if until is None else forward, road if until else None, Decimal(10), own
    )


def pile(parted: bool = True) -> list[StageVisit]:
    """Forty deals called and asked, thirty lost uncalled, twenty that stand for a month, five of them called."""
    gone = [visit(30 - n / 2, 28 - n / 2, call=1 if parted else 1.999, need=1.999) for n in range(40)]
    lost = [visit(30 - n / 2, 28 - n / 2, False, "lost", city=0.1) for n in range(30)]
    standing = [visit(31, None, call=1) for _ in range(5)] + [visit(31, None) for _ in range(15)]
    return gone + lost + standing


def test_a_stage_of_two_works_is_cut_where_it_parts() -> None:
    load = weigh_stage(pile(), NOW)
    assert (load.visits, load.standing, load.old, load.median) == (90, 20, 20, 2 * DAY)
    assert [work for work, _share in load.works] == [CALL, NEED, CITY]
    assert load.several and load.accumulates and load.is_named
    assert load.cut is not None
    cut: Cut = load.cut
    assert (cut.after, cut.share) == (CALL, 0.5)
    assert (cut.first.standing, cut.first.money, cut.first.forward, cut.first.fates) == (
        15,
        Decimal(150),
        0,
        45,
    )
    assert (cut.second.standing, cut.second.median, cut.second.fates) == (5, DAY, 45)
    assert cut.second.forward == pytest.approx(40 / 45)


def test_what_is_done_in_passing_parts_nothing() -> None:
    load = weigh_stage(pile(parted=False), NOW)
    assert load.cut is None and not load.is_named


def test_a_stage_that_does_not_fill_up_or_holds_one_work_is_not_named() -> None:
    flowing = weigh_stage([one for one in pile() if one.until is not None], NOW)
    assert not flowing.accumulates and not flowing.is_named
    simple = weigh_stage([one._replace(done={}) for one in pile()], NOW)
    assert not simple.several and simple.cut is None and simple.accumulates


def test_nothing_is_said_of_few_visits() -> None:
    load = weigh_stage([visit(3, 1, call=1), visit(2, None)], NOW)
    assert load.cut is None and load.median == 2 * DAY
    empty = weigh_stage([], NOW)
    assert (empty.visits, empty.median, empty.works, empty.cut) == (0, None, [], None)


def test_of_a_busy_stage_only_the_days_that_are_known_are_compared() -> None:
    """The newest ended visits reach back three days: what came before is not told, and is no growth."""
    ended = [visit(3 - n / 20, 2.9 - n / 20) for n in range(40)]
    load = weigh_stage([*ended, *(visit(40, None) for _ in range(30))], NOW)
    assert (load.entered, load.left) == (39, 40)
