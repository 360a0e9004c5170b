"""«Команда»: who is shown to whom, shifts of the month, and what nonsense is answered with."""

from datetime import date, time

import pytest
from django.test import Client
from django.urls import reverse

from core import moment
from devtools.tests import factory
from devtools.tests.factory import NOW
from team.models import (
    AmoUser,
    CompanyHours,
    DayOff,
    Employee,
    HeadAssignment,
    HolidayCalendar,
    Role,
    Rota,
    RotaAssignment,
)
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Office:
    """Anna works under Irina, Roman under nobody; Oleg has left, and Pavel is known to amoCRM only."""

    def __init__(self) -> None:
        stage = factory.make_stage(factory.make_pipeline())
        self.rota = Rota.objects.create(
            name="2/2", pattern="1100", anchor=date(2026, 11, 20), starts=time(10), ends=time(20)
        )
        people = [
            factory.make_person(name)
            for name in ("Анна Кузнецова", "Роман Белов", "Олег Синицын", "Павел Гусев")
        ]
        self.pavel = people[3]
        self.irina = factory.make_employee(Role.HEAD, first_name="Ирина", last_name="Главная", language="en")
        self.anna = self.employee(people[0], head=self.irina, rota=self.rota)
        self.roman = self.employee(people[1], rota=self.rota)
        self.oleg = self.employee(people[2], left_on=date(2026, 10, 1), is_active=False)
        self.deals = [factory.make_deal(stage, people[0]) for _ in range(3)]
        factory.make_finding(self.deals[0])

    def employee(self, person: object, **values: object) -> Employee:
        first, last = person.name.split()
        return factory.make_employee(
            Role.MANAGER, person, first_name=first, last_name=last, language="en", **values
        )


@pytest.fixture
def office() -> Office:
    return Office()


def names(page: object) -> set[str]:
    return {str(row["employee"]) for row in page.context["people"]}


def test_a_stranger_is_sent_to_the_login_page() -> None:
    assert Client().get("/team/").url.startswith(reverse("login"))


def test_a_manager_finds_himself_and_his_head_and_no_counts(office: Office) -> None:
    page = signed_in(office.anna).get("/team/")
    assert names(page) == {"Анна Кузнецова", "Ирина Главная"}
    text = page.content.decode()
    assert "Белов" not in text
    assert "Open deals" not in text


def test_a_head_finds_his_people(office: Office) -> None:
    assert names(signed_in(office.irina).get("/team/")) == {"Анна Кузнецова", "Ирина Главная"}


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.ADMIN, Role.CONTROLLER, Role.FINANCE])
def test_those_who_see_everybody_find_everybody_with_counts_that_lead_on(office: Office, role: str) -> None:
    page = signed_in(factory.make_employee(role, language="en")).get("/team/")
    assert {"Анна Кузнецова", "Роман Белов", "Олег Синицын", "Ирина Главная"} <= names(page)
    text = " ".join(page.content.decode().split())
    assert f'/deals/?manager={office.anna.person_id}">3</a>' in text
    assert f'/findings/?manager={office.anna.person_id}">1</a>' in text


def test_who_has_left_stands_last_and_is_not_on_shift(office: Office) -> None:
    page = signed_in(factory.make_employee(Role.DIRECTOR, language="en")).get("/team/")
    last = page.context["people"][-1]
    assert (last["employee"], last["left"], last["today"]) == (office.oleg, True, None)


def test_shifts_of_the_month_with_absences_and_extra_days(office: Office) -> None:
    DayOff.objects.create(
        employee=office.anna, first=date(2026, 11, 21), last=date(2026, 11, 21), kind="sick"
    )
    DayOff.objects.create(
        employee=office.anna, first=date(2026, 11, 22), last=date(2026, 11, 22), kind="extra"
    )
    page = signed_in(office.anna).get("/team/")
    [(employee, cells, total)] = page.context["grid"]
    kinds = {cell["day"].day: cell["kind"] for cell in cells}
    assert employee == office.anna
    assert [kinds[day] for day in (20, 21, 22, 23, 24)] == ["shift", "sick", "extra", "off", "shift"]
    assert total == sum(kind in {"shift", "extra"} for kind in kinds.values())
    assert page.context["on_shift"] == 1


def test_another_month_can_be_asked_for(office: Office) -> None:
    page = signed_in(office.anna).get("/team/?month=2026-12")
    assert page.context["months"] == {"back": "2026-11", "on": "2027-01"}


