"""The worked example of docs/money.md: a manager, her November, and what it is paid by."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.periods import parse_month
from devtools.tests.factory import (
    DAY,
    keep_checks,
    make_employee,
    make_finding,
    make_task,
)
from kpi import pay_schemes
from kpi.models import Quota, Scheme, Statement
from metrics.tests.house import House
from pipelines.models import Deal, Person
from qc.models import RuleMode
from team.models import DayOff, Role, Rota

NOVEMBER = parse_month("2026-11", ZoneInfo("Europe/Moscow"))


DECEMBER_1 = datetime(2026, 12, 1, 9, tzinfo=UTC)


D = Decimal
DOCUMENT = {
    "code": "sales",
    "title": {"ru": "Менеджер", "en": "Manager"},
    "effective_from": "2026-01-01",
    "components": [
        {"kind": "salary", "code": "salary", "title": {"ru": "Оклад", "en": "Salary"}, "amount": "40000"},
        {
            "kind": "rate",
            "code": "commission",
            "title": {"ru": "Процент с продаж", "en": "Commission"},
            "measure": "won_sum",
            "scale": "marginal",
            "tiers": [{"upto": "0.7", "rate": "0.02"}, {"upto": "1", "rate": "0.03"}, {"rate": "0.045"}],
        },
        {
            "kind": "coefficient",
            "code": "quality",
            "title": {"ru": "Качество", "en": "Quality"},
            "of": ["commission"],
            "measure": "quality",
            "points": [["70", "0.8"], ["90", "1.0"], ["100", "1.1"]],
        },
        {
            "kind": "matrix",
            "code": "kpi",
            "title": {"ru": "Премия за KPI", "en": "KPI bonus"},
            "fund": "15000",
            "indicators": [{"measure": "tasks_on_time", "weight": "1", "plan": "1"}],
        },
    ],
}


class Month:
    """The worked example: 1 080 000 of 1 200 000, 13 of 15 shifts, quality 88, tasks on time 96 %."""

    def __init__(self) -> None:
        self.house = House()
        self.anna: Person = self.house.anna
        self.rota = Rota.objects.create(
            name="3/3", pattern="111000", anchor=date(2026, 11, 1), starts=time(9), ends=time(18)
        )
        self.employee = make_employee(Role.MANAGER, self.anna, rota=self.rota)
        DayOff.objects.create(
            employee=self.employee, first=date(2026, 11, 25), last=date(2026, 11, 26), kind="sick"
        )
        Quota.objects.create(manager=self.anna, period=NOVEMBER.first, amount=D(1_200_000))
        self.house.closed(self.house.won, self.anna, NOVEMBER.start + 2 * DAY, 700_000)
        self.house.closed(self.house.won, self.anna, NOVEMBER.start + 14 * DAY, 380_000)
        RuleMode.objects.all().delete()
        # the tasks of the example stand on a deal that is won by then
        RuleMode.objects.create(
            rule="task.overdue",
            mode=RuleMode.Mode.MONEY,
            weight=2,
            norm={"counted": True},
            since=NOVEMBER.start,
        )
        self.deal = Deal.objects.filter(manager=self.anna).earliest("id")
        due = NOVEMBER.start + 5 * DAY
        tasks = [make_task(self.deal, due, is_completed=True, completed_at=due) for _ in range(24)]
        late = make_task(self.deal, due, is_completed=True, completed_at=due + DAY)
        self.findings = [
            make_finding(
                self.deal,
                "task.overdue",
                task=task,
                since=due,
                opens_at=due,
                closes_at=due + DAY,
                mode="money",
            )
            for task in (late, *tasks[:2])
        ]
        self.scheme: Scheme = pay_schemes.load_scheme(DOCUMENT)[0]
        keep_checks()

    def statement(self) -> Statement:
        return Statement.objects.get(manager=self.anna, period=NOVEMBER.first)

    def amounts(self) -> dict[str, Decimal]:
        return dict(self.statement().lines.values_list("code", "amount"))


WORKED = {"salary": D("34666.67"), "commission": D(24_000), "quality": D(-480), "kpi": D(14_400)}
