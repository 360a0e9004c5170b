"""Clocks, absences and shifts as they are kept in the database."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import ProtectedError

from core import moment
from core.zone import local_day
from pipelines.models import Person
from team.clock import CALENDAR
from team.holders import find_leavers, holders
from team.models import (
    AmoUser,
    CalendarDay,
    CompanyHours,
    DayOff,
    Employee,
    HeadAssignment,
    HolidayCalendar,
    Role,
    Rota,
    RotaAssignment,
)
from team.schedules import count_shifts, departures, load_clocks, rota_grid

pytestmark = pytest.mark.django_db
HOURS = {"starts": "09:00", "ends": "18:00", "anchor": "2026-11-02", "time_zone": "Europe/Moscow"}
MONTH = date(2026, 11, 1), date(2026, 11, 30)
WEEK = datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _the_clock_runs_again() -> Iterator[None]:
    yield
    moment.fix(None)


def employee(person: int, rota: Rota | None = None, **facts: object) -> Employee:
    Person.objects.create(id=person, name=f"Person {person}")
    return Employee.objects.create(username=f"p{person}", person_id=person, rota=rota, **facts)


def week() -> Rota:
    russia = HolidayCalendar.objects.create(name="Russia", country="RU")
    return Rota.objects.create(name="5/2", pattern="1111100", calendar=russia, **HOURS)


def test_everybody_works_by_his_own_rota_and_absences() -> None:
    office = week()
    anna, boris = employee(1, office), employee(2, office)
    employee(3)
    DayOff.objects.create(employee=boris, first="2026-11-09", last="2026-11-10", kind=DayOff.Kind.VACATION)
    found = load_clocks()
    assert found.owner(1).worked(*WEEK) == timedelta(hours=45)
    assert found.owner(2).worked(*WEEK) == timedelta(hours=27)
    assert found.owner(3) is CALENDAR and found.owner(None) is CALENDAR
    assert anna.pk and load_clocks([2]).people.keys() == {2}


def test_company_hours_are_the_clients_clock_and_that_of_the_others() -> None:
    Rota.objects.create(name="Company", pattern="1", is_company=True, **HOURS)
    vera = employee(3)
    DayOff.objects.create(employee=vera, first="2026-11-09", last="2026-11-09", kind=DayOff.Kind.SICK)
    found = load_clocks()
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
    assert departures() == {
        2: midnight,
        3: None,
        4: removed,
        5: midnight - timedelta(days=9),
        6: removed,
    }


def test_shifts_of_a_month_for_the_salary() -> None:
    def counted(today: date = MONTH[1]) -> tuple[int, ...]:
        return count_shifts([1], *MONTH, today=today)[1][:3]

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
    assert [day.day for day in count_shifts([1], *MONTH, today=MONTH[1])[1].days] == [16, 17, 18, 19, 20]
    assert count_shifts([404], *MONTH, today=MONTH[1]) == {404: (0, 0, 0, ())}


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
    second, gone = (Employee.objects.get(username=name) for name in ("p2", "p3"))
    locked = Employee(pk=anna.pk, is_active=False)
    assert [row.employee for row in rota_grid(*MONTH, [second, gone, locked])] == [second]


def threes() -> Rota:
    return Rota.objects.create(name="3/3", pattern="111000", **HOURS | {"anchor": "2026-11-01"})


def test_days_before_a_change_of_rota_stay_as_they_were() -> None:
    anna = employee(1, threes())
    before = count_shifts([1], *MONTH, today=date(2026, 11, 20))[1]
    assert before[:3] == (15, 11, 4)
    five_two = Rota.objects.create(name="5/2", pattern="1111100", **HOURS)
    RotaAssignment.objects.create(employee=anna, rota=five_two, since="2026-11-20")
    after = count_shifts([1], *MONTH, today=date(2026, 11, 20))[1]
    assert [day for day in after.days if day.day < 20] == [day for day in before.days if day.day < 20]
    assert after[:3] == (17, 11, 6), "ten days of 3/3, then seven of 5/2"
    [row] = rota_grid(*MONTH)
    assert [cell.day for cell in row.cells if cell.kind == "shift"] == list(after.days)
    clock = load_clocks().owner(1)
    assert clock.worked(*(datetime(2026, 11, day, tzinfo=UTC) for day in (19, 23))) == timedelta(hours=18)


def test_company_hours_have_dates_and_stand_in_for_a_rota_that_ends() -> None:
    anna, vera = employee(1, week()), employee(2)
    early = Rota.objects.create(name="Early", pattern="1", **HOURS | {"starts": "08:00"})
    CompanyHours.objects.create(rota=early, since="2026-11-11")
    RotaAssignment.objects.create(employee=anna, rota=None, since="2026-11-13")
    found = load_clocks()
    day = timedelta(days=1)
    assert found.client.worked(WEEK[0] - day, WEEK[0]) == day, (
        "before there were company hours the calendar counts"
    )
    midnight = datetime(2026, 11, 10, 21, tzinfo=UTC)
    assert found.client.worked(midnight, midnight + day) == timedelta(hours=10)
    assert found.owner(2).worked(midnight - day, midnight + day) == timedelta(hours=24 + 10)
    assert found.owner(1).worked(midnight, midnight + 4 * day) == timedelta(hours=9 + 9 + 10 + 10)
    assert count_shifts([2], date(2026, 11, 9), date(2026, 11, 13), today=MONTH[1])[2].planned == 3
    assert vera.rota is None


def test_a_calendar_is_edited_day_by_day() -> None:
    anna = employee(1, week())
    calendar = HolidayCalendar.objects.get()
    calendar.eve_minutes = 60
    calendar.save()
    for day, kind, minutes in (
        ("2026-11-04", "work", 0),
        ("2026-11-05", "rest", 0),
        ("2026-11-06", "short", 90),
    ):
        CalendarDay.objects.create(calendar=calendar, day=day, kind=kind, minutes=minutes)
    [row] = rota_grid(date(2026, 11, 3), date(2026, 11, 7))
    assert [cell.kind for cell in row.cells] == ["shift", "shift", "holiday", "short", "off"]
    start = datetime(2026, 11, 2, 21, tzinfo=UTC)
    assert load_clocks().owner(1).worked(start, start + timedelta(days=5)) == timedelta(hours=9 + 9 + 7.5)
    assert anna.pk


def test_a_rota_has_breaks_and_days_of_its_own() -> None:
    lunch = [["13:00", "14:00"]]
    rota = Rota.objects.create(
        name="5/2", pattern="1111100", breaks=lunch, special={"5": [["09:00", "17:00"]]}, **HOURS
    )
    employee(1, rota)
    assert load_clocks().owner(1).worked(*WEEK) == timedelta(hours=39)


def test_one_rota_begins_on_a_day() -> None:
    anna = employee(1, week())
    with pytest.raises(IntegrityError):
        RotaAssignment.objects.create(employee=anna, rota=threes())


def test_a_rota_that_days_were_worked_by_is_not_deleted() -> None:
    rota = week()
    employee(1, rota)
    with pytest.raises(ProtectedError):
        rota.delete()


def test_an_employee_knows_his_rota_and_head_of_today() -> None:
    head, other = employee(8, role=Role.HEAD), employee(9, role=Role.HEAD)
    anna = employee(1, week(), head=head)
    RotaAssignment.objects.create(employee=anna, rota=threes(), since="2026-11-20")
    HeadAssignment.objects.create(employee=anna, head=other, since="2026-11-20")
    for now, rota, present in (("2026-11-19T20:59", "5/2", head), ("2026-11-19T21:00", "3/3", other)):
        moment.fix(f"{now}+00:00")
        found = Employee.objects.get(pk=anna.pk)
        assert (found.rota.name, found.head) == (rota, present)
        assert [1 in Employee.objects.get(pk=one.pk).sees for one in (head, other)] == [
            one == present for one in (head, other)
        ]


def test_a_rota_and_a_head_given_again_hold_from_the_beginning() -> None:
    head = employee(8)
    anna = employee(1, week(), head=head)
    anna.rota, anna.head = threes(), None
    anna.save()
    found = Employee.objects.get(pk=anna.pk)
    assert (found.rota.name, found.head) == ("3/3", None)
    assert RotaAssignment.objects.count() == 1


def test_a_second_amocrm_user_is_of_the_same_rota_and_leaves_together() -> None:
    anna = employee(1, week(), left_on=date(2026, 11, 12))
    Person.objects.create(id=2, name="Anna’s second")
    DayOff.objects.create(employee=anna, first="2026-11-09", last="2026-11-09", kind=DayOff.Kind.SICK)
    AmoUser.objects.create(employee=anna, person_id=2)
    assert (
        load_clocks().owner(2).worked(*WEEK) == load_clocks([2]).owner(2).worked(*WEEK) == timedelta(hours=36)
    )
    assert departures()[1] == departures()[2] == datetime(2026, 11, 12, 21, tzinfo=UTC)
    assert anna.sees == {1, 2}
    both = count_shifts([1, 2], *MONTH, today=MONTH[1])
    assert both[1] == both[2]


def test_an_amocrm_user_that_was_handed_over_follows_its_holder_of_the_day() -> None:
    anna = employee(1, week(), left_on=date(2026, 11, 10))
    boris = employee(2, threes())
    AmoUser.objects.create(person_id=1, employee=boris, since="2026-11-11")
    DayOff.objects.create(employee=anna, first="2026-11-10", last="2026-11-30", kind=DayOff.Kind.SICK)
    assert 1 not in departures(), "somebody else holds it now"
    of_both = count_shifts([1], *MONTH, today=MONTH[1])[1]
    assert [day.day for day in of_both.days] == [2, 3, 5, 6, 9, 13, 14, 15, 19, 20, 21, 25, 26, 27]
    moment.fix("2026-11-10T12:00+00:00")
    assert (sees(anna), sees(boris)) == ({1}, {2})
    moment.fix("2026-11-11T12:00+00:00")
    assert (sees(anna), sees(boris)) == (set(), {1, 2})
    AmoUser.objects.create(person_id=1, employee=None, since="2026-11-21")
    assert departures()[1] == datetime(2026, 11, 20, 21, tzinfo=UTC)


def sees(one: Employee) -> set[int]:
    return set(Employee.objects.get(pk=one.pk).sees)


def test_the_holders_of_a_user_by_day() -> None:
    anna, boris = employee(1, hired_on=date(2026, 1, 1)), employee(2)
    AmoUser.objects.create(person_id=1, employee=None, since="2026-11-11")
    AmoUser.objects.create(person_id=1, employee=boris, since="2026-11-21")
    AmoUser.objects.create(person_id=3, employee=anna, since="2026-11-21")
    found = [(one.person, one.employee, str(one.since), str(one.until), one.main) for one in holders()]
    assert found == [
        (1, anna.pk, "None", "2026-11-11", 1),
        (1, boris.pk, "2026-11-21", "None", 2),
        (2, boris.pk, "None", "None", 2),
        (3, anna.pk, "2026-11-21", "None", 1),
    ]


def test_clocks_cost_the_same_for_many(django_assert_num_queries: Any) -> None:
    office = week()
    later = threes()
    for number in range(1, 30):
        RotaAssignment.objects.create(employee=employee(number, office), rota=later, since="2026-11-20")
    with django_assert_num_queries(4):
        found = load_clocks()
    assert len({id(found.owner(number)) for number in range(1, 30)}) == 1, "laid out once for all of them"
    with django_assert_num_queries(4):
        rota_grid(*MONTH)


def test_whoever_has_left_is_told_alike_by_both_reads() -> None:
    """One statement for every page's badge, and the reads of judgement: the same people."""
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    moment.fix(now.isoformat())
    day = local_day(now)
    one, many = timedelta(days=1), timedelta(days=400)
    people = [Person.objects.create(id=number, name=str(number)) for number in range(1, 12)]
    Person.objects.filter(pk=2).update(is_active=False)
    Person.objects.filter(pk=3).update(deleted_at=now - one)
    Person.objects.filter(pk=4).update(deleted_at=now + one)
    for number, left in ((5, day - one), (6, day), (7, day + one), (8, day - many)):
        Employee.objects.create_user(f"e{number}", person=people[number - 1], left_on=left)
    Person.objects.filter(pk=8).update(is_active=False, deleted_at=now + one)
    heir = Employee.objects.create_user("heir")
    AmoUser.objects.create(person_id=8, employee=heir, since=day - one)
    AmoUser.objects.create(person_id=9, employee=heir, since=day - many)
    AmoUser.objects.create(person_id=9, employee=None, since=day - one)
    told = {person for person, left in departures().items() if left is None or left <= now}
    assert find_leavers(now, day) == told >= {2, 3, 5, 9}
    assert Employee.objects.with_sight(now, day).get(username="heir").leavers == told
