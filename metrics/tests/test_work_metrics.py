"""Metrics of work: calls, first contact, tasks, next steps, what is stuck, and findings a day of work."""

from datetime import date, timedelta

import pytest

from devtools.tests.factory import (
    DAY,
    NOW,
    make_deal,
    make_employee,
    make_finding,
    make_task,
)
from metrics import METRICS, rows
from metrics.question import Question
from metrics.tests.house import HOUR, NOVEMBER, D, House, ask, touch
from metrics.tests.house import house as house
from pipelines.models import Event, Stay, Task, Touch
from team.models import Employee, Role

pytestmark = pytest.mark.django_db


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
