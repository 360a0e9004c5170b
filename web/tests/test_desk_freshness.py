"""How fresh the desk is, what it costs, and what it shows where counting is slow or Redis is gone."""

import json
import re
from html import unescape

import pytest

from core import changes, redis
from core.periods import Period
from core.tests.no_redis import nowhere
from devtools.tests import factory
from devtools.tests.factory import NOW
from jobs import desk
from jobs.judgement import judge_waiting
from metrics import account_size, kept_snapshot, snapshot
from notices.proposed import count_proposals
from pipelines.models import Cursor, JudgementRequest
from salesops.celery import app
from team.models import Role
from web.desk.views import BLOCKS, WITHOUT_SNAPSHOT
from web.tests.desk_office import HTMX, MONTH, Office, context, login
from web.tests.desk_office import friday as friday
from web.tests.desk_office import office as office

pytestmark = pytest.mark.django_db


def test_a_block_that_has_not_changed_is_not_sent_again(office: Office) -> None:
    client = login()
    page = client.get("/desk/figures/", headers=HTMX).content.decode()
    seen = HTMX | {"X-Seen": re.search(r'data-seen="(\w+)"', page)[1]}
    assert client.get("/desk/figures/", headers=seen).status_code == 204
    office.stand_still(office.anna, 1_000, days=1)
    changes.announce_change()
    assert client.get("/desk/figures/", headers=seen).status_code == 200


def test_during_the_first_load_no_part_is_shown_for_the_whole(office: Office) -> None:
    office.stand_still(office.anna, 1_000, days=30)
    cursor = Cursor.objects.create(entity="deals", as_of=None)
    client = login()
    for name in BLOCKS.keys() - WITHOUT_SNAPSHOT:
        page = client.get(f"/desk/{name}/", headers=HTMX).content.decode()
        assert "Появится, когда первая загрузка закончится" in page, name

    cursor.delete()
    changes.announce_change()
    page = client.get("/desk/figures/", headers=HTMX).content.decode()
    assert "Зависшие деньги" in page and "первая загрузка" not in page


def test_the_pulse_is_silent_until_something_changes() -> None:
    client = login(Role.MANAGER)
    first = client.get("/desk/pulse/", headers=HTMX)
    assert "HX-Trigger" not in first
    again = unescape(re.search(r'hx-get="([^"]+)"', first.content.decode())[1])
    assert client.get(again, headers=HTMX).status_code == 204
    changes.announce_change()
    assert client.get(again, headers=HTMX)["HX-Trigger"] == "fresh"


def test_kept_figures_equal_the_live_ones_after_every_change(office: Office) -> None:
    live = snapshot.count_snapshot(NOW, MONTH)
    assert kept_snapshot.take_snapshot(NOW, MONTH) == snapshot.decode_snapshot(live)
    office.stand_still(office.roman, 5_000, days=1)
    changes.announce_change()
    assert (
        kept_snapshot.take_snapshot(NOW, MONTH)
        == snapshot.decode_snapshot(snapshot.count_snapshot(NOW, MONTH))
        != snapshot.decode_snapshot(live)
    )


def test_nobody_waits_where_counting_is_slow(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_snapshot, "SLOW", -1)
    before = kept_snapshot.take_snapshot(NOW, MONTH)
    office.stand_still(office.roman, 5_000, days=1)
    changes.announce_change()
    for _ in range(2):  # shown until a worker, which has been asked once, has counted
        assert kept_snapshot.take_snapshot(NOW, MONTH, desk.ask_for_count) == before
    asked = [json.loads(message)["headers"] for message in redis.client().lrange("work", 0, -1)]
    counts = [one["argsrepr"] for one in asked if one["task"] == "jobs.desk.count_desk"]
    assert counts == ["['2026-11']"]
    seen = changes.page_stamp(NOW)
    desk.count_desk("2026-11")
    assert changes.page_stamp(NOW) != seen
    assert (
        kept_snapshot.take_snapshot(NOW, MONTH)
        == snapshot.decode_snapshot(snapshot.count_snapshot(NOW, MONTH))
        != before
    )


