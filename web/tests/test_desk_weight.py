"""What the desk says of weight: who has left comes first, unpriced deals, colours, totals, and what is cut off."""

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import changes, moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from kpi.models import Scheme, Statement
from metrics.chances import Chance
from pipelines.models import Person, Stage, Task
from qc.models import Regulation
from team.models import Role
from web.desk import blocks
from web.desk.blocks import Sums, heat_level
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
# a module with a database is slow to begin with on a busy machine; what is drawn is a few numbers
calmly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True)
def friday() -> Any:
    moment.fix(NOW.isoformat())
    changes.announce_change()
    yield
    moment.fix(None)


class Shop:
    """``fresh``: a stage whose deals have no amount yet; of 40 that were there and closed, 10 were won at 60,000."""

    def __init__(self) -> None:
        self.sales = factory.make_pipeline("Продажи")
        self.fresh = factory.make_stage(self.sales, "Взяли в работу", sort=1)
        self.ready = factory.make_stage(self.sales, "Готов к выдаче", sort=2)
        self.won = factory.make_stage(self.sales, "Успешно", Stage.Kind.WON, sort=3)
        self.lost = factory.make_stage(self.sales, "Закрыто", Stage.Kind.LOST, sort=4)
        self.anna = factory.make_person("Анна Кузнецова")
        self.kirill = factory.make_person("Кирилл Бережной")

    def past(self, count: int, won: int, price: int) -> None:
        for number in range(count):
            end = self.won if number < won else self.lost
            deal = factory.make_deal(end, self.anna, since=NOW - 60 * DAY, price=Decimal(price))
            deal.stays.update(visit=2)
            deal.stays.create(
                stage=self.fresh,
                visit=1,
                visit_since=NOW - 61 * DAY,
                entered_at=NOW - 61 * DAY,
                left_at=NOW - 60 * DAY,
            )

    def stuck(self, stage: Stage, person: Person, price: int, count: int = 1) -> None:
        for _ in range(count):
            factory.make_finding(factory.make_deal(stage, person, price=Decimal(price)))


@pytest.fixture
def shop() -> Shop:
    return Shop()


def login(role: str = Role.DIRECTOR, **values: Any) -> Client:
    return signed_in(factory.make_employee(role, **{"language": "en"} | values))


def context(client: Client, block: str, query: str = "") -> Any:
    response = client.get(f"/desk/{block}/{query}", headers=HTMX)
    assert response.status_code == 200
    return response.context


def test_deals_without_an_amount_weigh_the_average_sale_times_its_chance(shop: Shop) -> None:
    shop.past(40, won=10, price=60_000)
    shop.stuck(shop.fresh, shop.anna, 0, count=6)
    shop.stuck(shop.ready, shop.anna, 80_000)
    rows = context(login(), "stuck")["rows"]
    assert [(stage, sums.stuck, sums.frozen, sums.expected) for stage, sums in rows] == [
        (shop.fresh, 6, 0, 6 * 60_000 * Decimal(10) / 40),
        (shop.ready, 1, 80_000, 0),
    ]
    (spot,) = context(login(), "today")["spots"]
    assert (spot.chance.average, spot.chance.share, spot.chance.closed) == (60_000, 0.25, 40)


def test_a_chance_from_few_deals_is_not_told(shop: Shop) -> None:
    shop.past(19, won=10, price=60_000)
    shop.stuck(shop.fresh, shop.anna, 0, count=6)
    ((_, sums),) = context(login(), "stuck")["rows"]
    assert (sums.unpriced, sums.expected) == (6, 0)


@calmly
@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 10**9))
def test_an_expected_value_lies_between_nothing_and_the_average(
    won: int, lost: int, priced: int, money: int
) -> None:
    chance = Chance("1:2", won + lost, won, min(priced, won), Decimal(money if min(priced, won) else 0))
    if chance.value is None:
        assert won + lost < 20 or chance.average is None
    else:
        assert 0 <= chance.value <= chance.average


def test_the_deals_of_whoever_has_left_are_item_one(shop: Shop) -> None:
    shop.stuck(shop.ready, shop.anna, 900_000, count=4)
    shop.stuck(shop.ready, shop.kirill, 10_000, count=2)
    Person.objects.filter(pk=shop.kirill.pk).update(is_active=False, deleted_at=NOW - DAY)
    client = login()
    (gone,) = context(client, "today")["gone"]
    assert (gone.manager, gone.sums.open, gone.sums.money) == (shop.kirill.pk, 2, 20_000)
    page = client.get("/desk/today/", headers=HTMX).content.decode()
    (first, *_others) = re.findall(r'class="what" href="([^"]+)"', page)
    assert client.get(unescape(first)).context["totals"] == {"count": 2, "sum": 20_000}


def test_whoever_left_by_the_staff_list_alone_has_left_too(shop: Shop) -> None:
    factory.make_employee(Role.MANAGER, shop.kirill, left_on=(NOW - DAY).date())
    factory.make_employee(Role.MANAGER, shop.anna, left_on=NOW.date())  # his last day is not over
    assert login().get("/deals/").context["user"].leavers == {shop.kirill.pk}


@pytest.mark.parametrize(
    "path", ["/deals/", "/findings/", "/tasks/", "/desk/people/", "/desk/heat/", "/deals/{deal}/"]
)
def test_the_badge_stands_beside_the_name_everywhere(shop: Shop, path: str) -> None:
    shop.stuck(shop.ready, shop.kirill, 10_000, count=6)
    task: Task = factory.make_task(factory.make_deal(shop.ready, shop.kirill))
    client, address = login(), path.format(deal=task.deal_id)
    assert "left-badge" not in client.get(address).content.decode()
    Person.objects.filter(pk=shop.kirill.pk).update(is_active=False, deleted_at=NOW - DAY)
    changes.announce_change()
    assert "left-badge" in client.get(address).content.decode()


