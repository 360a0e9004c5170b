"""«Пульт»: its numbers, their links to the very rows, who may open it, and what it costs."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import Deal, Stay, Touch
from team.models import Role
from web.desk.views import BLOCKS
from web.tests.clients import signed_in
from web.tests.desk_office import HTMX, MONTH, Office, context, hrefs, login
from web.tests.desk_office import friday as friday
from web.tests.desk_office import office as office

pytestmark = pytest.mark.django_db


def test_the_main_figures_add_up(office: Office) -> None:
    office.plan(office.anna, 1_000_000, 50_000)
    shown = context(login(), "figures")
    sums = shown["sums"]
    assert (sums.open, sums.stuck, sums.frozen) == (7, 5, Decimal(660_000))
    assert (sums.untasked, sums.untasked_money) == (4, Decimal(430_000))
    assert shown["frozen_change"] == Decimal(160_000)  # 500 thousand stood still a week ago
    assert shown["stuck_change"] == 3
    assert shown["overdue"] == 1
    assert (shown["open_findings"], shown["new_findings"], shown["fixed_findings"]) == (5, 3, 1)
    assert shown["plan"].won == Decimal(400_000)
    assert shown["plan"].attainment == Decimal("0.4")
    assert shown["plan"].passed == Decimal(10) / 15
    assert shown["plan"].tone == "bad"


def test_every_figure_leads_to_exactly_its_rows(office: Office) -> None:
    client = login()
    shown = context(client, "figures")
    stuck, _same, overdue, untasked, opened, new, fixed, won = hrefs(client, "figures")
    assert client.get(stuck).context["totals"] == {"count": 5, "sum": Decimal(660_000)}
    assert client.get(untasked).context["totals"] == {"count": 4, "sum": Decimal(430_000)}
    assert client.get(won).context["totals"] == {"count": 1, "sum": Decimal(400_000)}
    assert client.get(overdue).context["count"] == 1
    assert client.get(opened).context["count"] == shown["open_findings"]
    assert client.get(new).context["count"] == shown["new_findings"]
    assert client.get(fixed).context["count"] == shown["fixed_findings"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?group=Опт",
        "?pipeline={sales}",
        "?manager={anna}",
        "?pipeline={wholesale}&group=Опт&manager={roman}",
    ],
)
def test_a_narrower_desk_keeps_its_links_true(office: Office, query: str) -> None:
    query = query.format(
        sales=office.sales.pk, wholesale=office.wholesale.pk, anna=office.anna.pk, roman=office.roman.pk
    )
    client = login()
    sums = context(client, "figures", query)["sums"]
    stuck, _same, _overdue, untasked, *_ = hrefs(client, "figures", query)
    assert client.get(stuck).context["totals"]["count"] == sums.stuck
    assert client.get(untasked).context["totals"]["count"] == sums.untasked


def test_stages_people_and_heat_tell_the_same_story(office: Office) -> None:
    client = login()
    stages, people, heat = (context(client, block) for block in ("stuck", "people", "heat"))
    assert [(stage, sums.stuck, sums.frozen) for stage, sums in stages["rows"]] == [
        (office.ready, 5, Decimal(660_000))
    ]
    assert [(manager, sums.stuck) for manager, _, sums in people["rows"]] == [
        (office.anna.pk, 3),
        (office.roman.pk, 1),
        (None, 1),
    ]
    ((stage, line, whole),) = heat["rows"]
    assert [(manager, cell.sums.stuck, cell.sums.open) for manager, cell in line] == [
        (office.anna.pk, 3, 3),
        (office.roman.pk, 1, 2),
        (None, 1, 1),
    ]
    assert (whole.stuck, heat["sums"].stuck, heat["sums"].frozen) == (5, 5, 660_000)
    for block in ("stuck", "people", "heat"):
        for href in hrefs(client, block):
            if not href.startswith("/desk/"):
                assert client.get(href).context["totals"]["count"] > 0, href


def test_overdue_tasks_and_deals_without_a_task_are_listed(office: Office) -> None:
    client = login()
    ((manager, name, late),) = context(client, "overdue")["rows"]
    assert (manager, name, late.tasks, late.oldest) == (office.anna.pk, "Анна Кузнецова", 1, NOW - 3 * DAY)
    rows = context(client, "untasked")["rows"]
    assert [(stage, sums.untasked) for stage, sums in rows] == [(office.ready, 3), (office.bulk, 1)]


def test_today_names_the_hot_spot_and_the_dearest_deals(office: Office) -> None:
    shown = context(login(), "today")
    assert [(spot.stage, spot.manager, spot.sums.stuck) for spot in shown["spots"]] == [
        (office.ready, office.anna.pk, 3)
    ]
    assert [case.deal.price for case in shown["cases"]] == [300_000, 200_000, 100_000, 50_000, 10_000]
    assert shown["cases"][0].finding.deal == office.stuck[2]


def test_the_feed_has_the_latest_first_and_tells_fixed_from_found(office: Office) -> None:
    stories = context(login(), "feed")["stories"]
    moments = [story.at for story, _ in stories]
    assert moments == sorted(moments, reverse=True)
    assert [finding for story, finding in stories if story.fixed] == [office.fixed]


def test_the_feed_folds_a_day_of_one_person_and_rule_into_a_line(office: Office) -> None:
    for _ in range(3):
        office.stand_still(office.anna, 1_000, days=1)
    stories = context(login(), "feed")["stories"]
    assert [(story.count, story.at) for story, _ in stories if story.manager == office.anna.pk] == [
        (4, NOW - DAY)
    ]


def test_a_line_of_the_feed_leads_to_as_many_findings_as_it_counts(office: Office) -> None:
    for days in (1, 1, 2, 3):
        deal = office.stand_still(office.anna, 1_000, days=days)
        factory.make_finding(deal, "task.none", opens_at=NOW - 9 * DAY, closes_at=NOW - days * DAY)
    client = login()
    stories = context(client, "feed")["stories"]
    links = [href for href in hrefs(client, "feed") if "rule=" in href]
    assert [client.get(href).context["count"] for href in links] == [
        story.count for story, _finding in stories if story.count > 1
    ]


def test_a_bad_filter_is_one_sentence_inside_a_block(office: Office) -> None:
    page = login().get("/desk/figures/?pipeline=abc", headers=HTMX)
    assert page.status_code == 422
    assert "<html" not in page.content.decode()


def test_the_feed_joins_a_line_across_pipelines(office: Office) -> None:
    for stage, hour in ((office.bulk, 1), (office.ready, 2), (office.bulk, 3)):
        deal = factory.make_deal(stage, office.roman)
        factory.make_finding(
            deal, "task.overdue", opens_at=NOW - hour * timedelta(hours=1), values={"due": NOW.isoformat()}
        )
    stories = context(login(), "feed")["stories"]
    counted = [(story.count, story.at) for story, finding in stories if finding.rule == "task.overdue"]
    assert counted == [(3, NOW - timedelta(hours=1))]


def test_managers_show_plan_quality_and_money(office: Office) -> None:
    office.plan(office.anna, 400_000, 52_000)
    office.plan(office.roman, 500_000, 41_000)
    anna, roman = context(login(), "managers")["members"]
    assert (anna.name, anna.plan.attainment, anna.plan.tone, anna.total, anna.findings) == (
        "Анна Кузнецова",
        1,
        "good",
        52_000,
        3,
    )
    assert (roman.plan.attainment, roman.plan.tone) == (0, "bad")
    assert anna.quality == Decimal(75)


def test_a_controller_sees_quality_but_no_pay(office: Office) -> None:
    office.plan(office.anna, 400_000, 52_777)
    client = login(Role.CONTROLLER)
    (anna,) = context(client, "managers")["members"]
    assert anna.total is None
    assert anna.quality == Decimal(75)
    assert "52 777" not in client.get("/desk/managers/", headers=HTMX).content.decode().replace("\xa0", " ")


def test_a_sale_counts_for_whoever_closed_it_and_its_links_agree(office: Office) -> None:
    """Roman looks after Anna's sale since; her pay counts it, and so does the desk."""
    office.plan(office.anna, 1_000_000, 0)
    office.sold.stays.update(left_at=NOW - DAY)
    Stay.objects.create(
        deal=office.sold,
        stage=office.won,
        manager=office.roman,
        visit=1,
        visit_since=NOW - 2 * DAY,
        entered_at=NOW - DAY,
    )
    office.sold.manager = office.roman
    office.sold.save()
    anna, *_others = context(login(), "managers")["members"]
    assert (anna.name, anna.plan.won) == ("Анна Кузнецова", Decimal(400_000))
    head = factory.make_employee(Role.HEAD)
    factory.make_employee(Role.MANAGER, office.anna, head=head)
    her_head = signed_in(head)
    scopes = [(login(), f"?manager={office.anna.pk}"), (login(), "?group=Отдел продаж"), (her_head, "")]
    for client, query in scopes:
        assert context(client, "figures", query)["plan"].won == Decimal(400_000), query
        won = hrefs(client, "figures", query)[-1]
        assert client.get(won).context["totals"] == {"count": 1, "sum": Decimal(400_000)}, won


