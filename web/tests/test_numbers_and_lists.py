"""Every number that is a link opens a list that counts as many, for each role; the order of tasks; a deal's head."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import changes, moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import Account, CustomField, Person, Stage, TaskType, Touch
from qc.models import RuleMode
from team.models import Role
from web.desk.views import BLOCKS
from web.tests.clients import signed_in
from web.tests.crawl import differences, read_links

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    moment.fix(NOW.isoformat())
    changes.announce_change()
    yield
    moment.fix(None)


class Firm:
    """Two pipelines, three people of whom one has left, and something of everything that a list counts."""

    def __init__(self) -> None:
        Account.objects.create(id=1, name="A", base_url="https://a.amocrm.ru")
        RuleMode.objects.filter(rule__in=["deal.stuck", "task.overdue"]).update(mode="money")
        self.sales, self.bulk = factory.make_pipeline("Продажи"), factory.make_pipeline("Опт")
        self.people = [
            factory.make_person(name) for name in ("Анна Кузнецова", "Роман Белов", "Кирилл Бережной")
        ]
        Person.objects.filter(pk=self.people[2].pk).update(is_active=False, deleted_at=NOW - 3 * DAY)
        self.stages = [
            factory.make_stage(pipeline, name, sort=number)
            for pipeline in (self.sales, self.bulk)
            for number, name in enumerate(("Контакт", "Счёт"))
        ]
        won = factory.make_stage(self.sales, "Успешно", Stage.Kind.WON, sort=9)
        lost = factory.make_stage(self.sales, "Закрыто", Stage.Kind.LOST, sort=10)
        for number in range(60):
            person, stage = self.people[number % 3], self.stages[number % 4]
            deal = factory.make_deal(stage, person, since=NOW - 9 * DAY, price=Decimal(number % 5 * 31_000))
            if number % 2:
                factory.make_finding(deal, opens_at=NOW - (number % 11) * DAY - HOUR)
            if number % 3:
                factory.make_task(deal, NOW + (number % 7 - 3) * DAY - HOUR)
            if number % 5 == 0:
                closes_at = NOW - DAY if number % 2 else None
                factory.make_finding(deal, "task.none", opens_at=NOW - 5 * DAY, closes_at=closes_at)
        for number in range(12):
            gone = factory.make_deal(
                won if number % 2 else lost, self.people[number % 3], since=NOW - number * DAY
            )
            if number % 3 == 0:
                factory.make_task(gone, NOW - 2 * DAY)


@pytest.fixture
def firm() -> Firm:
    return Firm()


@pytest.mark.parametrize(
    "role", [Role.DIRECTOR, Role.ADMIN, Role.CONTROLLER, Role.FINANCE, Role.HEAD, Role.MANAGER]
)
def test_the_number_clicked_is_the_number_shown(firm: Firm, role: str) -> None:
    employee = factory.make_employee(role, firm.people[0], language="ru")
    if role == Role.HEAD:
        factory.make_employee(Role.MANAGER, firm.people[1], head=employee)
    client = signed_in(employee)
    addresses = [
        "/deals/",
        "/deals/?stuck=1",
        "/tasks/",
        "/findings/",
        "/rules/",
        "/regulations/",
        "/team/",
        "/my/",
    ]
    if employee.directs:
        queries = ["", f"?pipeline={firm.sales.pk}", f"?manager={firm.people[0].pk}", "?by=count"]
        if role not in {Role.DIRECTOR, Role.HEAD}:  # who see what the director sees
            del queries[1:]
        addresses += [f"/desk/{block}/{query}" for block in BLOCKS for query in queries]
    answers = {address: client.get(address) for address in addresses}
    pages = {
        address: answer.content.decode() for address, answer in answers.items() if answer.status_code == 200
    }
    assert list(differences(client, pages, "ru")) == []
    numbered = [
        link for page in pages.values() for link in read_links(page) if any(map(str.isdigit, link.text))
    ]
    assert len(numbered) > (60 if employee.directs else 10)


def test_the_crawler_sees_a_number_that_is_wrong(firm: Firm) -> None:
    client = signed_in(factory.make_employee(Role.DIRECTOR, language="ru"))
    page = '<a href="/deals/?stuck=1">31</a> <tr><td><a class="row-link" href="/deals/">Все</a></td>'
    page += '<td class="num">7</td></tr>'
    wrong = [
        line.rpartition("counts ")[2].partition(",")[0] for line in differences(client, {"/": page}, "ru")
    ]
    assert wrong == ["30", "60"]


def test_a_managers_tasks_begin_with_today(firm: Firm) -> None:
    anna, stage = firm.people[0], firm.stages[0]
    wanted = {}
    for name, due in {
        "today, passed": NOW - HOUR, "today": NOW + HOUR, "yesterday": NOW - DAY, "in May": NOW - 180 * DAY,
        "tomorrow": NOW + DAY, "later": NOW + 9 * DAY,
    }.items():  # fmt: skip
        wanted[name] = factory.make_task(factory.make_deal(stage, anna), due).pk
    client = signed_in(factory.make_employee(Role.MANAGER, anna, language="en"))
    page = client.get("/tasks/")
    order = [task.pk for task in page.context["page"]]
    names = [name for pk in order for name, known in wanted.items() if known == pk]
    assert names == ["today, passed", "today", "yesterday", "in May", "tomorrow", "later"]
    text = page.content.decode()
    heads = [text.index(f'colspan="6">{head}</th>') for head in ("Today", "Overdue", "Tomorrow", "Later")]
    assert heads == sorted(heads)
    assert [task.due_at for task in client.get("/tasks/?sort=due").context["page"]][0] == NOW - 180 * DAY


def test_the_head_of_a_deal_has_what_its_stage_asks_for_first(firm: Firm) -> None:
    CustomField.objects.bulk_create(
        CustomField(id=number, name=name, type=kind, sort=number)
        for number, name, kind in (
            (91, "Источник", "select"), (92, "Причина ожидания", "select"), (93, "Обещали", "date"),
            (94, "Адрес", "smart_address"),
        )
    )  # fmt: skip
    factory.make_regulation(firm.stages[0], required_fields=["92", "93"])
    values = {"91": "Авито", "93": "2026-11-25", "94": True}
    deal = factory.make_deal(firm.stages[0], firm.people[0], fields=values)
    client = signed_in(factory.make_employee(Role.DIRECTOR, language="en"))
    page = client.get(f"/deals/{deal.pk}/")
    assert [tuple(field) for field in page.context["fields"].first] == [
        ("Причина ожидания", "", True),
        ("Обещали", "Nov\xa025,\xa02026", True),
        ("Источник", "Авито", False),
        ("Адрес", "filled in", False),
    ]
    assert "not filled in" in page.content.decode()


def test_the_diary_tells_kind_and_text_of_a_task_and_how_a_call_went(firm: Firm) -> None:
    deal = factory.make_deal(firm.stages[0], firm.people[0])
    factory.make_task(deal, kind=TaskType.objects.create(id=1, name="Связаться"), text="Согласовать цену")
    Touch.objects.create(
        id="t", at=NOW - HOUR, updated_at=NOW, kind="call_out", deal=deal, seconds=0, result=6
    )
    client = signed_in(factory.make_employee(Role.DIRECTOR, language="en"))
    text = client.get(f"/deals/{deal.pk}/diary/").content.decode()
    assert "Связаться. Согласовать цену (due" in text
    assert "no answer" in text


@pytest.mark.parametrize(
    ("clock", "since", "opens", "tone", "says", "left"),
    [
        ("calendar", NOW - DAY, NOW + 9 * DAY, "good", "10 days", 9 * DAY),
        ("calendar", NOW - 9 * DAY, NOW + DAY, "warn", "10 days", DAY),
        ("calendar", NOW - 11 * DAY, NOW - DAY, "bad", "10 days", -DAY),
    ],
)
def test_a_list_says_the_norm_in_the_regulations_words_and_what_is_left(
    firm: Firm, clock: str, since: Any, opens: Any, tone: str, says: str, left: timedelta
) -> None:
    factory.make_regulation(firm.stages[0], max_stay=10 * DAY, stay_clock=clock)
    deal = factory.make_deal(firm.stages[0], firm.people[0], since=since, name="Та самая")
    factory.make_finding(deal, since=since, opens_at=opens)
    client = signed_in(factory.make_employee(Role.DIRECTOR, language="en"))
    page = client.get("/deals/?sort=-since")
    [ageing] = [row.ageing for row in page.context["rows"] if row.deal.pk == deal.pk] or [None]
    if ageing is None:
        page = client.get("/deals/?sort=since")
        [ageing] = [row.ageing for row in page.context["rows"] if row.deal.pk == deal.pk]
    assert (ageing.tone, " ".join(ageing.says.split()), ageing.left) == (tone, says, left)
