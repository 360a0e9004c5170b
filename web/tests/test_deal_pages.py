"""Pages of deals, tasks and the sync: what they show, to whom, and what they cost."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from core import moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import Account, CustomField, Event, Stage, Stay, Touch
from team.models import Role

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Office:
    def __init__(self) -> None:
        self.sales = factory.make_pipeline("Продажи")
        self.talk = factory.make_stage(self.sales, "Контакт установлен", sort=1)
        self.ready = factory.make_stage(self.sales, "Готов к выдаче", sort=2)
        self.won = factory.make_stage(self.sales, "Успешно реализовано", Stage.Kind.WON, sort=3)
        self.anna = factory.make_person("Анна Кузнецова")
        self.roman = factory.make_person("Роман Белов", group="Опт")
        self.stuck = factory.make_deal(
            self.ready, self.anna, since=NOW - 12 * DAY, name="Стойка A8", price=Decimal(300_000)
        )
        factory.make_finding(self.stuck, since=NOW - 12 * DAY, opens_at=NOW - 5 * DAY)
        factory.make_task(self.stuck, NOW - 2 * DAY)
        self.fresh = factory.make_deal(
            self.talk, self.roman, since=NOW - DAY, name="Компрессор Q7", price=Decimal(50_000)
        )
        factory.make_finding(self.fresh, since=NOW - DAY, opens_at=NOW + 4 * DAY)
        self.sold = factory.make_deal(
            self.won, self.anna, since=NOW - 2 * DAY, name="Баллон X5", price=Decimal(80_000)
        )
        Account.objects.create(id=1, name="ZolotarevAuto", base_url="https://zolotarev.amocrm.ru")


@pytest.fixture
def office() -> Office:
    return Office()


def login(role: str = Role.DIRECTOR, person: object = None) -> Client:
    client = Client()
    client.force_login(factory.make_employee(role, person))
    return client


def text(response: object) -> str:
    return response.content.decode()


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
    client = Client()
    client.force_login(head)
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


def test_the_card_shows_the_way_and_the_next_step(office: Office) -> None:
    deal = office.stuck
    Stay.objects.filter(deal=deal).delete()
    moves = [
        (office.talk, office.roman, 20, 15),
        (office.talk, office.anna, 15, 12),
        (office.ready, office.anna, 12, None),
    ]
    for visit, (stage, manager, since, until) in enumerate(moves):
        visit_since = NOW - (20 if stage == office.talk else since) * DAY
        left = None if until is None else NOW - until * DAY
        Stay.objects.create(
            deal=deal, stage=stage, manager=manager, visit=min(visit, 1), visit_since=visit_since,
            entered_at=NOW - since * DAY, left_at=left, inferred=visit == 0,
        )  # fmt: skip
    factory.make_regulation(office.talk, max_stay=timedelta(days=10))
    page = login().get(f"/deals/{deal.pk}/")
    segments = page.context["segments"]
    assert [(one["name"], one["seconds"] / 86_400, one["inferred"]) for one in segments] == [
        ("Контакт установлен", 5, True),
        ("Контакт установлен", 3, False),
        ("Готов к выдаче", 12, False),
    ]
    assert [one["tone"] for one in segments] == ["good", "good", "bad"]
    assert "Роман Белов" in segments[0]["title"]
    assert "https://zolotarev.amocrm.ru/leads/detail/" in text(page)


def test_a_closed_deal_has_no_piece_for_its_closing_stage(office: Office) -> None:
    page = login().get(f"/deals/{office.sold.pk}/")
    assert page.context["segments"] == []
    assert page.context["row"].step is None


def test_a_deleted_deal_can_still_be_read(office: Office) -> None:
    office.stuck.deleted_at = NOW - DAY
    office.stuck.save()
    client = login()
    assert client.get(f"/deals/{office.stuck.pk}/").status_code == 200
    assert office.stuck not in [row.deal for row in client.get("/deals/").context["rows"]]


def test_the_diary_tells_events_tasks_and_touches_in_words(office: Office) -> None:
    deal = office.fresh
    CustomField.objects.create(id=7, name="Модель авто", type="text")

    def event(number: int, kind: str, **values: object) -> None:
        Event.objects.create(
            id=str(number),
            at=NOW - number * timedelta(hours=1),
            kind=kind,
            entity="deal",
            entity_id=deal.pk,
            **values,
        )

    event(1, Event.Kind.STAGE, before=office.talk.pk, after=office.ready.pk, author=office.roman)
    event(2, Event.Kind.PRICE, before=50_000, after=70_000, author=office.roman)
    event(3, Event.Kind.FIELD, before=None, after={"field": 7, "value": "Q7"})
    event(4, Event.Kind.OWNER, before=office.anna.pk, after=office.roman.pk)
    Touch.objects.create(
        id="t1", at=NOW, kind=Touch.Kind.CALL_OUT, deal=deal, manager=office.roman, seconds=95, updated_at=NOW
    )
    client = login()
    entries = client.get(f"/deals/{deal.pk}/diary/").context["entries"]
    assert [(entry.detail.replace("\xa0", " "), entry.who) for entry in entries] == [
        ("1 мин", "Роман Белов"),
        ("Контакт установлен → Готов к выдаче", "Роман Белов"),
        ("50 000 ₽ → 70 000 ₽", "Роман Белов"),
        ("Q7", None),
        ("Анна Кузнецова → Роман Белов", None),
    ]
    assert entries[3].what == "Модель авто"
    people = client.get(f"/deals/{deal.pk}/diary/?people=1", headers=HTMX)
    assert len(people.context["entries"]) == 3
    assert "<html" not in text(people)


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 3), ("overdue=1", 1), ("overdue=0&completed=", 3), ("completed=1", 1), ("since=2026-11-21", 2)],
)
def test_task_filters(office: Office, query: str, count: int) -> None:
    factory.make_task(office.fresh, NOW + DAY)
    factory.make_task(office.fresh, NOW + DAY)
    factory.make_task(office.fresh, NOW - DAY, is_completed=True, completed_at=NOW)
    page = login().get(f"/tasks/?{query}")
    assert page.context["count"] == count
    assert len(page.context["page"].object_list) == count


@pytest.mark.parametrize("query", ["manager=x", "overdue=maybe", "deal=abc", "completed=3", "sort=x"])
def test_nonsense_in_the_address_of_tasks_is_refused(office: Office, query: str) -> None:
    page = login().get(f"/tasks/?{query}")
    assert page.status_code == 422
    assert len(page.context["problems"]) == 1


def test_a_manager_sees_own_tasks_only(office: Office) -> None:
    factory.make_task(office.fresh, NOW + DAY)
    page = login(Role.MANAGER, office.anna).get("/tasks/")
    assert [task.manager for task in page.context["page"]] == [office.anna]


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


def test_a_deal_without_a_name_is_called_by_its_number(office: Office) -> None:
    deal = factory.make_deal(office.talk, office.anna, name=" ")
    factory.make_task(deal)
    factory.make_finding(deal)
    client = login()
    for path in ("/deals/", "/tasks/", "/findings/", f"/deals/{deal.pk}/", f"/deals/{deal.pk}/diary/"):
        assert f"№ {deal.pk}</" in text(client.get(path)), path


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("2026-11-20", "date", "2026-11-20"),
        ("2026-11-20T12:00:05.123456+00:00", "datetime-local", "2026-11-20T15:00:05"),
        ("2026-11-20T12:00", "datetime-local", "2026-11-20T12:00:00"),
        ("nonsense at noon", "text", "nonsense at noon"),
    ],
)
def test_a_moment_of_a_link_is_shown_in_local_time(value: str, kind: str, shown: str) -> None:
    field = login().get("/tasks/", {"since": value}).context["form"]["since"]
    assert f'type="{kind}"' in str(field)
    assert f'value="{shown}"' in str(field)


def test_the_card_costs_twelve_queries(office: Office, django_assert_max_num_queries: object) -> None:
    factory.make_regulation(office.ready, max_stay=DAY, required_fields=["price"])
    client = login(Role.MANAGER, office.anna)
    with django_assert_max_num_queries(12):
        client.get(f"/deals/{office.stuck.pk}/")


@pytest.mark.parametrize("clock", ["calendar", "owner"])
@pytest.mark.parametrize("role", [Role.MANAGER, Role.DIRECTOR])
def test_so_it_does_where_norms_run_by_hours_and_fields_are_asked_for_by_name(
    office: Office, clock: str, role: Role, django_assert_max_num_queries: object
) -> None:
    """But for the first one, which reads the rotas that stay in the process until they change."""
    factory.make_regulation(office.ready, max_stay=DAY, stay_clock=clock, required_fields=["price", "7"])
    CustomField.objects.create(id=7, name="Модель авто", type="text")
    client = login(role, office.anna if role == Role.MANAGER else None)
    client.get(f"/deals/{office.stuck.pk}/")
    with django_assert_max_num_queries(12):
        page = client.get(f"/deals/{office.stuck.pk}/").content.decode()
    assert "Модель авто" in page


def test_a_norm_that_came_into_force_late_is_shown_as_long_as_it_is(office: Office) -> None:
    values = {"case": "new", "norm": 3 * 86_400}
    office.stuck.findings.update(opens_at=NOW - DAY, values=values)
    rows = {row.deal: row for row in login().get("/deals/").context["rows"]}
    ageing = rows[office.stuck].ageing
    assert (ageing.length, ageing.allowed, ageing.tone) == (12 * DAY, 3 * DAY, "bad")
