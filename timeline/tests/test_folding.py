"""Lives folded from rows, and written where they differ; tasks done as their events say."""

from typing import Any

import pytest

from pipelines.models import Deal, Event, Stay, Task
from timeline import folding
from timeline.tests.test_history import at


def deal(key: int, stage: str = "1:2", **more: Any) -> Deal:
    values: dict[str, Any] = {
        "name": str(key),
        "stage_id": stage,
        "manager_id": 1,
        "created_at": at(0),
        "updated_at": at(0),
    }
    return Deal.objects.create(id=key, **values | more)


def event(
    key: str,
    second: int,
    kind: str,
    deal_id: int,
    before: Any = None,
    after: Any = None,
    entity: str = "deal",
) -> None:
    Event.objects.create(
        id=key, at=at(second), kind=kind, entity=entity, entity_id=deal_id, before=before, after=after
    )


def task(key: int, deal_id: int | None, *, done: bool = True) -> None:
    Task.objects.create(
        id=key,
        deal_id=deal_id,
        manager_id=1,
        created_at=at(0),
        updated_at=at(90),
        due_at=at(50),
        is_completed=done,
    )


@pytest.mark.django_db
def test_stays_are_rewritten_only_where_they_differ() -> None:
    for key in (1, 2):
        deal(key, "1:3")
        event(f"e{key}", 10, "stage", key, "1:2", "1:3")
    assert folding.fold_deals([1, 2]) == 2
    first = dict(Stay.objects.values_list("id", "deal_id"))
    assert folding.fold_deals([1, 2]) == 0
    event("late", 5, "owner", 2, 7, 1)
    assert folding.fold_deals([1, 2]) == 1
    second = dict(Stay.objects.values_list("id", "deal_id"))
    assert {key for key, of in first.items() if of == 1} <= set(second)
    assert list(Stay.objects.filter(deal=2).values_list("manager_id", flat=True).order_by("entered_at")) == [
        7,
        1,
        1,
    ]


@pytest.mark.django_db
def test_events_of_one_second_are_taken_in_the_order_of_their_ids() -> None:
    deal(1, "1:4")
    event("01b", 10, "stage", 1, "1:3", "1:4")
    event("01a", 10, "stage", 1, "1:2", "1:3")
    folding.fold_deals([1])
    assert list(Stay.objects.order_by("visit").values_list("stage_id", "inferred")) == [
        ("1:2", False),
        ("1:3", False),
        ("1:4", False),
    ]


@pytest.mark.django_db
def test_only_the_named_deals_are_folded() -> None:
    deal(1)
    deal(2)
    folding.fold_deals([2])
    assert set(Stay.objects.values_list("deal_id", flat=True)) == {2}


@pytest.mark.django_db
def test_a_task_is_done_when_its_event_says_so() -> None:
    deal(1)
    task(10, 1)
    task(11, 1)
    task(12, 1, done=False)
    task(13, None)
    event("done", 40, "completed", 10, entity="task")
    event("undone once", 41, "completed", 12, entity="task")
    event("of a contact", 42, "completed", 13, entity="task")
    folding.fold_deals([1])
    folding.fold_rest()
    assert dict(Task.objects.values_list("id", "completed_at")) == {
        10: at(40),
        11: at(90),
        12: None,
        13: at(42),
    }
    assert dict(Task.objects.values_list("id", "completed_inferred")) == {
        10: False,
        11: True,
        12: False,
        13: False,
    }


@pytest.mark.django_db
def test_a_later_edit_of_a_done_task_does_not_move_its_completion() -> None:
    deal(1)
    task(11, 1)
    folding.fold_deals([1])
    Task.objects.update(updated_at=at(500))
    folding.fold_deals([1])
    assert Task.objects.get().completed_at == at(90)


@pytest.mark.django_db
def test_a_task_opened_again_is_not_done() -> None:
    deal(1)
    task(11, 1)
    folding.fold_deals([1])
    Task.objects.update(is_completed=False)
    folding.fold_deals([1])
    assert (Task.objects.get().completed_at, Task.objects.get().completed_inferred) == (None, False)


@pytest.mark.django_db
def test_a_restored_deal_stands_where_its_row_says() -> None:
    """Its stage may have gone while it lay in the bin: no event tells of that move."""
    deal(1, "1:2", updated_at=at(50))
    event("moved", 100, "stage", 1, "1:2", "1:3")
    folding.fold_deals([1])
    assert Stay.objects.filter(deal_id=1).latest("entered_at").stage_id == "1:3"
    event("back", 900, "restored", 1)
    folding.fold_deals([1])

    last = Stay.objects.filter(deal_id=1).latest("entered_at")
    assert (last.stage_id, last.entered_at, last.left_at, last.inferred) == ("1:2", at(900), None, True)