@pytest.mark.parametrize("month", ["2026-13", "soon", "0000-01", "2026-11-01"])
def test_a_nonsense_month_is_answered_with_a_sentence(office: Office, month: str) -> None:
    page = signed_in(office.anna).get("/team/", {"month": month})
    assert page.status_code == 422
    assert f"“{month}” is not a month such as 2026-11." in page.content.decode()


def test_only_an_administrator_meets_people_of_amocrm_without_an_employee(office: Office) -> None:
    admin = factory.make_employee(Role.ADMIN, is_staff=True, is_superuser=True, language="en")
    page = signed_in(admin).get("/team/")
    [(person, url)] = page.context["strangers"]
    assert person == office.pavel
    form = signed_in(admin).get(url)
    assert form.status_code == 200
    assert form.context["adminform"].form.initial["person"] == str(office.pavel.pk)
    assert signed_in(factory.make_employee(Role.DIRECTOR)).get("/team/").context["strangers"] == []


def test_the_page_costs_the_same_for_many(office: Office, django_assert_max_num_queries: object) -> None:
    for number in range(15):
        office.employee(factory.make_person(f"Новый Человек{number}"), rota=office.rota, head=office.irina)
    client = signed_in(factory.make_employee(Role.DIRECTOR))
    for month in ("", "?month=2026-09"):
        with django_assert_max_num_queries(12):
            client.get(f"/team/{month}")


def test_a_rota_that_will_come_and_a_second_amocrm_user_are_told(office: Office) -> None:
    week = Rota.objects.create(
        name="5/2", pattern="1111100", anchor=date(2026, 11, 16), starts=time(9), ends=time(18)
    )
    RotaAssignment.objects.create(employee=office.anna, rota=week, since=date(2026, 12, 1))
    RotaAssignment.objects.create(employee=office.anna, rota=None, since=date(2027, 1, 11))
    AmoUser.objects.create(employee=office.anna, person=office.pavel)
    text = " ".join(signed_in(office.anna).get("/team/").content.decode().split())
    assert "from Dec 1, 2026: 5/2" in text
    assert "from Jan 11, 2027: company hours" in text
    assert "also Павел Гусев" in text
    admin = factory.make_employee(Role.ADMIN, is_staff=True, is_superuser=True)
    assert signed_in(admin).get("/team/").context["strangers"] == []


def test_the_head_of_today_is_shown(office: Office) -> None:
    other = factory.make_employee(Role.HEAD, first_name="Новая", last_name="Голова", language="en")
    HeadAssignment.objects.create(employee=office.anna, head=other, since=date(2026, 11, 20))
    assert names(signed_in(office.anna).get("/team/")) == {"Анна Кузнецова", "Новая Голова"}
    assert names(signed_in(office.irina).get("/team/")) == {"Ирина Главная"}
    assert names(signed_in(other).get("/team/")) == {"Анна Кузнецова", "Новая Голова"}


def test_rotas_in_words_with_breaks_company_hours_and_holidays(office: Office) -> None:
    russia = HolidayCalendar.objects.create(name="Россия", country="RU", eve_minutes=60)
    Rota.objects.filter(pk=office.rota.pk).update(
        pattern="1111100",
        anchor=date(2026, 11, 2),
        calendar=russia,
        breaks=[["13:00", "14:00"]],
        special={"5": [["10:00", "19:00"]]},
    )
    CompanyHours.objects.create(rota=office.rota, since=date(2026, 12, 1))
    page = signed_in(office.anna).get("/team/")
    text = " ".join(page.content.decode().split())
    for words in ("5 of 7 days", "10:00–20:00", "break 13:00–14:00", "day 5: 10:00–19:00", "Россия"):
        assert words in text
    assert "company hours from Dec 1, 2026" in text
    [(_, cells, _)] = page.context["grid"]
    assert [(cell["kind"], cell["hours"]) for cell in cells[1:6]] == [
        ("shift", "10:00–13:00, 14:00–20:00"),
        ("short", "10:00–13:00, 14:00–19:00"),
        ("holiday", ""),
        ("shift", "10:00–13:00, 14:00–20:00"),
        ("shift", "10:00–13:00, 14:00–19:00"),
    ]
    assert [row["rota"].people for row in page.context["rotas"]] == [2]
