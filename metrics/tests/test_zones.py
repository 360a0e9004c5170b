"""Days and months begin where the account's zone says, and a date is a date in every zone."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings

from core import account
from core.periods import parse_month
from core.zone import portal_zone
from metrics import measure
from metrics.tests.house import House
from pipelines.models import CustomField

pytestmark = pytest.mark.django_db

ZONES = [
    "UTC",
    "Europe/Moscow",
    "Asia/Vladivostok",
    "America/Sao_Paulo",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
]


def won_in(label: str, **options: str) -> Decimal | None:
    period = parse_month(label, portal_zone())
    (found,) = measure("won_sum", period, options=options, now=period.end)
    return found.value


@pytest.mark.parametrize("kept", ["2026-12-01", "2026-12-01T00:00:00"])
@pytest.mark.parametrize("zone", ZONES)
def test_a_date_of_payment_lies_in_its_own_month_in_every_zone(zone: str, kept: str) -> None:
    house = House()
    CustomField.objects.create(pk=12, name="Оплачено", type="date")
    house.closed(house.won, house.anna, datetime(2026, 11, 5, tzinfo=UTC), fields={"12": kept})
    with override_settings(TIME_ZONE=zone):
        account.forget()
        assert (won_in("2026-11", date="12"), won_in("2026-12", date="12")) == (0, 100)
        days: dict[str, Any] = {"since": "2026-12-01", "until": "2026-12-02"}
        assert won_in("2026-12", date="12", **days) == 100


@pytest.mark.parametrize("zone", ZONES)
def test_a_moment_of_payment_lies_where_the_portals_clock_says(zone: str) -> None:
    house = House()
    CustomField.objects.create(pk=12, name="Оплачено", type="date_time")
    at = datetime(2026, 12, 1, 0, 30, tzinfo=ZoneInfo(zone))
    house.closed(house.won, house.anna, datetime(2026, 11, 5, tzinfo=UTC), fields={"12": at.isoformat()})
    with override_settings(TIME_ZONE=zone):
        account.forget()
        assert (won_in("2026-11", date="12"), won_in("2026-12", date="12")) == (0, 100)
        assert portal_zone() == ZoneInfo(zone) and date(2026, 12, 1) == at.date()
