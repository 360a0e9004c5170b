"""What is counted for long is counted once for a while, and says so; nobody is given another reader's count."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from core import kept, redis
from core.tests.no_redis import nowhere
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from team.models import Role
from web.frame import totals
from web.tests.desk_office import Office, login
from web.tests.desk_office import friday as friday
from web.tests.desk_office import office as office

pytestmark = pytest.mark.django_db
SAYS = "посчитано в "


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(totals, "SLOW", 0.0)
    monkeypatch.setattr(kept, "TIMES", 1e9)  # a count of nothing would be kept for a second
    forget_counts()
    yield
    monkeypatch.undo()
    forget_counts()


def forget_counts() -> None:
    for key in redis.client().scan_iter("list:*"):
        redis.client().delete(key)


def read(client: object, address: str = "/deals/?stuck=1") -> tuple[dict, bool]:
    answer = client.get(address)
    return answer.context["totals"], SAYS in answer.content.decode()


def test_who_asks_again_gets_the_same_count_with_its_time(office: Office) -> None:
    whole, client = {"count": 5, "sum": Decimal(660_000)}, login()
    assert read(client) == (whole, False)
    office.stand_still(office.roman, 5_000, days=1)
    assert read(client) == (whole, True)
    assert read(client, "/deals/?stuck=1&sort=price&page=1") == (whole, True)
    forget_counts()
    assert read(client) == ({"count": 6, "sum": Decimal(665_000)}, False)


def test_other_filters_and_other_readers_have_counts_of_their_own(office: Office) -> None:
    client = login()
    read(client)
    assert read(client, "/deals/?no_task=1") == ({"count": 4, "sum": Decimal(430_000)}, False)
    manager = login(Role.MANAGER, person=office.anna)
    own, old = read(manager)
    assert own["count"] == 3 and not old
    for other, count in ((login(Role.MANAGER, person=office.roman), 1), (login(), 5)):
        counted, old = read(other)
        assert counted["count"] == count and not old


def test_what_is_counted_quickly_is_never_old(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "SLOW", 30.0)
    client = login()
    read(client)
    office.stand_still(office.roman, 5_000, days=1)
    assert read(client) == ({"count": 6, "sum": Decimal(665_000)}, False)


def test_a_last_page_that_has_gone_is_not_shown_as_an_empty_list(office: Office) -> None:
    for number in range(47):
        at = NOW - DAY - number * DAY / 100
        factory.make_finding(office.untasked, "task.none", since=at, opens_at=at)
    last = office.untasked.findings.order_by("opens_at")
    client = login()
    count, _old = read(client, "/findings/")
    assert count["count"] > 50
    last.filter(pk__in=last.values("pk")[: count["count"] - 50]).delete()
    shown = client.get("/findings/?page=2")
    assert shown.context["count"] == 50 and shown.context["page"].number == 1 and list(shown.context["page"])


def test_without_redis_they_are_counted_every_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "client", nowhere)
    client = login()
    assert read(client) == read(client) == ({"count": 5, "sum": Decimal(660_000)}, False)
