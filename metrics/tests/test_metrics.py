"""Numbers against rows made by hand, around one fixed moment: Friday 2026-11-20, 15:00 in Moscow."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from core.periods import Period, parse_month
from devtools.tests.factory import (
    DAY,
    NOW,
    make_deal,
    make_employee,
    make_finding,
    make_person,
    make_pipeline,
    make_stage,
    make_task,
)
from metrics import METRICS, UnknownField, check_fields, measure, rows
from metrics.question import Question
from pipelines.models import CustomField, Deal, Event, LossReason, Person, Stage, Stay, Task, Touch
from team.models import Employee, Role

pytestmark = pytest.mark.django_db

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


def test_every_code_of_the_design_is_registered() -> None:
    assert set(METRICS) == {
        "deals_created", "deals_won", "won_sum", "deals_lost", "win_rate", "cycle_days", "avg_deal", "calls_out",
        "lost_sum", "calls_in", "field_mean", "field_median",
        "talk_minutes", "first_contact_minutes", "tasks_on_time", "tasks_overdue", "no_task_hours", "quality",
        "quality_time", "findings_per_100_deal_days", "stuck_deals", "stuck_sum", "velocity", "conversion",
    }  # fmt: skip


def test_a_win_is_credited_to_the_owner_at_closing(house: House) -> None:
    deal = house.closed(house.won, house.anna, NOW - DAY, 500)
    # handed over after it was won
    Stay.objects.filter(deal=deal, stage=house.won).update(left_at=NOW - HOUR)
    Stay.objects.create(
        deal=deal, stage=house.won, manager=house.boris, visit=2, visit_since=NOW - DAY, entered_at=NOW - HOUR
    )
    Deal.objects.filter(pk=deal.pk).update(manager=house.boris)
    assert ask("won_sum", "manager") == {house.anna.pk: (D(500), 1)}
    assert ask("won_sum", people=[house.boris.pk]) == {None: (D(0), 0)}
    assert list(rows("won_sum", NOVEMBER, house.anna.pk, "manager")) == [deal]


def test_a_win_handed_over_in_the_same_second_is_the_givers(house: House) -> None:
    """Automation gives a won deal to another department: amoCRM's log has both at one second, in either order."""
    at = NOW - DAY
    deal = house.closed(house.won, house.anna, at, 500)
    Stay.objects.filter(deal=deal, stage=house.won).update(manager=house.boris)
    Deal.objects.filter(pk=deal.pk).update(manager=house.boris)
    assert ask("won_sum", "manager") == {house.anna.pk: (D(500), 1)}
    earlier = Stay.objects.filter(deal=deal, stage=house.first)
    earlier.update(left_at=at - timedelta(seconds=1), next_stage=None)
    Stay.objects.create(
        deal=deal, stage=house.first, manager=house.boris, visit=1, visit_since=at - 10 * DAY,
        entered_at=at - timedelta(seconds=1), left_at=at, next_stage=house.won,
    )  # fmt: skip
    assert ask("won_sum", "manager") == {house.boris.pk: (D(500), 1)}, "a second before it is a hand-over"


def test_results_of_a_month_lie_between_local_midnights(house: House) -> None:
    for at, price in [
        (NOVEMBER.start, 1),
        (NOVEMBER.start - HOUR, 2),
        (NOVEMBER.end - HOUR, 4),
        (NOVEMBER.end, 8),
    ]:
        house.closed(house.won, house.anna, at, price)
    assert ask("won_sum") == {None: (D(5), 2)}
    october_on = Period.parse("2026-10", "2026-12", ZoneInfo("Europe/Moscow"))
    assert ask("won_sum", "month", october_on) == {"2026-10": (D(2), 1), "2026-11": (D(5), 2)}