def test_one_of_one_is_no_fire(shop: Shop) -> None:
    shop.stuck(shop.ready, shop.anna, 900_000, count=6)
    shop.stuck(shop.fresh, shop.kirill, 900_000)
    rows = context(login(), "heat")["rows"]
    levels = {(stage, manager): cell.level for stage, line, _ in rows for manager, cell in line if cell}
    assert levels[shop.ready, shop.anna.pk] == blocks.LEVELS
    assert levels[shop.fresh, shop.kirill.pk] == 0


@calmly
@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 10**7), st.integers(1, 10**7), st.booleans())
def test_a_heavier_cell_is_never_paler(stuck: int, more: int, frozen: int, most: int, by_count: bool) -> None:
    top = Decimal(most)
    light = Sums(open=500, stuck=stuck, frozen=Decimal(frozen))
    heavy = Sums(open=500, stuck=stuck + more, frozen=Decimal(frozen + more))
    assert 0 <= heat_level(light, top, by_count) <= heat_level(heavy, top, by_count) <= blocks.LEVELS


def test_heat_adds_up_both_ways(shop: Shop) -> None:
    shop.stuck(shop.ready, shop.anna, 5_000, count=7)
    shop.stuck(shop.ready, shop.kirill, 7_000, count=2)
    shop.stuck(shop.fresh, shop.kirill, 1_000, count=3)
    for query in ("", "?by=count"):
        shown = context(login(), "heat", query)
        by_row = sum(whole.stuck for _, _, whole in shown["rows"])
        by_column = sum(sums.stuck for _, _, sums in shown["managers"])
        inside = sum(cell.sums.stuck for _, line, _ in shown["rows"] for _, cell in line if cell)
        assert by_row == by_column == inside == shown["sums"].stuck == 12


def test_a_table_that_is_cut_says_how_many_more_and_leads_to_them(shop: Shop) -> None:
    for number in range(11):
        shop.stuck(shop.ready, factory.make_person(f"Человек {number}"), 1_000 * number)
    client = login()
    page = client.get("/desk/people/", headers=HTMX).content.decode()
    assert (page.count("<tr>"), "3 more" in page, "11 of 11" in page) == (8 + 1, True, True)
    whole = client.get("/desk/people/").content.decode()
    assert (whole.count("<tr>"), "more</a>" in whole) == (11 + 1, False)


def test_a_desk_of_one_pipeline_shows_nothing_that_belongs_to_whole_people(shop: Shop) -> None:
    scheme = Scheme.objects.create(code="demo", version=1, document={}, effective_from="2026-11-01")
    facts = {
        "quota": "9",
        "shifts": {"planned": 15, "worked": 9},
        "rules": {"task.none": [1, 1, 4]},
        "measures": {},
    }
    Statement.objects.create(
        manager=shop.anna, period="2026-11-01", total=54_321, scheme=scheme, inputs=facts, computed_at=NOW
    )
    factory.make_deal(shop.won, shop.anna)
    client = login()
    whole = client.get("/desk/managers/", headers=HTMX).content.decode()
    part = client.get(f"/desk/managers/?pipeline={shop.sales.pk}", headers=HTMX).content.decode()
    assert "54,321" in whole and "75" in whole
    assert "54,321" not in part and "Quality" not in part.partition("<table")[2]
    assert (
        "for all pipelines together"
        in client.get(f"/desk/figures/?pipeline={shop.sales.pk}", headers=HTMX).content.decode()
    )


def test_what_a_version_opened_is_no_news_and_says_by_which(shop: Shop) -> None:
    shop.stuck(shop.ready, shop.anna, 1_000, count=2)
    factory.make_regulation(shop.fresh, version=2, published_at=NOW - DAY / 2)
    for _ in range(3):
        deal = factory.make_deal(shop.fresh, shop.anna)
        factory.make_finding(deal, opens_at=NOW - DAY / 2, values={"case": "new", "norm": 60})
    client = login()
    shown = context(client, "feed")
    assert [(story.count, finding.stage_id) for story, finding in shown["stories"]] == [(2, shop.ready.pk)]
    ((opening),) = shown["versions"]
    assert (opening.regulation, opening.count) == (Regulation.objects.get(), 3)
    page = client.get("/desk/feed/", headers=HTMX).content.decode()
    (href,) = re.findall(r'href="(/findings/[^"]*by_version=1[^"]*)"', page)
    assert client.get(unescape(href)).context["count"] == 3
    assert client.get(unescape(href)).content.decode().count("opened by version 2 of the regulation") == 3
    figures = context(client, "figures")
    assert (figures["new_findings"], figures["by_version"]) == (2, 3)


def test_overdue_tasks_of_closed_deals_stand_apart(shop: Shop) -> None:
    late = factory.make_task(factory.make_deal(shop.ready, shop.anna), NOW - DAY)
    left = [factory.make_task(factory.make_deal(shop.lost, shop.anna), NOW - 9 * DAY) for _ in range(2)]
    client = login()
    shown = context(client, "overdue")
    ((_, _, row),) = shown["rows"]
    assert (shown["sum"], shown["leftover"], row.tasks, row.oldest) == (1, 2, 1, late.due_at)
    page = client.get("/desk/overdue/", headers=HTMX).content.decode()
    counts = {
        unescape(href): client.get(unescape(href)).context["count"]
        for href in re.findall(r'href="(/tasks/[^"]+)"', page)
    }
    assert sorted(set(counts.values())) == [1, 2]
    assert set(client.get("/tasks/?overdue=1&closed_deal=1").context["page"]) == set(left)
