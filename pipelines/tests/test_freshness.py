from datetime import UTC, datetime, timedelta

import pytest

from pipelines.mirror import freshness
from pipelines.mirror.entities import TABLE
from pipelines.models import Account, Cursor

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("entity", "minutes", "state"),
    [
        ("deals", 0, "fresh"),
        ("deals", 10, "fresh"),
        ("deals", 10.1, "stale"),
        ("deals", 60, "stale"),
        ("deals", 60.1, "critical"),
        ("users", 60, "fresh"),
        ("users", 61, "stale"),
        ("users", 24 * 60, "stale"),
        ("users", 24 * 60 + 1, "critical"),
        ("deals", None, "never"),
    ],
)
def test_an_entity_ages(entity: str, minutes: float | None, state: str) -> None:
    as_of = None if minutes is None else NOW - timedelta(minutes=minutes)
    Cursor.objects.create(entity=entity, as_of=as_of, rows=5)
    one = next(one for one in freshness.read_freshness(NOW) if one.entity == entity)
    assert (one.state, one.as_of, one.rows) == (state, as_of, 5)


def test_every_mirrored_entity_is_told_of_before_anything_was_loaded() -> None:
    assert {one.entity: one.state for one in freshness.read_freshness(NOW)} == {
        entity.name: "never" for entity in TABLE
    }
    assert freshness.overall_freshness(NOW).state == "never"
    assert freshness.overall_freshness(NOW).as_of is None


def test_the_whole_is_as_old_as_its_oldest_and_as_bad_as_its_worst_part() -> None:
    for entity in TABLE:
        Cursor.objects.create(entity=entity.name, as_of=NOW, rows=1)
    assert (freshness.overall_freshness(NOW).state, freshness.overall_freshness(NOW).as_of) == ("fresh", NOW)
    old = NOW - timedelta(minutes=15)
    Cursor.objects.filter(entity="tasks").update(as_of=old)
    Cursor.objects.filter(entity="users").update(as_of=NOW - timedelta(minutes=30))
    whole = freshness.overall_freshness(NOW)
    assert (whole.state, whole.as_of, whole.rows) == ("stale", old, len(TABLE))


DEAD = NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("tasks", "known"),
    [
        ({"as_of": NOW - timedelta(minutes=60)}, NOW),
        ({"as_of": DEAD}, DEAD),
        ({"as_of": None, "finished_at": DEAD, "state": "loading"}, DEAD),
        ({"as_of": None, "state": "new"}, freshness.NOTHING),
        ({"as_of": None, "state": "denied"}, NOW),
    ],
)
def test_what_people_did_is_known_up_to_where_the_least_known_of_all_lists_reaches(
    tasks: dict[str, object], known: datetime
) -> None:
    for entity in TABLE:
        Cursor.objects.create(entity=entity.name, as_of=NOW, rows=1)
    Cursor.objects.filter(entity="tasks").update(**tasks)
    assert freshness.known_until(NOW) == known


def test_a_mirror_of_files_is_known_for_ever_and_a_connected_one_not_before_it_is_read() -> None:
    assert freshness.known_until(NOW) == NOW
    Account.objects.create(id=1, base_url="https://example.amocrm.ru", credentials=b"1")
    assert freshness.known_until(NOW) == freshness.NOTHING


def test_what_the_token_may_not_read_makes_nothing_look_old() -> None:
    for entity in TABLE:
        Cursor.objects.create(entity=entity.name, as_of=NOW, rows=1)
    Cursor.objects.filter(entity="messages").update(as_of=None, state=Cursor.State.DENIED)
    assert (freshness.overall_freshness(NOW).state, freshness.overall_freshness(NOW).as_of) == ("fresh", NOW)
