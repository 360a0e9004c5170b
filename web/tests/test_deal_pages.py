"""The list of deals: what it shows, to whom, and what it costs."""

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import Stay
from team.models import Role
from web.tests.clients import signed_in
from web.tests.deal_office import HTMX, Office, login, text
from web.tests.deal_office import friday as friday
from web.tests.deal_office import office as office

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path", ["/deals/", "/deals/1/", "/deals/1/diary/", "/tasks/", "/sync/", "/sync/progress/"]
)
def test_a_stranger_is_sent_to_the_login_page(path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 302
    assert response.url.startswith(reverse("login"))


def test_the_list_shows_open_deals_first_and_their_sum(office: Office) -> None:
    page = login().get("/deals/")
    assert {row.deal for row in page.context["rows"]} == {office.stuck, office.fresh}
    assert page.context["totals"] == {"count": 2, "sum": Decimal(350_000)}
    assert "Стойка A8" in text(page)
    assert "Баллон X5" not in text(page)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("stuck=1", ["Стойка A8"]),
        ("stuck=0", ["Компрессор Q7"]),
        ("no_task=1", ["Компрессор Q7"]),
        ("no_task=0", ["Стойка A8"]),
        ("open=0", ["Баллон X5"]),
        ("open=", ["Стойка A8", "Компрессор Q7", "Баллон X5"]),
        ("open=true", ["Стойка A8", "Компрессор Q7"]),
        ("result=won", ["Баллон X5"]),
        ("result=won&since=2026-11-19", []),
        ("result=won&since=2026-11-18&until=2026-11-19", ["Баллон X5"]),
        ("group=Опт", ["Компрессор Q7"]),
        ("manager=none", []),
    ],
)
def test_filters_choose_the_rows(office: Office, query: str, names: list[str]) -> None:
    page = login().get(f"/deals/?{query}")
    assert page.status_code == 200
    assert {row.deal.name for row in page.context["rows"]} == set(names)


def test_filters_by_stage_manager_and_pipeline(office: Office) -> None:
    client = login()
    for query in (
        f"stage={office.ready.pk}",
        f"manager={office.anna.pk}",
        f"pipeline={office.sales.pk}&manager={office.anna.pk}",
    ):
        assert [row.deal for row in client.get(f"/deals/?{query}").context["rows"]] == [office.stuck]


def test_a_stage_of_another_pipeline_is_dropped_when_the_pipeline_changes(office: Office) -> None:
    other = factory.make_pipeline("Опт")
    factory.make_deal(factory.make_stage(other), office.anna, name="Оптовая")
    page = login().get(f"/deals/?pipeline={other.pk}&stage={office.ready.pk}")
    assert page.status_code == 200
    assert [row.deal.name for row in page.context["rows"]] == ["Оптовая"]


@pytest.mark.parametrize(
    "query",
    [
        "pipeline=abc",
        "stage=7:7",
        "manager=99999999999999999999",
        "open=perhaps",
        "stuck=2",
        "since=yesterday",
        "until=0001-01-01",
        "sort=password",
        "result=lots",
        "group=Никто",
    ],
)
def test_a_nonsense_filter_is_refused_in_one_sentence(office: Office, query: str) -> None:
    page = login().get(f"/deals/?{query}")
    assert page.status_code == 422
    assert len(page.context["problems"]) == 1
    assert page.context["rows"] == []
    assert page.context["problems"][0] in page.content.decode().replace("&#x27;", "'").replace("&quot;", '"')


def test_a_page_that_does_not_exist_shows_the_nearest(office: Office) -> None:
    assert login().get("/deals/?page=-7").status_code == 200
    assert login().get("/deals/?page=zzz").context["page"].number == 1


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("price", "Компрессор Q7"),
        ("-price", "Стойка A8"),
        ("since", "Стойка A8"),
        ("-since", "Компрессор Q7"),
        ("task", "Стойка A8"),
        ("-task", "Стойка A8"),
    ],
)
def test_sorting_puts_what_is_not_known_last_either_way(office: Office, sort: str, first: str) -> None:
    assert login().get(f"/deals/?sort={sort}").context["rows"][0].deal.name == first


def test_an_empty_list_says_so_and_offers_all(office: Office) -> None:
    page = text(login().get(f"/deals/?manager={office.roman.pk}&stuck=1"))
    assert 'class="empty"' in page


