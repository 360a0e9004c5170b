"""A house with people and deals, and a month to ask about."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.periods import Period, parse_month
from devtools.tests.factory import (
    DAY,
    NOW,
    make_deal,
    make_person,
    make_pipeline,
    make_stage,
)
from metrics import measure
from pipelines.models import Deal, Person, Stage, Stay, Touch

NOVEMBER = parse_month("2026-11", ZoneInfo("Europe/Moscow"))
D = Decimal
HOUR = timedelta(hours=1)


class House:
    """One pipeline with two working stages and both ends, and two managers."""

    def __init__(self) -> None:
        self.pipeline = make_pipeline()
        self.first = make_stage(self.pipeline, "Взяли в работу", sort=10)
        self.second = make_stage(self.pipeline, "Готов к выдаче", sort=20)
        self.won = make_stage(self.pipeline, "Успешно реализовано", Stage.Kind.WON)
        self.lost = make_stage(self.pipeline, "Закрыто и не реализовано", Stage.Kind.LOST)
        self.anna, self.boris = make_person("Анна"), make_person("Борис")

    def closed(
        self,
        stage: Stage,
        owner: Person,
        at: datetime,
        price: int = 100,
        age: timedelta = 10 * DAY,
        **values: Any,
    ) -> Deal:
        """A deal that went from the first stage straight to its end, one owner all the way."""
        values = {"price": D(price), "created_at": at - age, "closed_at": at} | values
        deal = make_deal(stage, owner, at, **values)
        deal.stays.update(visit=2)
        Stay.objects.create(
            deal=deal,
            stage=self.first,
            manager=owner,
            visit=1,
            visit_since=at - age,
            entered_at=at - age,
            left_at=at,
            next_stage=stage,
        )
        return deal


@pytest.fixture
def house() -> House:
    return House()


def ask(
    code: str, by: str | None = None, period: Period = NOVEMBER, **more: Any
) -> dict[Any, tuple[Decimal | None, int]]:
    return {value.key: (value.value, value.n) for value in measure(code, period, by, now=NOW, **more)}


def touch(deal: Deal, kind: str, at: datetime, seconds: int = 0, manager: Person | None = None) -> Touch:
    owner = (manager or deal.manager) if kind != "robot" else None
    kind = Touch.Kind.MESSAGE_OUT if kind == "robot" else kind
    return Touch.objects.create(
        id=f"t{Touch.objects.count()}",
        at=at,
        kind=kind,
        deal=deal,
        manager=owner,
        seconds=seconds,
        updated_at=at,
    )
