"""The state of the mirror and its comparison with amoCRM: on the page with its buttons, in the API, for monitors."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation
from redis import Redis

from core import locks, moment, redis
from devtools.tests import factory
from devtools.tests.factory import NOW
from pipelines.mirror.entities import TABLE
from pipelines.models import Cursor, Hook, Sweep
from team.models import Role
from web.sync import restarts

pytestmark = pytest.mark.django_db
CLEAN = {"checked": 2500, "missing": 0, "outdated": 0, "vanished": 0, "repaired": 0}
DRIFTED = {"checked": 1000, "missing": 3, "outdated": 2, "vanished": 1, "repaired": 6}


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    moment.fix(NOW.isoformat())
    with translation.override("en"):
        yield
    moment.fix(None)


def login(role: str = Role.DIRECTOR) -> Client:
    client = Client()
    employee = factory.make_employee(role)
    employee.language = "en"
    employee.save()
    client.force_login(employee)
    return client


def compared(**more: object) -> Sweep:
    values = {
        "started_at": NOW - timedelta(hours=3),
        "finished_at": NOW - timedelta(hours=2),
        "found": {"deals": CLEAN, "tasks": CLEAN},
    }
    return Sweep.objects.create(**values | more)


def page(client: Client) -> str:
    return " ".join(client.get(reverse("sync")).content.decode().split())


def test_before_the_first_comparison_the_page_says_so() -> None:
    assert "Nothing has been compared yet." in page(login())


def test_an_equal_mirror_is_told_in_one_sentence() -> None:
    compared()
    text = page(login())
    assert "The mirror was equal to amoCRM row by row." in text and "2,500" in text


def test_drift_is_told_with_its_rows() -> None:
    compared(found={"deals": DRIFTED, "tasks": CLEAN})
    assert "6 rows differed from amoCRM and have been repaired." in page(login())


def test_rows_that_are_doubted_are_told_apart() -> None:
    compared(found={"deals": CLEAN | {"vanished": 400, "doubted": 400}, "tasks": CLEAN})
    text = page(login())
    assert "amoCRM no longer shows 400 rows that are here." in text and "has been repaired" not in text


def test_an_interrupted_comparison_is_told_with_its_reason_beside_the_last_finished_one() -> None:
    compared()
    compared(finished_at=None, error="402 Payment Required")
    text = page(login())
    assert "402 Payment Required" in text and "The mirror was equal" in text


def test_a_running_comparison_is_shown_as_such() -> None:
    compared(finished_at=None, lease_until=locks.lease_until(timedelta(minutes=1)))
    text = page(login())
    assert "under way" in text and "was interrupted" not in text


def test_the_limits_of_freshness_are_on_the_page() -> None:
    Cursor.objects.create(entity="deals", as_of=NOW, rows=1)
    assert "late after 10 min and out of date after 1 h" in page(login()).replace("\xa0", " ")


BUTTONS = [
    ("sync-now", "amo", "jobs.mirror.pull_changes"),
    ("sync-compare", "amo", "jobs.mirror.sweep"),
    ("sync-replay", "hooks", "jobs.mirror.answer_hooks"),
]


@pytest.mark.parametrize(("button", "queue", "task"), BUTTONS)
@pytest.mark.parametrize(("role", "answer"), [(Role.MANAGER, 404), (Role.DIRECTOR, 404), (Role.ADMIN, 302)])
def test_only_an_administrator_presses_the_buttons(
    button: str, queue: str, task: str, role: str, answer: int
) -> None:
    client, before = login(role), waiting(queue, task)
    assert client.post(reverse(button)).status_code == answer
    assert waiting(queue, task) - before == (answer == 302)
    assert client.get(reverse(button)).status_code == 405


def waiting(queue: str, task: str) -> int:
    with Redis.from_url(settings.REDIS_URL) as redis:
        return sum(task.encode() in one for one in redis.lrange(queue, 0, -1))  # type: ignore[union-attr]  # redis-py: or an awaitable


def test_hooks_that_failed_are_shown_and_wait_no_longer_when_told() -> None:
    rests = locks.lease_until(timedelta(hours=1))
    hook = Hook.objects.create(body=b"", error="500 Internal Server Error", lease_until=rests)
    assert "500 Internal Server Error" in page(login()) and "Answer them now" not in page(login())
    admin = login(Role.ADMIN)
    assert "Answer them now" in page(admin)
    admin.post(reverse("sync-replay"))
    hook.refresh_from_db()
    assert hook.lease_until is None and hook.error


def test_the_page_is_not_for_managers() -> None:
    client = login(Role.MANAGER)
    assert client.get(reverse("sync")).status_code == 404
    assert client.get(reverse("sync-progress")).status_code == 404


def test_progress_tells_share_rate_and_time_left() -> None:
    factory.make_cursor(
        "deals",
        state=Cursor.State.LOADING,
        rows=1_000,
        expected_rows=4_000,
        started_at=NOW - timedelta(seconds=10),
        as_of=None,
    )
    factory.make_cursor("tasks", state=Cursor.State.FAILED, error="amoCRM refused the token: renew it.")
    shown = login().get(reverse("sync"))
    one = next(row for row in shown.context["entities"] if row.cursor.entity == "deals")
    assert (one.share, one.rate, one.left) == (0.25, 100, timedelta(seconds=30))
    part = login().get(reverse("sync-progress"), headers={"HX-Request": "true"}).content.decode()
    assert "amoCRM refused the token" in part and "<html" not in part
    assert "<html" in login().get(reverse("sync-progress")).content.decode()


def test_what_the_token_may_not_see_is_said_once_and_is_no_failure() -> None:
    factory.make_cursor("users", state=Cursor.State.DENIED, error="403 Forbidden", as_of=None)
    shown = page(login(Role.ADMIN))
    assert "does not show this to the portal" in shown and "The last attempt failed" not in shown


def test_an_empty_portal_has_an_empty_page() -> None:
    assert login().get(reverse("sync")).context["entities"] == []


def test_the_api_tells_limits_and_the_last_comparison() -> None:
    compared(found={"deals": DRIFTED, "tasks": CLEAN})
    Cursor.objects.create(entity="deals", as_of=NOW - timedelta(minutes=11), rows=7)
    rows = {row["entity"]: row for row in login().get("/api/v1/freshness/").json()}
    assert rows["deals"]["state"] == "stale" and rows["deals"]["rows"] == 7
    assert (rows["deals"]["stale_after"], rows["deals"]["critical_after"]) == (600, 3600)
    assert (rows["users"]["stale_after"], rows["users"]["critical_after"]) == (3600, 86_400)
    assert rows["users"]["comparison"] is None
    told = rows["deals"]["comparison"]
    assert {name: told[name] for name in DRIFTED} == DRIFTED and told["finished_at"]


def test_readyz_tells_the_state_of_every_entity_and_the_drift() -> None:
    compared(found={"deals": DRIFTED, "tasks": CLEAN})
    for entity in TABLE:
        Cursor.objects.create(entity=entity.name, as_of=NOW)
    Cursor.objects.filter(entity="tasks").update(as_of=NOW - timedelta(minutes=61))
    answer = Client().get("/readyz")
    body = answer.json()
    assert answer.status_code == 200 and body["data"] == "critical"
    assert body["entities"]["tasks"] == "critical" and body["entities"]["deals"] == "fresh"
    assert body["drift"]["deals"]["rows"] == 6 and body["drift"]["tasks"]["rows"] == 0
    assert body["notices"] == "never began"


def test_the_comparison_runs_every_night_and_is_taken_up_again_when_it_broke_off() -> None:
    from salesops.celery import app

    night = [one for one in app.conf.beat_schedule.values() if one["task"] == "jobs.mirror.sweep"]
    first, later = sorted(night, key=lambda one: len(one.get("args", ())))
    assert (first["schedule"].hour, first["schedule"].minute) == ({3}, {30})
    assert later["args"] == [True] and min(later["schedule"].hour) == 4


@pytest.mark.parametrize(("state", "pace"), [("loading", "every 2s"), ("ready", "every 15s")])
def test_the_page_asks_often_while_it_loads_and_gets_nothing_while_nothing_moves(
    state: str, pace: str
) -> None:
    factory.make_cursor(state=state)
    Hook.objects.create(body=b"", error="500 Internal Server Error")
    client = login(Role.ADMIN)
    shown = client.get(reverse("sync")).content.decode()
    assert f'hx-trigger="{pace}"' in shown
    seen = {"HX-Request": "true", "X-Seen": re.search(r'data-seen="(\w+)"', shown)[1]}
    assert client.get(reverse("sync-progress"), headers=seen).status_code == 204
    assert client.get(reverse("sync-progress"), headers=seen | {"X-Seen": "other"}).status_code == 200


def test_what_failed_is_told_in_a_sentence_with_the_answer_folded_away() -> None:
    factory.make_cursor(state="failed", error="HTTPStatusError: 502 <html>")
    shown = login(Role.ADMIN).get(reverse("sync-progress"), headers={"HX-Request": "true"}).content.decode()
    assert 'role="alert"' not in shown
    assert re.search(r"<details[^>]*>.*502 &lt;html&gt;.*</details>", shown, re.DOTALL)
    assert reverse("connect") in shown


def test_parts_of_the_portal_that_were_started_again_are_told_for_a_day() -> None:
    client = redis.client()
    client.delete(restarts.KEY)
    assert "started again" not in page(login())
    for part, code in (("beat", -9), ("worker-hooks", 1), ("PostgreSQL", None)):
        restarts.note(client, part, code)
    moment.fix(datetime.now(UTC).isoformat())
    text = page(login())
    assert "Parts of the portal were started again 3 times" in text
    for told in ("the schedule, it was killed by signal 9", "the answering of hooks, it ended with code 1",
                 "PostgreSQL, it did not answer"):  # fmt: skip
        assert told in text, told
    moment.fix((datetime.now(UTC) + timedelta(days=2)).isoformat())
    assert "started again" not in page(login())
    for _ in range(50):
        restarts.note(client, "beat", -9)
    assert len(restarts.read(client)) == restarts.KEPT and client.ttl(restarts.KEY) > 0
    client.delete(restarts.KEY)


def test_until_the_first_load_has_ended_every_page_says_that_it_counts_too_little() -> None:
    words = "has not ended yet"
    director, manager = login(), login(Role.MANAGER)
    for client in (director, manager):
        assert words not in client.get(reverse("deals")).content.decode(), "nothing has begun"
    factory.make_cursor("deals", state=Cursor.State.LOADING, rows=1_000, as_of=None)
    shown = director.get(reverse("deals")).content.decode()
    assert words in shown and f'<a class="btn" href="{reverse("sync")}">' in shown
    shown = manager.get(reverse("deals")).content.decode()
    assert words in shown and f'href="{reverse("sync")}"' not in shown
    for entity in TABLE:
        Cursor.objects.update_or_create(
            entity=entity.name, defaults={"as_of": NOW, "state": Cursor.State.READY}
        )
    assert words not in director.get(reverse("deals")).content.decode()
