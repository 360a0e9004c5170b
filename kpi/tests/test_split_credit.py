"""Several people are paid for one deal: who brought it and who closed it (docs/money.md)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.periods import parse_month
from devtools.tests.factory import DAY, make_employee
from kpi import pay_schemes
from kpi.models import Statement
from kpi.statements import refresh_month
from metrics.tests.house import House
from pipelines.models import Stay
from team.models import Role

pytestmark = pytest.mark.django_db

NOVEMBER = parse_month("2026-11", ZoneInfo("Europe/Moscow"))


def scheme(*shares: str, **more: Any) -> dict[str, Any]:
    """10 % of sales: of what one opened and of what one closed, by these shares."""
    names = [f"won_sum?credit=first&share={shares[0]}", f"won_sum?share={shares[1]}"]
    parts = [
        {
            "kind": "rate",
            "code": code,
            "title": {"ru": code, "en": code},
            "measure": name,
            "scale": "flat",
            "tiers": [{"rate": "0.1"}],
        }
        for code, name in zip(("opener", "closer"), names, strict=True)
    ]
    title = {"ru": "Т", "en": "T"}
    return {"code": "roles", "title": title, "effective_from": "2026-01-01", "components": parts, **more}


def test_a_deal_of_100_000_pays_3_000_to_its_opener_and_7_000_to_its_closer() -> None:
    house = House()
    for person in (house.anna, house.boris):
        make_employee(Role.MANAGER, person)
    deal = house.closed(house.won, house.anna, NOVEMBER.start + 2 * DAY, 100_000)
    Stay.objects.filter(deal=deal, stage=house.first).update(manager=house.boris)
    # handed over before the end, so that the closing is Anna's
    Stay.objects.create(
        deal=deal,
        stage=house.first,
        manager=house.anna,
        visit=1,
        visit_since=deal.created_at,
        entered_at=deal.closed_at - DAY,
        left_at=deal.closed_at,
        next_stage=house.won,
    )
    Stay.objects.filter(deal=deal, manager=house.boris).update(left_at=deal.closed_at - DAY)
    pay_schemes.load_scheme(scheme("0.3", "0.7"))
    refresh_month(NOVEMBER, datetime(2026, 11, 30, tzinfo=UTC))
    totals = dict(Statement.objects.values_list("manager", "total"))
    assert totals == {house.anna.pk: Decimal("7000.00"), house.boris.pk: Decimal("3000.00")}


def test_shares_make_one_unless_some_are_paid_on_top() -> None:
    with pytest.raises(ValueError, match="the shares of won_sum come to 1.2 and must come to 1"):
        pay_schemes.read_document(scheme("0.5", "0.7"))
    assert pay_schemes.read_document(scheme("0.5", "0.7", overlay=True))
