"""Clocks, absences and shifts as they are kept in the database."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError

from pipelines.models import Person
from team.clock import CALENDAR
from team.models import DayOff, Employee, Rota
from team.schedules import clocks, gone, rota_grid, shifts

pytestmark = pytest.mark.django_db
HOURS = {"starts": "09:00", "ends": "18:00", "anchor": "2026-11-02", "time_zone": "Europe/Moscow"}
MONTH = date(2026, 11, 1), date(2026, 11, 30)
WEEK = datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)


def employee(person: int, rota: Rota | None = None, **facts: object) -> Employee:
    Person.objects.create(id=person, name=f"Person {person}")
    return Employee.objects.create(username=f"p{person}", person_id=person, rota=rota, **facts)


def week() -> Rota:
    return Rota.objects.create(name="5/2", pattern="1111100", observes_holidays=True, **HOURS)


def test_everybody_works_by_his_own_rota_and_absences() -> None:
    office = week()
    anna, boris = employee(1, office), employee(2, office)
    employee(3)
    DayOff.objects.create(employee=boris, first="2026-11-09", last="2026-11-10", kind=DayOff.Kind.VACATION)
    found = clocks()
    assert found.owner(1).worked(*WEEK) == timedelta(hours=45)
    assert found.owner(2).worked(*WEEK) == timedelta(hours=27)
    assert found.owner(3) is CALENDAR and found.owner(None) is CALENDAR
    assert anna.pk and clocks([2]).people.keys() == {2}


def test_company_hours_are_the_clients_clock_and_that_of_the_others() -> None:
    Rota.objects.create(name="Company", pattern="1", is_company=True, **HOURS)
    vera = employee(3)
    DayOff.objects.create(employee=vera, first="2026-11-09", last="2026-11-09", kind=DayOff.Kind.SICK)
    found = clocks()
    assert found.client.worked(*WEEK) == timedelta(hours=63)
    assert found.owner(3).worked(*WEEK) == timedelta(hours=54)
    assert found.owner(404) is found.client


def test_there_is_one_company() -> None:
    Rota.objects.create(name="Company", pattern="1", is_company=True, **HOURS)
    with pytest.raises(IntegrityError):
        Rota.objects.create(name="Another", pattern="1", is_company=True, **HOURS)


def test_a_pattern_is_of_zeros_and_ones() -> None:
    with pytest.raises(IntegrityError):
        Rota.objects.create(name="Odd", pattern="110x", **HOURS)


def test_who_has_left_and_since_when() -> None:
    removed = datetime(2026, 11, 5, tzinfo=UTC)
    employee(1)
    employee(2, left_on=date(2026, 11, 10))
    employee(3)
    employee(4, left_on=date(2026, 11, 10))
    employee(5, left_on=date(2026, 11, 1))
    Person.objects.filter(id__in=[3, 5]).update(is_active=False)
    Person.objects.filter(id=4).update(deleted_at=removed)
    Person.objects.create(id=6, name="Stranger", deleted_at=removed)
    midnight = datetime(2026, 11, 10, 21, tzinfo=UTC)  # of the eleventh, in Moscow
    assert gone() == {
        2: midnight,
        3: None,
        4: removed,
        5: midnight - timedelta(days=9),
        6: removed,
    }


def test_shifts_of_a_month_for_the_salary() -> None:
    def counted(today: date = MONTH[1]) -> tuple[int, ...]:
        return shifts([1], *MONTH, today=today)[1][:3]

    anna = employee(1, week())
    assert counted() == (20, 20, 0)  # 21 weekdays less 4 November
    assert counted(date(2026, 11, 9)) == (20, 5, 15)
    DayOff.objects.create(employee=anna, first="2026-11-10", last="2026-11-12", kind=DayOff.Kind.SICK)
    DayOff.objects.create(employee=anna, first="2026-11-14", last="2026-11-14", kind=DayOff.Kind.EXTRA)
    assert counted() == (20, 18, 0)
    assert counted(date(2026, 11, 9)) == (20, 5, 13), "what is known to be missed is not ahead"
    Employee.objects.update(hired_on=date(2026, 11, 16), left_on=date(2026, 11, 20))
    assert counted() == (20, 5, 0)
    assert counted(date(2026, 11, 17)) == (20, 2, 3)
    assert counted(date(2026, 11, 1)) == (20, 0, 5)
    assert [day.day for day in shifts([1], *MONTH, today=MONTH[1])[1].days] == [16, 17, 18, 19, 20]
    assert shifts([404], *MONTH, today=MONTH[1]) == {404: (0, 0, 0, ())}


def test_the_grid_names_the_kind_of_every_day() -> None:
    anna = employee(1, week())
    employee(2, Rota.objects.create(name="2/2", pattern="1100", **HOURS))
    employee(3, left_on=date(2026, 10, 30))
    employee(4)
    DayOff.objects.create(employee=anna, first="2026-11-05", last="2026-11-06", kind=DayOff.Kind.VACATION)
    DayOff.objects.create(employee=anna, first="2026-11-08", last="2026-11-08", kind=DayOff.Kind.EXTRA)
    rows = rota_grid(date(2026, 11, 3), date(2026, 11, 8))
    assert [(row.employee.username, [cell.kind for cell in row.cells]) for row in rows] == [
        ("p1", ["shift", "holiday", "vacation", "vacation", "off", "extra"]),
        ("p2", ["shift", "off", "off", "shift", "shift", "off"]),
    ]
    assert [row.employee.username for row in rota_grid(*MONTH, people=[2])] == ["p2"]
