"""Two schemes side by side, on months that have been and on years drawn from them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import moment
from core.periods import parse_month
from devtools.tests.factory import DAY, make_employee
from kpi import futures, pay_schemes, rehearsal
from kpi.futures import compare_schemes
from kpi.models import Scheme, Statement
from kpi.pay_schemes import read_document
from kpi.rehearsal import rehearse
from kpi.statements import close_month, refresh_month
from kpi.tests.test_replay import scheme
from metrics.tests.house import House
from team.models import Role

pytestmark = pytest.mark.django_db

D = Decimal
FLAT = {"kind": "rate", "code": "flat", "measure": "won_sum", "scale": "flat", "tiers": [{"rate": "0.1"}]}
STEEP = {**FLAT, "scale": "whole", "tiers": [{"upto": "1", "rate": "0.05"}, {"rate": "0.12"}]}


@pytest.fixture(autouse=True)
def quarter() -> Iterator[House]:
    """August to October: Anna sells 100, 200 and 300 thousand, Boris 50 each month; 10 % of it was paid."""
    moment.fix("2026-11-05T09:00:00+00:00")
    house, zone = House(), ZoneInfo("Europe/Moscow")
    for person in (house.anna, house.boris):
        make_employee(Role.MANAGER, person)
    pay_schemes.load_scheme(scheme(FLAT))
    for number, label in enumerate(("2026-08", "2026-09", "2026-10"), 1):
        month = parse_month(label, zone)
        house.closed(house.won, house.anna, month.start + DAY, 100_000 * number)
        house.closed(house.won, house.boris, month.start + DAY, 50_000)
        refresh_month(month, datetime(2026, 11, 1, tzinfo=UTC))
        close_month(month, None, datetime(2026, 11, 1, tzinfo=UTC))
    yield house
    moment.fix(None)


def compare(**more: Any) -> Any:
    second = read_document(scheme(STEEP, quota=200_000))
    return compare_schemes(read_document(scheme(FLAT)), second, **more)


def test_who_wins_and_who_loses() -> None:
    """Anna: 5 % of 100, 12 % of 200 and of 300 thousand. Boris: 5 % instead of 10."""
    found = compare()
    rows = [(one.name, one.first, one.second) for one in found.people]
    assert rows == [("Борис", 15_000, 7_500), ("Анна", 60_000, 65_000)]
    assert (found.total.first, found.total.second) == (75_000, 72_500)
    assert [one.name for one in found.losers] == ["Борис"]


def test_a_drawn_year_is_between_its_worst_and_its_best_month_twelve_times() -> None:
    found = compare()
    boris, anna = found.people
    assert (boris.year.low, boris.year.high) == (-30_000, -30_000), "his months are all alike"
    assert 12 * -5_000 < anna.year.low < 0 < anna.year.high < 12 * 6_000
    assert found.cost_first.low < 12 * 25_000 < found.cost_first.high


def test_the_same_seed_draws_the_same_years_and_nothing_is_written() -> None:
    before = list(Statement.objects.values()), list(Scheme.objects.values())
    assert compare() == compare()
    assert len({compare(seed=number).total.year for number in range(5)}) > 1
    assert before == (list(Statement.objects.values()), list(Scheme.objects.values()))


def test_months_that_hang_on_each_other_are_lived_through() -> None:
    """An advance of 10 000 that is returned: over a year Anna, who earns more in the mean, is paid what she earns."""
    draw = read_document(scheme(FLAT, {"kind": "draw", "code": "draw", "amount": "10000"}))
    found = compare_schemes(read_document(scheme(FLAT)), draw)
    anna = next(one for one in found.people if one.name == "Анна")
    assert (anna.first, anna.second, anna.year.low) == (60_000, 60_000, 0)
    boris = next(one for one in found.people if one.name == "Борис")
    assert boris.year.low == 60_000, "12 advances of 10 000 instead of 5 000 earned"


@pytest.mark.parametrize(("budget", "draws"), [(20_000, 416), (5_000, 104), (960, 20), (959, 0)])
def test_no_more_months_are_lived_through_than_the_budget_allows(
    monkeypatch: pytest.MonkeyPatch, budget: int, draws: int
) -> None:
    """Two people by two schemes: 48 months a year."""
    lived: list[int] = []
    live = futures._Side.live
    monkeypatch.setattr(futures._Side, "live", lambda *args: lived.append(12) or live(*args))
    monkeypatch.setattr(futures, "BUDGET", budget)
    draw = read_document(scheme(FLAT, {"kind": "draw", "code": "draw", "amount": "10000"}))
    found = compare_schemes(read_document(scheme(FLAT)), draw)
    assert (found.draws, sum(lived)) == (draws, 48 * draws)
    assert (found.total.year is None) == (not draws)
    assert found.total.difference == 15_000
    # Boris was not there in August: his years are drawn from his own months
    Statement.objects.filter(manager__name="Борис", period="2026-08-01").delete()
    lived.clear()
    found = compare_schemes(read_document(scheme(FLAT)), draw)
    assert found.draws <= draws and sum(lived) <= budget


def test_whom_it_leaves_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compare().left_out == rehearse(read_document(scheme(FLAT))).left_out == 0
    monkeypatch.setattr(rehearsal, "MOST", 1)
    found = compare()
    assert ([one.name for one in found.people], found.left_out) == (["Анна"], 1)
    assert rehearse(read_document(scheme(FLAT))).left_out == 1


def test_a_short_history_is_no_ground_for_a_range() -> None:
    Statement.objects.filter(period__lt="2026-10-01").delete()
    found = compare()
    assert found.total.year is None
    assert found.people[0].year is None
    assert found.total.difference == 3_500
