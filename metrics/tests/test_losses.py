"""Lost deals: which they are, and where they are kept."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from core import account, kept, redis
from core.periods import Period
from core.tests.no_redis import nowhere
from devtools.tests import factory
from devtools.tests.factory import NOW
from metrics import kept_snapshot, losses, month_chances
from metrics.month_chances import Chances
from metrics.tests.lost_rows import Loss, from_rows, read_rows
from pipelines.models import CustomField, LossReason, Stage, Stay, Touch


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
    found = {one.deal: one.came_back for one in read_rows(losses.list_losses(month, None))}
    assert found == {deals[0].pk: True, deals[1].pk: False, deals[2].pk: False, deals[3].pk: False}


@pytest.mark.django_db
def test_each_loss_has_its_own_words_price_and_moment() -> None:
    pipeline, person = factory.make_pipeline(), factory.make_person()
    reason = LossReason.objects.create(id=4, name="дорого")
    lost, work = (
        factory.make_stage(pipeline, kind.label, kind) for kind in (Stage.Kind.LOST, Stage.Kind.WORK)
    )
    field = CustomField.objects.create(id=7, name="Источник")
    at = NOW - factory.DAY + timedelta(microseconds=7)
    bare = factory.make_deal(lost, since=at, price="999999999999999999.99")
    full = factory.make_deal(lost, person, since=at, price="0.05", loss_reason=reason, fields={"7": "сайт"})
    before = at - factory.DAY
    Stay.objects.create(
        deal=full, stage=work, manager=person, visit=0, visit_since=before, entered_at=before, left_at=at
    )
    month = Period.parse("2026-11-01", NOW.date().isoformat(), ZoneInfo("Europe/Moscow"))
    large, small = Decimal("999999999999999999.99"), Decimal("0.05")
    assert read_rows(losses.list_losses(month, field.pk)) == [
        Loss(bare.pk, at, None, None, pipeline.pk, None, None, large),
        Loss(full.pk, at, person.pk, work.pk, pipeline.pk, reason.pk, "сайт", small),
    ]
    assert [row.source for row in read_rows(losses.list_losses(month, None))] == [None, None]


@pytest.mark.django_db
def test_losses_are_kept_only_where_reading_them_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Period] = []
    monkeypatch.setattr(losses, "list_losses", lambda period, source: asked.append(period) or from_rows([]))
    month = Period.parse("2026-11-01", "2026-11-20", ZoneInfo("Europe/Moscow"))
    key = losses.key_of(month, None)
    redis.client().delete(key)
    try:
        for _ in range(2):
            losses.read_losses(NOW, month, None)
        assert len(asked) == 2
        monkeypatch.setattr(losses, "SLOW", 0.0)
        losses.read_losses(NOW, month, None)
        asked.pop()
        assert redis.client().ttl(key) <= 1, "a hundred times as long as reading nothing takes"
        redis.client().delete(key)
        monkeypatch.setattr(kept, "TIMES", 1e9)
        for _ in range(2):
            assert losses.read_losses(NOW, month, None).as_of == NOW
        assert len(asked) == 3 and 290 < redis.client().ttl(key) <= 300
        longer = Period.parse("2026-11-01", "2026-11-21", ZoneInfo("Europe/Moscow"))
        losses.read_losses(NOW, longer, None)
        assert asked[-1] == longer, "what is kept of one period is no answer about another"
        asked.pop()
        redis.client().delete(losses.key_of(longer, None))
        monkeypatch.setattr(redis, "client", nowhere)
        losses.read_losses(NOW, month, None)
        assert len(asked) == 4
    finally:
        monkeypatch.undo()
        redis.client().delete(key)


@pytest.mark.django_db
def test_kept_losses_are_those_that_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "SLOW", 0.0)
    monkeypatch.setattr(kept, "TIMES", 1e9)
    lost = factory.make_stage(factory.make_pipeline(), "Закрыто", Stage.Kind.LOST)
    deals = [factory.make_deal(lost, since=NOW - factory.DAY, price=price) for price in ("0.01", "70.50")]
    month = Period.parse("2026-11-01", NOW.date().isoformat(), ZoneInfo("Europe/Moscow"))
    try:
        first, again = (losses.read_losses(NOW, month, None) for _ in range(2))
        assert [row.deal for row in read_rows(first.losses)] == [deal.pk for deal in deals]
        assert [str(row.price) for row in read_rows(again.losses)] == ["0.01", "70.50"]
        assert read_rows(again.losses) == read_rows(first.losses)
    finally:
        redis.client().delete(losses.key_of(month, None))


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
    old = kept_snapshot.key_of(month("Europe/Moscow"))
    monkeypatch.setattr(kept_snapshot, "SQL", kept_snapshot.SQL + " ")
    assert kept_snapshot.key_of(month("Europe/Moscow")) != old


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
