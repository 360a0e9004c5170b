"""A change of rota in the middle of a month, seen through the salary: days before it stay as they were."""

from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal

import pytest

from core import moment
from kpi import statements
from kpi.tests.november import NOVEMBER, Month
from team.models import DayOff, Rota, RotaAssignment

pytestmark = pytest.mark.django_db


@pytest.fixture
def november() -> Iterator[Month]:
    """The worked example on 20 November: eleven of fifteen shifts of 3/3 are worked, 29,333.33 of 40,000 are earned."""
    moment.fix("2026-11-20T18:00+00:00")
    month = Month()
    DayOff.objects.all().delete()
    yield month
    moment.fix(None)


def shifts_and_salary(november: Month) -> tuple[int, int, Decimal]:
    statements.refresh_month(NOVEMBER)
    given = november.statement().inputs["shifts"]
    return given["worked"], given["planned"], november.amounts()["salary"]


def goes_over(november: Month, since: date | None) -> None:
    rota = Rota.objects.create(
        name="5/2", pattern="1111100", anchor=date(2026, 11, 2), starts=time(9), ends=time(18)
    )
    RotaAssignment.objects.update_or_create(employee=november.employee, since=since, defaults={"rota": rota})


def test_a_rota_from_next_month_leaves_this_month_alone(november: Month) -> None:
    assert shifts_and_salary(november) == (11, 15, Decimal("29333.33"))
    goes_over(november, date(2026, 12, 1))
    assert shifts_and_salary(november) == (11, 15, Decimal("29333.33"))


def test_days_before_a_change_of_rota_are_paid_as_they_were_worked(november: Month) -> None:
    shifts_and_salary(november)
    before = [day for day in november.statement().inputs["rota"] if day < "2026-11-20"]
    goes_over(november, date(2026, 11, 20))
    worked, planned, _ = shifts_and_salary(november)
    after = november.statement().inputs["rota"]
    assert [day for day in after if day < "2026-11-20"] == before
    assert (worked, planned) == (11, 17), "ten shifts of 3/3 and seven of 5/2, of which one is worked"
    moment.fix("2026-12-01T09:00+00:00")
    assert shifts_and_salary(november) == (17, 17, Decimal("40000.00"))


def test_a_rota_said_of_all_time_is_one_of_all_time(november: Month) -> None:
    goes_over(november, None)
    assert shifts_and_salary(november) == (15, 21, Decimal("28571.43"))