def test_rows_tell_ageing_next_step_and_findings(office: Office) -> None:
    rows = {row.deal: row for row in login().get("/deals/").context["rows"]}
    assert rows[office.stuck].ageing.tone == "bad"
    assert rows[office.stuck].step.state == "overdue"
    assert len(rows[office.stuck].findings) == 1
    assert rows[office.fresh].ageing.tone == "good"
    assert rows[office.fresh].step.state == "none"
    assert rows[office.fresh].findings == []


def test_a_rule_in_shadow_is_not_told_to_a_manager(office: Office) -> None:
    factory.make_finding(office.fresh, "field.missing", mode="shadow")
    rows = login(Role.MANAGER, office.roman).get("/deals/").context["rows"]
    assert [row.findings for row in rows] == [[]]


def test_a_manager_sees_own_deals_only(office: Office) -> None:
    client = login(Role.MANAGER, office.anna)
    assert [row.deal for row in client.get("/deals/").context["rows"]] == [office.stuck]
    assert client.get(f"/deals/?manager={office.roman.pk}").status_code == 422
    assert client.get(f"/deals/{office.fresh.pk}/").status_code == 404
    assert client.get(f"/deals/{office.fresh.pk}/diary/").status_code == 404
    assert client.get(f"/deals/{office.stuck.pk}/").status_code == 200


def test_a_head_sees_the_deals_of_the_team(office: Office) -> None:
    head = factory.make_employee(Role.HEAD)
    factory.make_employee(Role.MANAGER, office.roman, head=head)
    client = signed_in(head)
    assert [row.deal for row in client.get("/deals/").context["rows"]] == [office.fresh]
    assert client.get(f"/deals/{office.stuck.pk}/").status_code == 404


@pytest.mark.parametrize("role", [Role.HEAD, Role.CONTROLLER, Role.FINANCE, Role.DIRECTOR, Role.ADMIN])
def test_every_other_role_opens_the_lists(office: Office, role: str) -> None:
    client = login(role)
    for path in ("/deals/", "/tasks/", "/sync/"):
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("clock", ["calendar", "owner", "client"])
def test_the_number_of_queries_does_not_follow_the_number_of_deals(
    office: Office, django_assert_max_num_queries: object, clock: str
) -> None:
    factory.make_regulation(office.talk, max_stay=3 * DAY, stay_clock=clock)
    for number in range(60):
        deal = factory.make_deal(office.talk, office.anna, name=f"Сделка {number}")
        factory.make_finding(deal)
        factory.make_task(deal)
    client = login()
    client.get("/deals/")  # the terms of judgement are read once, and again when one changes
    with django_assert_max_num_queries(12):
        page = client.get("/deals/")
    assert len(page.context["rows"]) == 50
    with django_assert_max_num_queries(12):
        client.get("/tasks/")
    with django_assert_max_num_queries(12):
        client.get(f"/deals/{office.stuck.pk}/")
    with django_assert_max_num_queries(12):
        client.get(f"/deals/{office.stuck.pk}/diary/")


def test_the_largest_of_the_stuck_deals_comes_first(client: Client) -> None:
    stage = factory.make_stage(factory.make_pipeline())
    for price in (10, 5000, 300):
        factory.make_finding(factory.make_deal(stage, price=price))
    client.force_login(factory.make_employee(Role.DIRECTOR))
    page = client.get("/deals/", {"stuck": "1"}).context["page"]
    assert [deal.price for deal in page] == [5000, 300, 10]


def handed_over(office: Office) -> object:
    """Anna closed it, and Roman looks after it since."""
    deal = factory.make_deal(office.won, office.roman, since=NOW - 2 * DAY, name="Пылесос на колёсах")
    deal.stays.update(manager=office.anna, left_at=NOW - DAY)
    Stay.objects.create(
        deal=deal,
        stage=office.won,
        manager=office.roman,
        visit=1,
        visit_since=NOW - 2 * DAY,
        entered_at=NOW - DAY,
    )
    return deal


