"""Of a large account a forecast reads what is open and a sample of what is closed: no more, and nothing else."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from devtools.tests import factory
from metrics.analytics import forecast, sample
from metrics.analytics.columns import order_by_moment
from metrics.analytics.terms import Terms
from pipelines.models import Deal, Stage, Stay

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TERMS = Terms(NOW, ZoneInfo("Europe/Moscow"))


@pytest.fixture
def deals(db: None) -> list[Deal]:
    """Forty won, eight open."""
    pipeline = factory.make_pipeline("Продажи")
    work = factory.make_stage(pipeline, "Счёт", Stage.Kind.WORK, sort=1)
    won = factory.make_stage(pipeline, "Успешно", Stage.Kind.WON, sort=2)
    found = []
    for number in range(48):
        since = NOW - timedelta(days=60, hours=number)
        deal = factory.make_deal(work, factory.make_person(f"M{number % 3}"), since=since)
        Deal.objects.filter(pk=deal.pk).update(created_at=since)
        if number < 40:
            ended = since + timedelta(days=number)
            Stay.objects.filter(deal=deal).update(left_at=ended, next_stage=won)
            Deal.objects.filter(pk=deal.pk).update(stage=won, closed_at=ended)
            Stay.objects.create(deal=deal, stage=won, visit=2, visit_since=ended, entered_at=ended)
        found.append(Deal.objects.get(pk=deal.pk))
    return found


def test_a_small_account_is_read_whole(deals: list[Deal]) -> None:
    log, studied = forecast.read_all(TERMS)
    assert len(log.ids) == 48
    assert studied.all()


def test_of_a_large_account_all_that_is_open_is_read_and_of_the_closed_only_what_is_studied(
    deals: list[Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = forecast.read_all(TERMS)
    monkeypatch.setattr(sample, "MOST_STUDIED", 16)
    log, studied = forecast.read_all(TERMS)
    drawn = {deal.pk for deal in deals if ((deal.pk * 2_654_435_761) >> 16) % 3 == 0}
    still_open = {deal.pk for deal in deals if deal.closed_at is None}
    assert set(log.ids[studied].tolist()) == drawn
    assert set(log.ids.tolist()) == drawn | still_open
    assert 0 < len(drawn) < 40
    kept = whole.keep(np.isin(whole.ids, log.ids))
    assert (kept.closed == log.closed).all() and (kept.since == log.since).all()
    answered = forecast.answer(TERMS)
    assert (answered["n"], answered["studied"]) == (8, len(drawn))


def test_an_id_of_any_length_is_drawn_by_numpy_as_by_postgresql(
    deals: list[Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "MOST_STUDIED", 16)
    for key in range(2**62, 2**62 + 30):
        deal = factory.make_deal(deals[0].stage, since=NOW - timedelta(days=9), id=key)
        Deal.objects.filter(pk=deal.pk).update(closed_at=NOW - timedelta(days=8))
    step = sample.choose_step(78)
    closed = set(Deal.objects.exclude(closed_at=None).values_list("pk", flat=True))
    drawn = {key for key in closed if ((key % 1_000_000_007 * 2_654_435_761) >> 16) % step == 0}
    log, studied = forecast.read_all(TERMS)
    assert set(log.ids.tolist()) & closed == set(log.ids[studied].tolist()) & closed == drawn
    assert max(drawn) >= 2**62


@pytest.mark.parametrize("unit", [1, 1_000_000], ids=["microseconds", "seconds"])
@pytest.mark.parametrize("span", [10, 10_000_000, 2**62 // 1_000_000])
def test_moments_are_ordered_within_their_keys(unit: int, span: int) -> None:
    chance = np.random.default_rng(7)
    keys, at = chance.integers(0, 50, 2000), chance.integers(0, span, 2000) * unit - 2**40
    found = order_by_moment(keys, at)
    assert sorted(found.tolist()) == list(range(2000))
    plain = np.lexsort((at, keys))
    assert (keys[found] == keys[plain]).all() and (at[found] == at[plain]).all()
    assert not len(order_by_moment(keys[:0], at[:0]))
