"""The day unlike others, and the burst within it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from core import account, redis
from core.periods import Period
from devtools.tests import factory
from devtools.tests.factory import NOW
from metrics import losses, month_chances, snapshot
from metrics.losses import BURST, CAME_BACK, MASS, Loss, find_burst, find_mistakes, find_unlike, group_by
from metrics.month_chances import Chances
from pipelines.models import Stage, Touch

DAY = date(2026, 9, 1)
NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)


def loss(deal: int, minutes: float, manager: int | None = 1, price: int = 10) -> Loss:
    return Loss(deal, NOON + timedelta(minutes=minutes), manager, "1:2", 1, None, None, Decimal(price))


def days(*counts: int) -> dict[date, int]:
    return {DAY + timedelta(days=place): count for place, count in enumerate(counts)}


def test_the_unlike_day_is_found_and_a_busy_one_is_not() -> None:
    assert find_unlike(days(8, 7, 9, 6, 8, 83, 7, 8)) == [DAY + timedelta(days=5)]
    assert find_unlike(days(8, 7, 9, 6, 8, 20, 7, 8)) == []
    assert find_unlike(days(0, 0, 0, 14, 0)) == []
    assert find_unlike(days(0, 0, 0, 15, 0, 40)) == [DAY + timedelta(days=5), DAY + timedelta(days=3)]
    assert find_unlike({}) == []


def test_the_burst_is_the_hour_with_the_most() -> None:
    found = find_burst([loss(1, 0), loss(2, 100, 1), loss(3, 130, 2), loss(4, 160, 2), loss(5, 160.5, None)])
    assert found is not None
    assert [one.deal for one in found.losses] == [2, 3, 4]
    assert (found.people, found.minutes) == ({2: 2, 1: 1}, 60)
    assert find_burst([]) is None


@given(st.lists(st.integers(0, 300), max_size=25))
def test_no_hour_has_more_than_the_burst(minutes: list[int]) -> None:
    losses = [loss(place, one) for place, one in enumerate(minutes)]
    found = find_burst(losses)
    most = max((sum(1 for b in losses if a.at <= b.at <= a.at + BURST) for a in losses), default=0)
    assert (len(found.losses) if found else 0) == most


def test_heaps_add_up_and_stand_by_number() -> None:
    heaps = group_by([loss(1, 0, 1, 5), loss(2, 1, 2, 7), loss(3, 2, 2, 1)], "manager")
    assert [(key, heap.deals, heap.money) for key, heap in heaps.items()] == [
        (2, 2, Decimal(8)),
        (1, 1, Decimal(5)),
    ]


def test_a_deal_whose_client_came_back_and_one_of_a_burst_may_be_mistakes() -> None:
    rows = [
        loss(1, 0)._replace(came_back=True),
        loss(2, 1),
        loss(3, 500),
        loss(4, 600)._replace(came_back=True),
    ]
    burst = find_burst(rows[:2])
    assert burst is not None
    found = find_mistakes(rows, [burst])
    assert {why: [one.deal for one in own] for why, own in found.items()} == {CAME_BACK: [1, 4], MASS: [2]}
    assert find_mistakes(rows[1:3], []) == {CAME_BACK: [], MASS: []}


@pytest.mark.django_db
def test_the_client_came_back_who_called_or_wrote_after_the_closing() -> None:
    lost = factory.make_stage(factory.make_pipeline(), "Закрыто", Stage.Kind.LOST)
    deals = [factory.make_deal(lost, since=NOW - factory.DAY) for _ in range(4)]
    for place, (hours, kind) in enumerate([(1, "call_in"), (0, "message_in"), (1, "call_out")]):
        Touch.objects.create(
            id=str(place),
            at=NOW - factory.DAY + timedelta(hours=hours),
            updated_at=NOW,
            kind=kind,
            deal=deals[place],
        )
    month = Period.parse("2026-11-01", NOW.date().isoformat(), ZoneInfo("Europe/Moscow"))
    found = {one.deal: one.came_back for one in losses.list_losses(month, None)}
    assert found == {deals[0].pk: True, deals[1].pk: False, deals[2].pk: False, deals[3].pk: False}


@pytest.mark.django_db
def test_losses_are_kept_only_where_reading_them_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Period] = []
    monkeypatch.setattr(losses, "list_losses", lambda period, source: asked.append(period) or [])
    month = Period.parse("2026-11-01", "2026-11-20", ZoneInfo("Europe/Moscow"))
    key = losses.key_of(month, None)
    redis.client().delete(key)
    try:
        for _ in range(2):
            losses.read_losses(NOW, month, None)
        assert len(asked) == 2
        monkeypatch.setattr(losses, "SLOW", 0.0)
        for _ in range(2):
            assert losses.read_losses(NOW, month, None).as_of == NOW
        assert len(asked) == 3
        longer = Period.parse("2026-11-01", "2026-11-21", ZoneInfo("Europe/Moscow"))
        losses.read_losses(NOW, longer, None)
        assert asked[-1] == longer, "what is kept of one period is no answer about another"
        asked.pop()
        redis.client().delete(losses.key_of(longer, None))
        monkeypatch.setattr(
            redis, "client", lambda: Redis(host="127.0.0.1", port=1, socket_connect_timeout=1)
        )
        losses.read_losses(NOW, month, None)
        assert len(asked) == 4
    finally:
        monkeypatch.undo()
        redis.client().delete(key)


@pytest.mark.django_db
def test_what_is_kept_depends_on_the_zone_the_pipelines_and_the_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def month(zone: str) -> Period:
        return Period.parse("2026-11-01", "2026-11-20", ZoneInfo(zone))

    def selling(*others: int) -> None:
        own = account.own()._replace(kinds=dict.fromkeys(others, "service"))
        monkeypatch.setattr(account, "own", lambda: own)

    keys = {losses.key_of(month("Europe/Moscow"), None), losses.key_of(month("Asia/Omsk"), None)}
    keys.add(losses.key_of(month("Europe/Moscow"), 7))
    for others in ((3,), (3, 4)):
        selling(*others)
        keys.add(losses.key_of(month("Europe/Moscow"), None))
    monkeypatch.setattr(losses, "VERSION", losses.VERSION + 1)
    keys.add(losses.key_of(month("Europe/Moscow"), None))
    assert len(keys) == 6
    old = snapshot.key_of(month("Europe/Moscow"))
    monkeypatch.setattr(snapshot, "SQL", snapshot.SQL + " ")
    assert snapshot.key_of(month("Europe/Moscow")) != old


@pytest.mark.django_db
def test_chances_that_were_kept_for_other_pipelines_are_counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    monkeypatch.setattr(month_chances, "count_chances", lambda now, month: counted.append(1) or Chances())
    month = Period.parse("2026-11-01", "2026-12-01", ZoneInfo("Asia/Omsk"))
    for others in ({}, {}, {3: "service"}):
        own = account.own()._replace(kinds=others)
        monkeypatch.setattr(account, "own", lambda own=own: own)
        month_chances.read_chances(NOW, month)
    assert len(counted) == 2