@pytest.mark.parametrize("tie", ["task", "finding", "closing"])
def test_whatever_stands_in_a_managers_lists_opens(office: Office, tie: str) -> None:
    """A task, a finding or a closing of one's own on somebody else's deal."""
    deal = handed_over(office) if tie == "closing" else office.fresh
    pages = [f"/deals/{deal.pk}/", f"/deals/{deal.pk}/diary/", f"/findings/deal/{deal.pk}/"]
    client = login(Role.MANAGER, office.anna)
    if tie != "closing":
        assert [client.get(page).status_code for page in pages] == [404] * 3
    if tie == "task":
        factory.make_task(deal, manager_id=office.anna.pk)
    if tie == "finding":
        factory.make_finding(deal, "task.none", manager_id=office.anna.pk)
    assert [client.get(page).status_code for page in pages] == [200] * 3


@pytest.mark.parametrize("gone", ["task", "withdrawn", "shadow"])
def test_what_no_longer_stands_in_a_list_opens_nothing(office: Office, gone: str) -> None:
    if gone == "task":
        factory.make_task(office.fresh, manager_id=office.anna.pk, deleted_at=NOW)
    else:
        values = {"withdrawn_at": NOW} if gone == "withdrawn" else {"mode": "shadow"}
        factory.make_finding(office.fresh, "task.none", manager_id=office.anna.pk, **values)
    assert login(Role.MANAGER, office.anna).get(f"/deals/{office.fresh.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("who", "query", "names"),
    [
        ("director", "result=won", {"Баллон X5", "Пылесос на колёсах"}),
        ("director", "result=won&closed_by={anna}", {"Баллон X5", "Пылесос на колёсах"}),
        ("director", "result=won&closed_by={roman}", set()),
        ("director", "result=won&manager={roman}", {"Пылесос на колёсах"}),
        ("director", "result=won&closed_group=Опт", set()),
        ("anna", "result=won", {"Баллон X5", "Пылесос на колёсах"}),
        ("roman", "result=won", set()),
    ],
)
def test_a_result_belongs_to_whoever_closed(office: Office, who: str, query: str, names: set[str]) -> None:
    handed_over(office)
    client = login() if who == "director" else login(Role.MANAGER, getattr(office, who))
    page = client.get(f"/deals/?{query.format(anna=office.anna.pk, roman=office.roman.pk)}")
    assert {row.deal.name for row in page.context["rows"]} == names


@pytest.mark.parametrize("path", ["/deals/", "/tasks/?overdue=1", "/findings/", "/findings/deal/{deal}/"])
def test_what_has_not_changed_is_not_drawn_again(office: Office, path: str) -> None:
    client, path = login(), path.format(deal=office.stuck.pk)
    page = client.get(path)
    seen = HTMX | {"X-Seen": re.search(r'data-seen="(\w+)"', text(page))[1]}
    assert "X-Seen" in page["Vary"]
    assert client.get(path, headers=seen).status_code == 204
    factory.make_task(office.stuck, NOW - DAY)
    factory.make_finding(office.stuck, "task.overdue", values={"due": NOW.isoformat()})
    again = client.get(path, headers=seen)
    assert again.status_code == 200
    assert "<html" not in text(again)


@pytest.mark.parametrize(
    ("path", "column", "order", "next_order"),
    [
        ("/tasks/", "due", "ascending", "-due"),
        ("/findings/", "opened", "descending", "opened"),
        ("/deals/?stuck=1", "price", "descending", "price"),
        ("/deals/?sort=name", "name", "ascending", "-name"),
        ("/deals/?sort=&stuck=1", "price", "descending", "price"),
    ],
)
def test_the_order_in_force_is_told_and_turned_round_by_the_first_click(
    office: Office, path: str, column: str, order: str, next_order: str
) -> None:
    page = " ".join(text(login().get(path)).split())
    head = re.search(
        r'<th scope="col" class="[^"]*" aria-sort="(\w+)"><a class="sort" id="sort-(\w+)" href="([^"]+)"',
        page,
    )
    assert head[1] == order
    assert head[2] == column
    assert f"sort={next_order}" in head[3]


def test_a_norm_that_came_into_force_late_is_shown_as_long_as_it_is(office: Office) -> None:
    values = {"case": "new", "norm": 3 * 86_400}
    office.stuck.findings.update(opens_at=NOW - DAY, values=values)
    rows = {row.deal: row for row in login().get("/deals/").context["rows"]}
    ageing = rows[office.stuck].ageing
    assert (ageing.length, ageing.allowed, ageing.tone) == (12 * DAY, 3 * DAY, "bad")
