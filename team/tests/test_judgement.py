"""Whatever a clock depends on is seen by the judgement: kept clocks are laid out anew when it changes."""

from collections.abc import Callable
from datetime import date, time

import pytest

from pipelines.models import Person
from qc import criteria
from team.models import AmoUser, CalendarDay, CompanyHours, Employee, HolidayCalendar, Rota, RotaAssignment

pytestmark = pytest.mark.django_db
HOURS = {"anchor": date(2026, 11, 2), "starts": time(9), "ends": time(18)}


@pytest.fixture(autouse=True)
def anna() -> Employee:
    calendar = HolidayCalendar.objects.create(name="Russia", country="RU")
    rota = Rota.objects.create(name="5/2", pattern="1111100", calendar=calendar, **HOURS)
    return Employee.objects.create(
        username="anna", person=Person.objects.create(id=1, name="Anna"), rota=rota, hired_on="2026-01-01"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda: Rota.objects.update(breaks=[["13:00", "14:00"]]),
        lambda: Rota.objects.update(special={"5": [["09:00", "17:00"]]}),
        lambda: Rota.objects.update(calendar=None),
        lambda: HolidayCalendar.objects.update(country="KZ"),
        lambda: HolidayCalendar.objects.update(eve_minutes=60),
        lambda: CalendarDay.objects.create(
            calendar=HolidayCalendar.objects.get(), day="2026-11-05", kind="rest"
        ),
        lambda: CompanyHours.objects.create(rota=Rota.objects.get()),
        lambda: RotaAssignment.objects.create(employee=Employee.objects.get(), since="2026-11-20"),
        lambda: RotaAssignment.objects.update(since="2026-11-20"),
        lambda: RotaAssignment.objects.all().delete(),
        lambda: AmoUser.objects.create(employee=Employee.objects.get(), person_id=1, since="2026-11-20"),
    ],
)
def test_a_change_is_judged_by(change: Callable[[], object]) -> None:
    before = criteria.bench()
    assert criteria.bench() is before, "as long as nothing changes, clocks are kept"
    change()
    assert criteria.bench() is not before
