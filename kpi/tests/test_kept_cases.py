"""Cases of a month as they are tallied, beside a loop over them; and as they are kept where that is slow."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from core import moment, redis
from core.periods import month_of
from core.tests.no_redis import nowhere
from core.zone import portal_zone
from kpi import kept_cases
from kpi.case_tallies import FREE, Tally, find_examples, tally_cases
from kpi.kept_cases import BY_COUNT, BY_TIME, Question, count_cases, read_cases, recount_cases
from kpi.own_cases import own_cases
from qc import engine, first_times
from qc.models import Finding, FirstTimeGrace, RuleMode
from qc.tests import world
from qc.tests.lives import at
from qc.tests.test_quality import invent

pytestmark = pytest.mark.django_db
NOW = at(300)


@pytest.fixture(autouse=True)
def company(db: None) -> Iterator[None]:
    world.company(RuleMode.Mode.MONEY)
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)
    for key in redis.client().scan_iter(f"{kept_cases.ROOM}:*"):
        redis.client().delete(key)


def judged(seed: int) -> None:
    moment.fix(at(500).isoformat())
    invent(random.Random(seed))
    engine.judge()
    FirstTimeGrace.objects.create(since=at(100), cases=2)
    moment.fix(NOW.isoformat())


def question(quality: str | None = BY_COUNT, seen: tuple[int, ...] = (1, 2, 3)) -> Question:
    local = NOW.astimezone(portal_zone()).date()
    return Question((1, 2, 3), seen, local.replace(day=1), local + timedelta(days=2), quality)


@pytest.mark.parametrize("seed", range(6))
def test_the_database_tallies_as_a_loop_does(seed: int) -> None:
    judged(seed)
    period, asked = month_of(NOW, portal_zone()), question()
    rows = own_cases(Finding.objects.standing().exclude(mode="shadow"), [1, 2, 3], period)
    horizons = asked.horizons(NOW)
    tallies, coming = tally_cases(rows, [1, 2, 3], period, NOW, horizons)
    expected: dict[tuple[str, str, bool], Tally] = {}
    expected_coming: Counter[tuple[str, Any]] = Counter()
    free = set(
        Finding.objects.filter(first_times.is_free(NOW, period.start, [1, 2, 3])).values_list("pk", flat=True)
    )
    dear: dict[tuple[str, str, bool], list[Finding]] = {}
    for one in rows.select_related("deal"):
        if one.opens_at >= horizons[-1]:
            continue
        key = one.rule, FREE if one.pk in free else one.mode, one.mine and one.disputed_at is None
        tally = expected.setdefault(key, Tally())
        if one.closes_at is not None and one.closes_at <= NOW:
            tally.mended += one.closes_at >= period.start
        elif one.opens_at < NOW:
            tally.open += 1
            tally.fresh += one.opens_at >= horizons[0] - timedelta(days=1)
            dear.setdefault(key, []).append(one)
        elif key[1:] == ("money", True):
            expected_coming[one.rule, one.opens_at] += 1
    for key, cases in dear.items():
        cases.sort(key=lambda one: (-(one.deal.price or 0) if one.deal else 0, one.pk))
        expected[key].dearest = [one.pk for one in cases[:3]]
    assert tallies == expected
    assert Counter(coming) == expected_coming and coming == sorted(coming, key=lambda one: one[1])
    assert sum(tally.open for tally in tallies.values()) > 5
    told = find_examples(tallies.values(), NOW)
    assert {one.pk for found in told.values() for one in found} == {
        key for tally in tallies.values() for key in tally.dearest
    }


@pytest.mark.parametrize("quality", [None, BY_COUNT, BY_TIME])
def test_only_slow_answers_are_kept_and_they_are_what_was_counted(
    quality: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(1)
    asked = question(quality)
    counted = count_cases(asked, NOW)
    assert bool(counted.left) == (quality == BY_COUNT) and bool(counted.ahead) == (quality == BY_TIME)
    for _ in range(2):
        assert read_cases(asked, NOW) == counted
    assert recount_cases(NOW) == 0
    monkeypatch.setattr(kept_cases, "SLOW", 0.0)
    assert read_cases(asked, NOW) == counted
    monkeypatch.setattr(kept_cases, "count_cases", None)
    assert read_cases(asked, NOW + timedelta(minutes=10)) == counted


def test_a_worker_counts_anew_what_was_asked_for_within_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    judged(1)
    monkeypatch.setattr(kept_cases, "SLOW", 0.0)
    asked, fewer = question(), question(seen=(1,))
    before = read_cases(asked, NOW)
    Finding.objects.all().delete()
    assert read_cases(asked, NOW) == before != read_cases(fewer, NOW), "another reader sees less"
    later = NOW + timedelta(minutes=5)
    assert recount_cases(later) == 2
    assert read_cases(asked, later).groups == [] and read_cases(asked, later).as_of == later
    assert read_cases(asked, later + timedelta(minutes=12)).as_of == later + timedelta(minutes=12)
    assert recount_cases(later + timedelta(hours=25)) == 0


def test_yesterday_s_questions_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_cases, "SLOW", 0.0)
    read_cases(question(), NOW)
    tomorrow = NOW + timedelta(hours=20)
    assert recount_cases(tomorrow) == 1, "the day of the next shift is still to come"
    read_cases(question(), tomorrow + timedelta(hours=3))
    assert recount_cases(NOW + timedelta(hours=40)) == 0
    assert list(redis.client().scan_iter(f"{kept_cases.ROOM}:*")) == []


def test_what_has_become_quick_is_not_kept_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_cases, "SLOW", 0.0)
    read_cases(question(), NOW)
    monkeypatch.setattr(kept_cases, "SLOW", 30.0)
    assert recount_cases(NOW) == 1 and recount_cases(NOW) == 0
    assert list(redis.client().scan_iter(f"{kept_cases.ROOM}:*")) == []


def test_without_redis_they_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_cases, "SLOW", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(redis, "client", nowhere)
        assert read_cases(question(), NOW).groups == []
        assert recount_cases(NOW) == 0