def test_wins_losses_and_what_follows_from_them(house: House) -> None:
    reason = LossReason.objects.create(pk=7, name="Дорого")
    house.closed(house.won, house.anna, NOW - DAY, 300, age=4 * DAY)
    house.closed(house.won, house.anna, NOW - DAY, 100, age=6 * DAY)
    house.closed(house.lost, house.anna, NOW - DAY, loss_reason=reason)
    house.closed(house.lost, house.boris, NOW - DAY)
    house.closed(house.won, house.anna, NOW - DAY, 9_000, deleted_at=NOW)  # in amoCRM's bin
    assert ask("deals_won", "manager") == {house.anna.pk: (D(2), 2)}
    assert ask("deals_lost", "loss_reason") == {7: (D(1), 1), None: (D(1), 1)}
    assert ask("deals_lost", "stage") == {house.first.pk: (D(2), 2)}
    assert ask("win_rate", "manager") == {house.anna.pk: (D(2) / 3, 3), house.boris.pk: (D(0), 1)}
    assert ask("cycle_days") == {None: (D(5), 2)}
    assert ask("avg_deal") == {None: (D(200), 2)}


def test_undefined_is_null_and_none_is_zero(house: House) -> None:
    undefined = {
        "win_rate", "cycle_days", "avg_deal", "first_contact_minutes", "tasks_on_time", "no_task_hours", "quality",
        "quality_time", "findings_per_100_deal_days", "velocity", "conversion", "field_mean", "field_median",
    }  # fmt: skip
    for code in METRICS:
        assert ask(code) == {None: (None if code in undefined else D(0), 0)}, code