def test_whoever_opens_the_desk_after_a_quiet_night_finds_figures_that_a_worker_has_counted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_ = app.conf.beat_schedule["desk"]
    assert round_["task"] == desk.count_desk.name and round_["schedule"] < kept_snapshot.KEEP
    redis.client().delete(kept_snapshot.key_of(MONTH))
    desk.count_desk()
    monkeypatch.setattr(kept_snapshot, "count_snapshot", lambda *_: pytest.fail("a reader counts"))
    assert context(login(), "figures")["sums"].stuck == 5
    assert redis.client().ttl(kept_snapshot.key_of(MONTH)) > round_["schedule"]


def test_nobody_waits_for_the_first_figures_of_a_large_account(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis was lost, or a month begins: words stand there until a worker, which is asked once, has counted."""
    monkeypatch.setattr(account_size, "LARGE", -2)  # a table that was never analysed has -1
    client, key = login(), kept_snapshot.key_of(MONTH)
    redis.client().delete(key, f"{key}:first", "work")
    monkeypatch.setattr(kept_snapshot, "count_snapshot", lambda *_: pytest.fail("a reader counts"))
    for _ in range(2):
        for block in BLOCKS.keys() - WITHOUT_SNAPSHOT:
            page = client.get(f"/desk/{block}/", headers=HTMX).content.decode()
            assert "Считается: сейчас появится здесь." in page and 'hx-trigger="fresh from:body"' in page, (
                block
            )
    asked = [json.loads(message)["headers"] for message in redis.client().lrange("work", 0, -1)]
    assert [one["argsrepr"] for one in asked if one["task"] == desk.count_desk.name] == ["['2026-11']"]
    monkeypatch.undo()
    seen = changes.page_stamp(NOW)
    desk.count_desk("2026-11")
    assert changes.page_stamp(NOW) != seen  # pages that are open ask again
    assert context(client, "figures")["sums"].stuck == 5


def test_without_a_worker_the_first_figures_are_counted_by_a_reader_after_a_minute(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_size, "LARGE", -2)
    key = kept_snapshot.key_of(MONTH)
    redis.client().delete(key, f"{key}:first")
    asked: list[Period] = []
    assert kept_snapshot.find_snapshot(NOW, MONTH, asked.append) is None
    redis.client().expire(f"{key}:first", kept_snapshot.MOST_WAIT)
    found = kept_snapshot.find_snapshot(NOW, MONTH, asked.append)
    assert found == snapshot.decode_snapshot(snapshot.count_snapshot(NOW, MONTH))
    assert asked == [MONTH]


def test_a_file_and_the_wall_wait_for_their_figures(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_size, "LARGE", -2)
    for address in ("/desk/people/?export=csv", "/tv/"):
        redis.client().delete(kept_snapshot.key_of(MONTH))
        assert login().get(address).status_code == 200
        assert redis.client().exists(kept_snapshot.key_of(MONTH)), address


def test_a_judgement_rings_when_it_has_judged(office: Office) -> None:
    seen = changes.data_stamp(NOW)
    judge_waiting()
    desk.ring(task=judge_waiting)
    desk.ring(task=desk.count_desk)
    assert changes.data_stamp(NOW) == seen
    JudgementRequest.objects.demand_all()
    judge_waiting()
    assert changes.data_stamp(NOW) != seen


def test_the_desk_lives_without_redis(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "client", nowhere)
    assert context(login(), "figures")["sums"].stuck == 5


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_costs_six_queries_at_most(
    office: Office, block: str, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: object
) -> None:
    monkeypatch.setattr(
        changes, "BUCKET", 10**9
    )  # a new one begins between two requests and the snapshot is counted
    for number in range(20):
        office.stand_still(factory.make_person(f"Менеджер {number}"), 1_000 + number, days=1)
    client = login()
    client.get(
        f"/desk/{block}/", headers=HTMX
    )  # a process that has just begun does not know yet what a report costs
    changes.announce_change()
    # The weeks and what people did meanwhile; proposals with their owners and deals; a report of analytics.
    lines = {"figures": 5, "first": 6, "flow": 5, "load": 6}.get(block, 0)
    if block == "first":
        count_proposals(NOW)
    with django_assert_max_num_queries(7 + lines):  # the first reader after a change counts the snapshot
        client.get(f"/desk/{block}/", headers=HTMX)
    with django_assert_max_num_queries(6 + lines):
        client.get(f"/desk/{block}/", headers=HTMX)


def test_the_page_itself_costs_six_queries(office: Office, django_assert_max_num_queries: object) -> None:
    client = login()
    with django_assert_max_num_queries(6):
        client.get("/desk/")
