"""Only pipelines that sell have wins and losses, and a win stands while its deal goes on in delivery."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from core.periods import Period
from devtools.tests.factory import DAY, NOW, make_deal, make_employee, make_pipeline, make_stage
from metrics import list_wins, measure, rows, snapshot
from metrics.tests.house import NOVEMBER, House
from pipelines.account import own
from pipelines.models import Deal, Person, Stage, Stay
from qc import stalled
from team.models import Role
from web.deals.filters import DealFilter, closed_by
from web.frame.permissions import deals_open_to

pytestmark = pytest.mark.django_db

D = Decimal
WON_AT = NOW - 5 * DAY
FIGURES = ("deals_won", "won_sum", "deals_lost", "win_rate", "avg_deal", "cycle_days", "conversion")


class Firm(House):
    """The house with a pipeline of delivery behind its sales, one of warranty and one of a robot."""

    def __init__(self) -> None:
        super().__init__()
        self.delivery, self.robot = make_pipeline("Доставка"), make_pipeline("Курьеры")
        self.packing = make_stage(self.delivery, "Собираем")
        self.delivered = make_stage(self.delivery, "Доставлено", Stage.Kind.WON)
        self.refused = make_stage(self.delivery, "Отказ", Stage.Kind.LOST)
        self.route = make_stage(self.robot, "В пути")
        self.arrived = make_stage(self.robot, "Приехал", Stage.Kind.WON)
        own.set_kinds({self.delivery.pk: "supply", self.robot.pk: "robot"})

    def sold(self, *after: tuple[Stage, Person, int], price: int = 100) -> Deal:
        """Won by Anna five days ago, and then on the stages of ``after``: (stage, owner, days after the win)."""
        deal = self.closed(self.won, self.anna, WON_AT, price)
        last = Stay.objects.get(deal=deal, left_at=None)
        Stay.objects.filter(deal=deal, left_at__isnull=False).update(visit=1)
        Stay.objects.filter(pk=last.pk).update(visit=2)
        for visit, (stage, owner, days) in enumerate(after, 3):
            at = WON_AT + days * DAY
            Stay.objects.filter(pk=last.pk).update(left_at=at, next_stage=stage)
            last = Stay.objects.create(
                deal=deal, stage=stage, manager=owner, visit=visit, visit_since=at, entered_at=at
            )
            closed = stage.kind in (Stage.Kind.WON, Stage.Kind.LOST)
            Deal.objects.filter(pk=deal.pk).update(
                stage=stage, pipeline=stage.pipeline, manager=owner, closed_at=at if closed else None
            )
        return deal


def figures(period: Period = NOVEMBER) -> dict[str, Decimal | None]:
    return {code: measure(code, period, now=NOW)[0].value for code in FIGURES}


@pytest.fixture
def firm() -> Firm:
    return Firm()


WALKS: list[tuple[str, Callable[[Firm], list[tuple[Stage, Person, int]]], tuple[int, int]]] = [
    ("stands", lambda f: [], (1, 0)),
    ("goes on in delivery", lambda f: [(f.packing, f.boris, 1)], (1, 0)),
    ("is delivered", lambda f: [(f.packing, f.boris, 1), (f.delivered, f.boris, 2)], (1, 0)),
    ("goes on by a robot", lambda f: [(f.packing, f.boris, 1), (f.route, f.boris, 2)], (1, 0)),
    ("is refused at the door", lambda f: [(f.packing, f.boris, 1), (f.refused, f.boris, 2)], (0, 1)),
    ("goes back to selling", lambda f: [(f.packing, f.boris, 1), (f.second, f.anna, 2)], (0, 0)),
    ("is sold again", lambda f: [(f.packing, f.boris, 1), (f.first, f.anna, 2), (f.won, f.anna, 3)], (1, 0)),
    ("is taken up again and then delivered", lambda f: [(f.second, f.anna, 1), (f.packing, f.boris, 2)], (0, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("walk", "counts"), [walk[1:] for walk in WALKS], ids=[walk[0] for walk in WALKS])
def test_a_win_falls_only_when_it_is_lost_or_goes_back_to_selling(
    firm: Firm, walk: Callable[[Firm], list[tuple[Stage, Person, int]]], counts: tuple[int, int]
) -> None:
    firm.sold(*walk(firm))
    found = figures()
    assert (found["deals_won"], found["deals_lost"]) == counts
    desk = snapshot.decode_snapshot(snapshot.count_snapshot(NOW, NOVEMBER)).won
    assert sum(day.deals for day in desk) == counts[0], "the desk says the same"


def test_it_counts_at_the_moment_and_for_the_owner_of_the_win(firm: Firm) -> None:
    deal = firm.sold((firm.packing, firm.boris, 1), (firm.delivered, firm.boris, 40))
    assert list(list_wins(NOVEMBER, [firm.anna.pk, firm.boris.pk], {})) == [
        (firm.anna.pk, deal.pk, WON_AT.date(), D(100))
    ]
    assert measure("won_sum", NOVEMBER.next)[0].value == 0
    assert measure("cycle_days", NOVEMBER)[0].value == 10
    by_pipeline = {value.key: value.value for value in measure("deals_won", NOVEMBER, "pipeline")}
    assert by_pipeline == {firm.pipeline.pk: 1}
    assert list(rows("deals_won", NOVEMBER)) == [deal]
    (cell,) = snapshot.decode_snapshot(snapshot.count_snapshot(NOW, NOVEMBER)).won
    assert (cell.manager, cell.pipeline, cell.money) == (firm.anna.pk, firm.pipeline.pk, 100)
    anna = make_employee(Role.MANAGER, firm.anna)
    assert list(deals_open_to(anna)) == [deal], "its seller may still look at it"
    asked: dict[str, Any] = {
        "result": "won",
        "closed_by": firm.anna.pk,
        "since": "2026-11-01",
        "until": "2026-12-01",
    }
    listed = DealFilter(asked, Deal.objects.alive())
    assert list(listed.qs) == [deal] and list(closed_by(Deal.objects.all(), [firm.boris.pk])) == []


def test_results_of_robots_and_of_service_are_no_sales(firm: Firm) -> None:
    for stage in (firm.arrived, firm.delivered, firm.refused):
        make_deal(stage, firm.boris, WON_AT, created_at=WON_AT - DAY)
    assert figures() == {
        "deals_won": 0, "won_sum": 0, "deals_lost": 0, "win_rate": None, "avg_deal": None, "cycle_days": None,
        "conversion": None,
    }  # fmt: skip
    assert not snapshot.decode_snapshot(snapshot.count_snapshot(NOW, NOVEMBER)).won
    own.set_kinds({firm.robot.pk: "sales", firm.delivery.pk: "sales"})
    assert figures()["deals_won"] == 2 and figures()["deals_lost"] == 1


def test_a_robot_s_deal_needs_no_task(firm: Firm) -> None:
    make_deal(firm.route, firm.boris)
    missed = [make_deal(stage, firm.boris) for stage in (firm.first, firm.packing)]
    assert set(Deal.objects.filter(stalled.without_task())) == set(missed)
    cells = snapshot.decode_snapshot(snapshot.count_snapshot(NOW, NOVEMBER)).cells
    assert sum(cell.untasked for cell in cells) == 2 and sum(cell.open for cell in cells) == 3


def test_without_kinds_everything_sells_as_ever(firm: Firm) -> None:
    own.set_kinds({firm.delivery.pk: "sales", firm.robot.pk: "sales"})
    firm.sold((firm.packing, firm.boris, 1))
    assert figures()["deals_won"] == 0