def test_a_sale_handed_over_in_the_second_of_closing_is_the_givers_everywhere(office: Office) -> None:
    office.plan(office.anna, 1_000_000, 0)
    sold = office.sold
    Stay.objects.create(
        deal=sold, stage=office.ready, manager=office.anna, visit=1, visit_since=NOW - 9 * DAY,
        entered_at=NOW - 9 * DAY, left_at=sold.closed_at, next_stage=office.won,
    )  # fmt: skip
    sold.stays.filter(stage=office.won).update(visit=2, manager=office.roman)
    Deal.objects.filter(pk=sold.pk).update(manager=office.roman)
    anna, *_others = context(login(), "managers")["members"]
    assert (anna.name, anna.plan.won) == ("Анна Кузнецова", Decimal(400_000))
    won = hrefs(login(), "figures", f"?manager={office.anna.pk}")[-1]
    assert login().get(won).context["totals"] == {"count": 1, "sum": Decimal(400_000)}


def test_sales_without_a_plan_do_not_fulfil_the_plan_of_others(office: Office) -> None:
    office.plan(office.anna, 1_000_000, 0)
    factory.make_deal(office.won, office.roman, since=NOW - DAY, price=Decimal(600_000))
    plan = context(login(), "figures")["plan"]
    assert (plan.won, plan.attainment) == (Decimal(1_000_000), Decimal("0.4"))


