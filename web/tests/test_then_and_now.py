"""Kept weeks, «Тогда и сейчас», «Потери», the screen on the wall: their numbers, who may open them, what they cost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import changes, moment
from core.zone import portal_zone
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from jobs import weeks
from jobs.models import KeptWeek, WeekFact
from metrics.weeks import list_last_weeks
from pipelines.models import Deal, Stage
from qc.models import RuleMode
from team.models import Role
from web.tests.clients import signed_in
from web.tests.crawl import differences, read_links

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    changes.announce_change()
    yield
    moment.fix(None)


def login(role: str = Role.DIRECTOR, person: object = None) -> Client:
    return signed_in(factory.make_employee(role, person))


class Office:
    def __init__(self) -> None:
        self.sales = factory.make_pipeline("Продажи")
        self.ready = factory.make_stage(self.sales, "Готов к выдаче", sort=1)
        self.lost = factory.make_stage(self.sales, "Закрыто и не реализовано", Stage.Kind.LOST, sort=3)
        self.anna, self.roman = factory.make_person("Анна Кузнецова"), factory.make_person("Роман Белов")
        self.deal = factory.make_deal(self.ready, self.anna, since=NOW - 30 * DAY, price=Decimal(100_000))
        self.other = factory.make_deal(self.ready, self.roman, since=NOW - 30 * DAY, price=Decimal(40_000))
        factory.make_finding(self.deal, since=NOW - 30 * DAY, opens_at=NOW - 20 * DAY)
        factory.make_finding(
            self.other, "task.none", since=NOW - 18 * DAY, opens_at=NOW - 18 * DAY, closes_at=NOW - 15 * DAY
        )
        factory.make_task(self.deal, NOW - 3 * DAY)


@pytest.fixture
def office() -> Office:
    return Office()


def numbers(week: object) -> dict[str, tuple[int, Decimal]]:
    found: dict[str, tuple[int, Decimal]] = {}
    for row in WeekFact.objects.filter(week=week):
        n, amount = found.get(row.measure, (0, Decimal(0)))
        found[row.measure] = n + row.n, amount + row.amount
    return found


def test_a_week_is_counted_as_it_stood_at_its_end(office: Office) -> None:
    weeks.keep_weeks(NOW, 60)
    every = list_last_weeks(NOW, 5, portal_zone())
    before, last = numbers(every[0].first), numbers(every[-1].first)
    assert last["open"] == (2, Decimal(140_000))
    assert last["stuck"] == (1, Decimal(100_000))
    assert last["overdue"][0] == 1
    assert last["findings"][0] == 1
    assert "stuck" not in before
    whole = [numbers(week.first) for week in every]
    assert sum(one.get("opened", (0, 0))[0] for one in whole) == 2
    assert sum(one.get("closed", (0, 0))[0] for one in whole) == 1
    full = numbers(every[2].first)
    assert full["days"] == (2, Decimal(14))  # two deals, seven days each


def test_past_weeks_are_written_only_when_their_rows_differ(office: Office) -> None:
    assert weeks.keep_weeks(NOW, 60) == weeks.KEPT
    assert weeks.keep_weeks(NOW, 60) == 0
    assert KeptWeek.objects.count() == weeks.KEPT
    Deal.objects.filter(pk=office.deal.pk).update(price=Decimal(70_000))
    assert weeks.keep_weeks(NOW, 60) == weeks.LIVELY  # older ones are not even counted
    touched = weeks.keep_weeks(NOW + timedelta(hours=24), 60)
    assert 0 < touched < weeks.KEPT  # only those in which the deal lived
    assert KeptWeek.objects.filter(definitions=1).count() == weeks.KEPT


def test_the_desk_draws_the_weeks_and_ends_them_with_the_present_figure(office: Office) -> None:
    weeks.keep_weeks(NOW, 60)
    shown = login().get("/desk/figures/", headers={"HX-Request": "true"})
    lines = shown.context["sparks"].lines
    assert lines["frozen"].values[-1] == 100_000
    assert lines["frozen"].values[-2] == 100_000
    assert lines["frozen"].values[0] == 0
    assert b'class="spark' in shown.content


def test_then_and_now_names_people_and_is_the_heads_own_for_a_head(office: Office) -> None:
    weeks.keep_weeks(NOW, 60)
    page = login().get("/then-and-now/?measure=stuck&weeks=13")
    assert page.status_code == 200
    assert {line.name for line in page.context["picture"].lines} <= {"Анна Кузнецова", "Роман Белов"}
    assert page.context["known"]
    head = login(Role.HEAD)
    assert head.get("/then-and-now/").context["heads"] == []  # he leads nobody
    assert login(Role.MANAGER, office.anna).get("/then-and-now/").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "?weeks=7",
        "?measure=nonsense",
        "?date=yesterday",
        "?person=999",
        "?by=x",
        "?whose=0",
        "?date=2026-10-05&by=rules",
    ],
)
def test_nonsense_falls_back_to_the_usual(office: Office, query: str) -> None:
    weeks.keep_weeks(NOW, 60)
    assert login().get(f"/then-and-now/{query}").status_code == 200


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.CONTROLLER])
def test_a_share_leads_to_rows_that_add_up_to_it(office: Office, role: str) -> None:
    """Also to those of a time when the rule was in shadow: they are counted, as the rule is shown now."""
    shown, hidden = "deal.stuck", "task.none"
    for rule, mode in ((shown, RuleMode.Mode.WARN), (hidden, RuleMode.Mode.SHADOW)):
        RuleMode.objects.update_or_create(rule=rule, defaults={"mode": mode})
    for days in (9, 10, 11):
        at = NOW - days * DAY
        factory.make_finding(office.deal, shown, since=at, opens_at=at, mode="shadow")
        factory.make_finding(office.other, hidden, since=at, opens_at=at, mode="shadow")
    weeks.keep_weeks(NOW, 60)
    address, client = f"/then-and-now/?person={office.anna.pk}", login(role)
    page = client.get(address)
    now = page.context["share"]["rows"][1]
    assert (now["share"].own.top, now["share"].all.top) == (4, 5)
    assert list(differences(client, {address: page.content.decode()}, "ru")) == []
    links = [link for link in read_links(page.content.decode()) if "counted=1" in link.href and link.total]
    assert sorted(link.total for link in links) == [4, 5]


@pytest.mark.parametrize(
    ("query", "whose"),
    [
        ("", ""),
        ("&whose={anna}", "Анна Кузнецова"),
        ("&whose={stage}", "{name}"),
        ("&by=stages", ""),
        ("&by=rules", ""),
        ("&measure=leak&whose={anna}", "Анна Кузнецова"),
        ("&measure=standing&whose={anna}", "Анна Кузнецова"),
    ],
)
def test_numbers_of_weeks_and_of_both_sides_of_a_date_open_their_rows(
    office: Office, query: str, whose: str
) -> None:
    RuleMode.objects.update_or_create(rule="deal.stuck", defaults={"mode": RuleMode.Mode.WARN})
    monday = NOW.date() - timedelta(days=NOW.weekday() + 28)
    old = [
        factory.make_deal(office.ready, person, since=NOW - 90 * DAY)
        for person in (office.anna, office.roman)
        for _ in range(3)
    ]
    for days in (0.1, 3, 12, 27, 31, 33, 45, 60):
        at = NOW - days * DAY
        for deal in old[::3]:
            factory.make_finding(deal, "deal.stuck", since=at, opens_at=at, closes_at=at + DAY)
        lose(office, 1, at, office.anna)
    factory.make_finding(office.deal, "deal.stuck", since=NOW, opens_at=NOW + DAY)  # to come: of no week yet
    stage = office.deal.stage
    unowned = factory.make_deal(stage, None)
    factory.make_finding(unowned, "deal.stuck", since=NOW - 40 * DAY, opens_at=NOW - 40 * DAY, manager=None)
    weeks.keep_weeks(NOW, 60)
    address = f"/then-and-now/?date={monday}" + query.format(anna=office.anna.pk, stage=stage.pk)
    client = login()
    page = client.get(address)
    compared = page.context["compared"]
    assert compared["whose"] == whose.format(name=stage.name)
    assert list(differences(client, {address: page.content.decode()}, "ru")) == []
    totals = [link for link in read_links(page.content.decode()) if link.total and "since=" in link.href]
    if "standing" not in query:
        sides = [compared["rates"][f"changed_{side}"].findings for side in ("before", "after")]
        assert all(sides) and set(sides) <= {link.total for link in totals}
        assert len(totals) > 6
    else:
        assert compared["rows"] == ["", ""]


def test_what_the_weeks_count_in_shadow_is_for_whoever_directs(office: Office) -> None:
    factory.make_finding(office.deal, "deal.stuck", since=NOW - DAY, opens_at=NOW - DAY, mode="shadow")
    RuleMode.objects.update_or_create(rule="deal.stuck", defaults={"mode": RuleMode.Mode.WARN})
    query = f"/findings/?since={NOW - 2 * DAY:%Y-%m-%d}&counted=1"
    assert login().get(query).context["count"] == 1
    assert login().get(f"/api/v1{query}").json()["count"] == 1
    assert login(Role.MANAGER, office.anna).get(query).context["count"] == 0
    assert login(Role.HEAD).get(query).context["count"] == 0  # he leads nobody
    assert login().get(query.replace("counted=1", "counted=0")).context["count"] == 0
    assert login().get(query.replace("counted=1", "counted=x")).status_code == 422


def lose(office: Office, number: int, at: object, person: object) -> Deal:
    deal = factory.make_deal(office.lost, person, since=at, price=Decimal(1_000 * number))
    Deal.objects.filter(pk=deal.pk).update(closed_at=at)
    return deal


def test_losses_add_up_and_their_links_open_as_many_deals(office: Office) -> None:
    for number in range(20):
        lose(office, number, NOW - 10 * DAY + timedelta(minutes=number), office.anna)
    for number in range(5):
        lose(office, number, NOW - (20 + number) * DAY, office.roman)
    client = login()
    page = client.get("/losses/")
    assert page.context["whole"].deals == 25
    for split in page.context["splits"]:
        assert sum(row.heap.deals for row in split.rows) + split.rest.deals == 25
        for row in split.rows:
            listed = client.get(row.href)
            assert listed.status_code == 200, (row.href, listed.status_code, getattr(listed, "url", ""))
            assert listed.context["count"] == row.heap.deals, row.href
    [unlike] = page.context["unlike"]
    assert (unlike["count"], unlike["in_burst"], unlike["burst"].minutes) == (20, 20, 19)
    assert page.context["mistakes"]["all"] == 20
    day = client.get("/losses/" + unlike["alone"])
    assert day.context["whole"].deals == 20
    assert client.get(day.context["href"]).context["count"] == 20
    assert client.get("/losses/?day=2019-01-01").status_code == 422


@pytest.mark.parametrize("path", ["/then-and-now/", "/losses/", "/tv/", "/desk/figures/"])
def test_a_page_costs_a_fixed_number_of_queries(office: Office, path: str) -> None:
    weeks.keep_weeks(NOW, 60)
    client = login()
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as counted:
        assert client.get(path).status_code == 200
    assert len(counted) <= 12, [one["sql"][:90] for one in counted]


def test_the_screen_shows_no_money_and_no_names(office: Office) -> None:
    page = login().get("/tv/").content.decode()
    assert "sidebar" not in page, "it hangs on a wall: neither the menu nor whose it is"
    text = page.split('id="tv"')[1]
    assert "₽" not in text
    assert "Анна" not in text