def test_money_may_be_another_field_dated_by_another(house: House) -> None:
    CustomField.objects.create(pk=11, name="Маржа", type="numeric")
    CustomField.objects.create(pk=12, name="Оплачено", type="date")
    CustomField.objects.create(pk=13, name="Город", type="text")
    paid = int(datetime(2026, 11, 5, tzinfo=UTC).timestamp())
    house.closed(house.won, house.anna, NOW - 60 * DAY, fields={"11": "250.50", "12": paid})
    house.closed(house.won, house.anna, NOW - DAY, fields={"11": 1000})
    house.closed(house.won, house.anna, NOW - DAY, fields={"11": "много"})
    assert ask("won_sum", options={"field": "11"}) == {None: (D(1000), 2)}
    assert ask("avg_deal", options={"field": "11"}) == {None: (D(1000), 1)}
    assert ask("won_sum", options={"field": "11", "date": "12"}) == {None: (D("250.50"), 1)}
    for options, sentence in [
        ({"field": "13"}, "field: '13' must be price or the id of a deal field that holds a number"),
        ({"field": "999"}, "field: '999' must be price or the id of a deal field that holds a number"),
        (
            {"date": "price"},
            "date: 'price' must be closed_at, created_at or the id of a deal field that holds a date",
        ),
        (
            {"colour": "red"},
            "won_sum has no option colour; its options are field, date, at_least, since, until, when, where, "
            "credit, share",
        ),
    ]:
        with pytest.raises(ValueError) as error:
            ask("won_sum", options=options)
        assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"at_least": "380000"}, (D(1_080_000), 2)),
        ({"at_least": "380000.01"}, (D(700_000), 1)),
        ({"since": "2026-11-03"}, (D(1_090_000), 3)),
        ({"since": "2026-11-04"}, (D(390_000), 2)),
        ({"until": "2026-11-15"}, (D(700_000), 1)),
        ({"since": "2026-11-10", "until": "2026-11-21", "at_least": "300000"}, (D(380_000), 1)),
    ],
)
def test_sales_may_be_narrowed_to_days_and_large_deals(
    house: House, options: dict[str, str], expected: tuple[Decimal, int]
) -> None:
    """Days are local and half-open: midnight of the 3rd in Moscow is the 3rd, midnight of the 15th is not the 14th."""
    for day, price in ((2, 700_000), (14, 380_000), (19, 10_000)):
        house.closed(house.won, house.anna, NOVEMBER.start + day * DAY, price)
    assert ask("won_sum", options=options) == {None: expected}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"since": "soon"}, "since: 'soon' must be a day such as 2026-11-05"),
        ({"until": "2026-02-30"}, "until: '2026-02-30' must be a day such as 2026-11-05"),
        ({"at_least": "many"}, "at_least: 'many' must be a number"),
        ({"at_least": "NaN"}, "at_least: 'NaN' must be a number"),
    ],
)
def test_an_option_without_sense_is_answered_with_a_sentence(options: dict[str, str], sentence: str) -> None:
    for asked in (check_fields, lambda options: ask("won_sum", options=options)):
        with pytest.raises(UnknownField) as error:
            asked(options)
        assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("code", "by", "sentence"),
    [
        ("profit", None, "there is no metric 'profit'; there are "),
        (
            "won_sum",
            "loss_reason",
            "won_sum cannot be split by loss_reason; it can be split by manager, pipeline, month",
        ),
        (
            "win_rate",
            "weather",
            "win_rate cannot be split by weather; it can be split by manager, pipeline, month",
        ),
    ],
)
def test_a_question_without_sense_is_answered_with_a_sentence(
    code: str, by: str | None, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        ask(code, by)


def test_created_deals_belong_to_whose_they_were_first(house: House) -> None:
    deal = make_deal(house.second, house.boris, NOW - DAY, created_at=NOW - 2 * DAY)
    Stay.objects.create(
        deal=deal, stage=house.first, manager=house.anna, visit=1, visit_since=NOW - 2 * DAY, entered_at=NOW - 2 * DAY,
        left_at=NOW - DAY, next_stage=house.second,
    )  # fmt: skip
    assert ask("deals_created", "manager") == {house.anna.pk: (D(1), 1)}
    assert ask("deals_created", "stage") == {house.first.pk: (D(1), 1)}


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


def test_calls_are_credited_to_who_called(house: House) -> None:
    deal = make_deal(house.first, house.anna)
    touch(deal, Touch.Kind.CALL_OUT, NOW - HOUR, 90, house.boris)
    touch(deal, Touch.Kind.CALL_OUT, NOW - HOUR, 0)
    touch(deal, Touch.Kind.CALL_IN, NOW - HOUR, 60)
    touch(deal, Touch.Kind.CALL_OUT, NOW - 40 * DAY, 600)
    assert ask("calls_out", "manager") == {house.anna.pk: (D(1), 1), house.boris.pk: (D(1), 1)}
    assert ask("talk_minutes", "manager") == {house.anna.pk: (D(1), 2), house.boris.pk: (D("1.5"), 1)}
    assert ask("calls_out", "pipeline") == {house.pipeline.pk: (D(2), 2)}


def test_first_contact_is_the_first_human_outgoing_one(house: House) -> None:
    first = make_deal(house.first, house.anna, NOW - 5 * HOUR)
    touch(first, "robot", NOW - 5 * HOUR)
    touch(first, Touch.Kind.MESSAGE_IN, NOW - 5 * HOUR)
    touch(first, Touch.Kind.CALL_OUT, NOW - 5 * HOUR + timedelta(minutes=10))
    second = make_deal(house.first, house.anna, NOW - 5 * HOUR)
    touch(second, Touch.Kind.MESSAGE_OUT, NOW - 5 * HOUR + timedelta(minutes=30))
    assert ask("first_contact_minutes", "manager") == {house.anna.pk: (D(20), 2)}
    make_deal(house.first, house.anna, NOW - 2 * HOUR)  # has waited for two hours and still does
    assert ask("first_contact_minutes") == {None: (D(30), 3)}
    make_deal(house.first, house.anna, NOW - 6 * HOUR)
    make_deal(house.first, house.anna, NOW - 6 * HOUR)
    assert ask("first_contact_minutes") == {None: (None, 5)}, "less than half were contacted"


@pytest.mark.parametrize(
    ("minutes", "waited"),
    [(10, 10), (-1, 30), (30, 30), (0, 0), (150, 30)],  # before it was there; later than the one on the deal
)
def test_a_call_on_the_clients_card_is_a_first_contact_of_his_open_deals(
    house: House, minutes: int, waited: int
) -> None:
    began = NOW - 5 * HOUR
    deal = make_deal(house.first, house.anna, began, contact_id=900)
    touch(deal, Touch.Kind.CALL_OUT, began + timedelta(minutes=30))
    make_deal(house.first, house.anna, NOW, contact_id=900)  # another one of his
    aside = touch(deal, Touch.Kind.CALL_OUT, began + timedelta(minutes=minutes))
    Touch.objects.filter(pk=aside.pk).update(deal=None, contact=900)
    [met] = METRICS["first_contact_minutes"].source(Question(NOVEMBER, NOW)).filter(pk=deal.pk)
    assert met.contact_at == began + timedelta(minutes=waited)
    Stay.objects.filter(deal=deal).update(left_at=began + timedelta(minutes=minutes))  # closed at that moment
    [met] = METRICS["first_contact_minutes"].source(Question(NOVEMBER, NOW)).filter(pk=deal.pk)
    assert met.contact_at == began + timedelta(minutes=30)


def test_tasks_on_time_cannot_be_bettered_by_moving_or_deleting(house: House) -> None:
    deal = make_deal(house.first, house.anna)
    due = NOW - 2 * DAY
    done = {"is_completed": True, "completed_at": due}
    in_time = make_task(deal, due, **done)
    make_task(deal, due, **done | {"completed_at": due + timedelta(seconds=1)})
    make_task(deal, due)
    make_task(deal, due, deleted_at=due + HOUR)
    make_task(deal, due, deleted_at=due - HOUR)  # withdrawn in time: no promise was broken
    make_task(deal, NOW + DAY)  # its time has not come
    moved = make_task(deal, NOW - HOUR, is_completed=True, completed_at=NOW - 2 * HOUR)
    Event.objects.create(
        id="e1",
        at=due + HOUR,
        kind=Event.Kind.DEADLINE,
        entity="task",
        entity_id=moved.pk,
        before=due.isoformat(),
        after=(NOW - HOUR).isoformat(),
    )
    early = make_task(deal, NOW - HOUR, is_completed=True, completed_at=NOW - 2 * HOUR)
    Event.objects.create(
        id="e2",
        at=due - HOUR,
        kind=Event.Kind.DEADLINE,
        entity="task",
        entity_id=early.pk,
        before=due.isoformat(),
        after=(NOW - HOUR).isoformat(),
    )
    assert ask("tasks_on_time", "manager") == {house.anna.pk: (D(2) / 6, 6)}
    assert set(rows("tasks_on_time", NOVEMBER, now=NOW)) == set(
        Task.objects.exclude(due_at=NOW + DAY).exclude(deleted_at=due - HOUR)
    )
    assert in_time in rows("tasks_on_time", NOVEMBER, house.anna.pk, "manager", now=NOW)


def test_a_task_moved_out_of_the_month_after_its_time_stays_a_failure_of_the_month(house: House) -> None:
    task = make_task(make_deal(house.first, house.anna), NOVEMBER.end + DAY)
    Event.objects.create(
        id="e1",
        at=NOW - DAY,
        kind=Event.Kind.DEADLINE,
        entity="task",
        entity_id=task.pk,
        before=(NOW - 2 * DAY).isoformat(),
        after=task.due_at.isoformat(),
    )
    assert ask("tasks_on_time") == {None: (D(0), 1)}


def test_a_task_moved_too_late_stays_a_failure_when_it_is_deleted_before_the_new_date(house: House) -> None:
    """24 of 26: one late, and one moved after its time and then deleted."""
    deal, due = make_deal(house.first, house.anna), NOW - 5 * DAY
    for _number in range(24):
        make_task(deal, due, is_completed=True, completed_at=due)
    make_task(deal, due)
    moved = make_task(deal, NOW - DAY, deleted_at=NOW - 2 * DAY)
    Event.objects.create(
        id="e1", at=due + HOUR, kind=Event.Kind.DEADLINE, entity="task", entity_id=moved.pk,
        before=due.isoformat(), after=moved.due_at.isoformat(),
    )  # fmt: skip
    assert ask("tasks_on_time", "manager") == {house.anna.pk: (D(24) / 26, 26)}


def test_who_does_not_work_here_breaks_no_promise(house: House) -> None:
    """Left on the 10th (hired on the 10th): tasks due on the 9th, 10th and 11th, and hours without a task."""
    deal = make_deal(house.first, house.anna, NOVEMBER.start)
    tasks = [make_task(deal, NOVEMBER.start + 9 * HOUR + day * DAY, created_at=NOW) for day in (8, 9, 10)]
    employee = make_employee(Role.MANAGER, house.anna, left_on=date(2026, 11, 10))
    assert ask("tasks_on_time", "manager") == {house.anna.pk: (D(0), 2), None: (D(0), 1)}
    assert ask("tasks_on_time", people=[house.anna.pk]) == {None: (D(0), 2)}
    assert ask("tasks_on_time") == {None: (D(0), 3)}, "the department has promised them all the same"
    assert set(rows("tasks_on_time", NOVEMBER, house.anna.pk, "manager", now=NOW)) == set(tasks[:2])
    assert ask("tasks_overdue", "manager") == {None: (D(3), 3)}, "now they are nobody's"
    assert ask("no_task_hours", "manager") == {house.anna.pk: (D(240), 1)}
    Employee.objects.filter(pk=employee.pk).update(left_on=None, hired_on=date(2026, 11, 10))
    assert ask("tasks_on_time", people=[house.anna.pk]) == {None: (D(0), 2)}
    hours = (NOW - NOVEMBER.start) / HOUR - 9 * 24
    assert ask("no_task_hours", "manager") == {house.anna.pk: (D(str(hours)), 1)}


def test_overdue_tasks_are_counted_at_the_end_of_the_period(house: House) -> None:
    deal = make_deal(house.first, house.anna)
    make_task(deal, NOW - DAY)
    make_task(deal, NOW)  # exactly at its due moment nothing is overdue yet
    make_task(deal, NOVEMBER.start - DAY, is_completed=True, completed_at=NOVEMBER.start + DAY)
    assert ask("tasks_overdue", "stage") == {house.first.pk: (D(1), 1)}
    assert ask("tasks_overdue", period=NOVEMBER.previous) == {None: (D(1), 1)}


def test_hours_without_a_next_step_are_cut_by_tasks_and_by_owners(house: House) -> None:
    start = NOVEMBER.start
    deal = make_deal(house.first, house.boris, start - DAY)
    Stay.objects.filter(deal=deal).update(manager=house.boris, entered_at=start + 10 * HOUR)
    Stay.objects.create(
        deal=deal,
        stage=house.first,
        manager=house.anna,
        visit=1,
        visit_since=start - DAY,
        entered_at=start - DAY,
        left_at=start + 10 * HOUR,
    )
    make_task(deal, created_at=start + 4 * HOUR, is_completed=True, completed_at=start + 6 * HOUR)
    make_task(deal, created_at=start + 12 * HOUR, due_at=start + 13 * HOUR)  # overdue, but there
    covered = make_deal(house.first, house.boris, start)
    make_task(covered, created_at=start)
    assert ask("no_task_hours", "manager") == {house.anna.pk: (D(8), 1), house.boris.pk: (D(2), 1)}
    assert ask("no_task_hours", people=[house.boris.pk]) == {None: (D(2), 1)}
    assert list(rows("no_task_hours", NOVEMBER, house.boris.pk, "manager", now=NOW)) == [deal]


def test_stuck_deals_and_their_money(house: House) -> None:
    stuck = make_deal(house.first, house.anna, price=D(300))
    make_finding(stuck)
    fixed = make_deal(house.first, house.anna)
    make_finding(fixed, closes_at=NOW)
    make_finding(make_deal(house.first, house.anna), opens_at=NOW + DAY)
    make_finding(make_deal(house.first, house.anna), mode="shadow")
    closed = house.closed(house.lost, house.anna, NOW - HOUR)
    make_finding(closed)
    assert ask("stuck_deals", "stage") == {house.first.pk: (D(1), 1)}
    assert ask("stuck_sum", "manager") == {house.anna.pk: (D(300), 1)}
    assert list(rows("stuck_sum", NOVEMBER, now=NOW)) == [stuck]


def test_density_of_findings_is_measured_against_days_in_work(house: House) -> None:
    deal = make_deal(house.first, house.anna, NOW - 10 * DAY)
    make_finding(deal, "task.none")
    make_finding(deal, "deal.stuck")
    make_finding(deal, "task.none", since=NOW - 4 * DAY, withdrawn_at=NOW)
    make_deal(house.first, house.boris, NOW - 5 * DAY)
    assert ask("findings_per_100_deal_days", "manager") == {
        house.anna.pk: (D(20), 2),
        house.boris.pk: (D(0), 0),
    }
    assert ask("findings_per_100_deal_days")[None] == (D(2) * 100 / 15, 2)


def test_velocity_multiplies_what_belongs_together(house: House) -> None:
    house.closed(house.won, house.anna, NOW - DAY, 300, age=5 * DAY)
    house.closed(house.lost, house.anna, NOW - DAY)
    for _ in range(4):
        make_deal(house.first, house.anna)
    other = House()
    make_deal(other.first, house.anna)
    assert ask("velocity", "pipeline") == {
        house.pipeline.pk: (D(4) * D("0.5") * 300 / 5, 4),
        other.pipeline.pk: (None, 1),
    }
    other.closed(other.won, house.anna, NOW - DAY, 1_000, age=10 * DAY)
    make_deal(other.first, other.boris)
    # 120 a day and 2 × 1 × 1 000 ÷ 10 = 200: pipelines add up, a mixture of them would be neither
    assert ask("velocity") == {None: (D(320), 6)}
    assert ask("velocity", "manager") == {house.anna.pk: (D(220), 5), other.boris.pk: (None, 1)}


def test_conversion_follows_the_deals_of_the_period(house: House) -> None:
    house.closed(house.won, house.anna, NOW - DAY)
    house.closed(house.lost, house.anna, NOW - DAY)
    house.closed(house.won, house.anna, NOW - DAY, age=30 * DAY)  # created in October
    make_deal(house.second, house.anna)
    assert ask("conversion", "manager") == {house.anna.pk: (D(1) / 3, 3)}
    assert ask("conversion", "stage") == {house.first.pk: (D("0.5"), 2), house.second.pk: (D(0), 1)}
    assert rows("conversion", NOVEMBER, house.first.pk, "stage").count() == 2


def test_a_return_to_a_stage_is_no_second_entry(house: House) -> None:
    deal = make_deal(house.first, house.anna, NOW - DAY)
    Stay.objects.create(
        deal=deal, stage=house.first, manager=house.anna, visit=1, visit_since=NOW - 40 * DAY,
        entered_at=NOW - 40 * DAY, left_at=NOW - 2 * DAY, next_stage=house.second,
    )  # fmt: skip
    assert ask("conversion", "stage") == {}


def everything(house: House, people: list[Person]) -> None:
    for person in people:
        deal = make_deal(house.first, person)
        house.closed(house.won, person, NOW - DAY)
        house.closed(house.lost, person, NOW - DAY)
        make_task(deal, NOW - DAY)
        make_finding(deal)
        touch(deal, Touch.Kind.CALL_OUT, NOW - DAY, 60)


@pytest.mark.parametrize("code", list(METRICS))
def test_the_number_of_queries_does_not_grow_with_people(code: str, house: House) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            measure(code, NOVEMBER, "manager", now=NOW)
        return len(queries)

    everything(house, [house.anna])
    few = cost()
    everything(house, [make_person(f"Менеджер {number}") for number in range(5)])
    assert cost() == few <= 8


@pytest.mark.parametrize("code", list(METRICS))
def test_every_split_adds_up_with_its_rows(code: str, house: House) -> None:
    everything(house, [house.anna, house.boris])
    for by in METRICS[code].by:
        for value in measure(code, NOVEMBER, by, now=NOW):
            assert value.label
            behind = rows(code, NOVEMBER, value.key, by, now=NOW)
            if code != "quality":
                assert behind.count() == value.n, (by, value)


def test_people_see_only_what_is_credited_to_them(house: House) -> None:
    everything(house, [house.anna, house.boris])
    for code in METRICS:
        everybody = ask(code, "manager")
        own = ask(code, "manager", people=[house.anna.pk])
        assert own == {key: value for key, value in everybody.items() if key == house.anna.pk}, code
        assert ask(code, "manager", people=[]) == {}, code


def test_unknown_owners_have_a_name_too(house: House) -> None:
    house.closed(house.won, Person(pk=987, name="Удалённый"), NOW - DAY, 5)
    with translation.override("en"):
        values = measure("won_sum", NOVEMBER, "manager", now=NOW)
    assert [(value.key, value.label) for value in values] == [(987, "No. 987")]