def test_the_chart_has_every_day_of_the_month_and_leads_to_the_deals(office: Office) -> None:
    office.plan(office.anna, 3_000_000, 0)
    client = login()
    bars, plan = context(client, "won")["figure"]["data"]
    assert len(bars["x"]) == 30
    assert bars["y"][17] == 400_000
    assert plan["y"][0] == 100_000
    assert client.get(bars["customdata"][17]).context["totals"]["count"] == 1


def test_a_sale_late_in_the_evening_belongs_to_its_local_day(office: Office) -> None:
    edge = MONTH.start - timedelta(seconds=1)
    factory.make_deal(office.won, office.anna, since=edge, name="31 октября, 23:59:59")
    factory.make_deal(office.won, office.anna, since=MONTH.start, name="1 ноября, полночь", price=Decimal(7))
    bars, *_ = context(login(), "won")["figure"]["data"]
    assert bars["y"][0] == 7


@pytest.mark.parametrize("path", ["/desk/", "/desk/pulse/", *(f"/desk/{block}/" for block in BLOCKS)])
def test_a_stranger_is_sent_to_the_login_page(path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 302
    assert response.url.startswith(reverse("login"))


@pytest.mark.parametrize("path", ["/desk/", *(f"/desk/{block}/" for block in BLOCKS)])
def test_the_desk_does_not_exist_for_a_manager(office: Office, path: str) -> None:
    assert login(Role.MANAGER, office.anna).get(path).status_code == 404


@pytest.mark.parametrize("role", [Role.HEAD, Role.CONTROLLER, Role.FINANCE, Role.DIRECTOR, Role.ADMIN])
def test_every_other_role_opens_every_block(office: Office, role: str) -> None:
    client = login(role)
    assert client.get("/desk/").status_code == 200
    for block in BLOCKS:
        assert client.get(f"/desk/{block}/", headers=HTMX).status_code == 200, block
        assert "<html" in client.get(f"/desk/{block}/").content.decode(), block


def test_a_head_sees_the_team_only(office: Office) -> None:
    head = factory.make_employee(Role.HEAD)
    factory.make_employee(Role.MANAGER, office.roman, head=head)
    client = signed_in(head)
    sums = context(client, "figures")["sums"]
    assert (sums.open, sums.stuck, sums.frozen) == (3, 1, Decimal(50_000))
    assert client.get(f"/desk/?manager={office.anna.pk}").status_code == 422
    assert [case.deal for case in context(client, "today")["cases"]] == [office.stuck[3]]


@pytest.mark.parametrize("query", ["pipeline=abc", "pipeline=999", "group=Никто", "manager=x", "manager=1e9"])
def test_nonsense_in_the_address_is_refused_in_one_sentence(office: Office, query: str) -> None:
    client = login()
    for path in ("/desk/", "/desk/figures/"):
        page = client.get(f"{path}?{query}")
        assert page.status_code == 422
        assert query.partition("=")[2] in page.content.decode()


def test_a_block_that_does_not_exist_is_not_found() -> None:
    assert login().get("/desk/nonsense/").status_code == 404


def test_an_empty_portal_has_an_empty_desk() -> None:
    client = login()
    for block in BLOCKS:
        assert client.get(f"/desk/{block}/", headers=HTMX).status_code == 200, block
    assert 'class="empty"' in client.get("/desk/today/", headers=HTMX).content.decode()


def test_a_circle_of_the_load_leads_to_the_cases_of_its_weeks(office: Office) -> None:
    for number in range(3):
        deal = factory.make_deal(office.ready, office.anna, since=NOW - 40 * DAY)
        for day, severity in ((9, "violation"), (16, "violation"), (23, "violation"), (10, "question")):
            at = NOW - (day + number) * DAY
            factory.make_finding(deal, "task.none", since=at, opens_at=at, severity=severity)
        for minute in range(3):
            at = NOW - 10 * DAY + timedelta(minutes=9 * minute, hours=number)
            Touch.objects.create(
                id=f"{deal.pk}-{minute}",
                at=at,
                updated_at=at,
                kind="call_out",
                deal=deal,
                manager=office.anna,
            )
    client = login()
    page = client.get("/desk/load/", headers=HTMX)
    [dot] = [one for one in page.context["dots"] if one["manager"] == office.anna.pk]
    assert dot["cases"] >= 9
    assert f'data-total="{dot["cases"]}"' in page.content.decode()
    assert client.get(dot["href"]).context["count"] == dot["cases"]
