from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from core import moment
from pipelines.mirror.entities import ENTITIES, TABLE
from pipelines.mirror.upsert import mark_deleted, store_rows
from pipelines.models import Deal, Event, JudgementRequest, Person, QuarantinedRow, Task

DEALS, TASKS, EVENTS = ENTITIES["deals"], ENTITIES["tasks"], ENTITIES["events"]
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def deal(key: int = 1, *, updated: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": key,
        "name": "Кухня",
        "price": "1000.50",
        "pipeline_id": 1,
        "stage_id": "1:2",
        "manager_id": 7,
        "contact_id": None,
        "loss_reason_id": None,
        "created_by": 0,
        "created_at": at(0),
        "updated_at": at(updated),
        "closed_at": None,
        "next_task_at": None,
        "tags": [],
        "fields": {"5": ["a", "b"]},
        "deleted_at": None,
    } | more


def task(key: int, deal_id: int | None, *, updated: int = 0) -> dict[str, Any]:
    return {
        "id": key,
        "deal_id": deal_id,
        "contact_id": None,
        "manager_id": 7,
        "kind_id": 1,
        "text": "",
        "created_by": 0,
        "created_at": at(0),
        "updated_at": at(updated),
        "due_at": at(9),
        "is_completed": False,
        "text_mark": None,
        "has_result": None,
        "deleted_at": None,
    }


def versions() -> list[tuple[Any, ...]]:
    """Where each row physically stands: any write moves it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ctid::text, xmin::text, xmax::text FROM pipelines_deal ORDER BY id")
        return cursor.fetchall()


@pytest.mark.django_db
def test_new_rows_are_written_as_they_are() -> None:
    stored = store_rows(DEALS, [deal(1), deal(2, price="0.10", closed_at=at(5), tags=["VIP"])])
    assert (stored.new, stored.changed, stored.deals) == ({1, 2}, set(), {1, 2})
    row = Deal.objects.get(pk=1)
    assert (row.name, str(row.price), row.stage_id, row.fields) == (
        "Кухня",
        "1000.50",
        "1:2",
        {"5": ["a", "b"]},
    )
    assert Deal.objects.get(pk=2).closed_at == at(5)


@pytest.mark.django_db
def test_an_unchanged_page_writes_nothing_at_all() -> None:
    page = [deal(key) for key in range(250)]
    store_rows(DEALS, page)
    JudgementRequest.objects.all().delete()
    before = versions()
    stored = store_rows(DEALS, page)
    assert not stored.new and not stored.changed and not stored.deals
    assert versions() == before
    assert not JudgementRequest.objects.exists()


@pytest.mark.django_db
def test_only_what_differs_is_written() -> None:
    store_rows(DEALS, [deal(1), deal(2)])
    before = versions()
    stored = store_rows(DEALS, [deal(1, updated=3), deal(2)])
    assert stored.changed == {1}
    assert versions()[1] == before[1]


@pytest.mark.django_db
def test_a_late_older_row_loses() -> None:
    store_rows(DEALS, [deal(updated=10, name="new")])
    assert not store_rows(DEALS, [deal(updated=9, name="old")]).changed
    assert Deal.objects.get().name == "new"


@pytest.mark.django_db
def test_another_content_of_the_same_second_is_taken() -> None:
    store_rows(DEALS, [deal(updated=10, name="first")])
    assert store_rows(DEALS, [deal(updated=10, name="second")]).changed == {1}
    assert Deal.objects.get().name == "second"


@pytest.mark.django_db
@pytest.mark.parametrize("column", [key for key in deal() if key not in ("id", "updated_at")])
def test_a_change_of_any_column_is_seen(column: str) -> None:
    store_rows(DEALS, [deal()])
    other = {"tags": ["x"], "fields": {}, "price": "1", "created_by": 3}.get(column)
    other = other or (
        at(77) if column.endswith("_at") else 99 if column.endswith("_id") and column != "stage_id" else "99"
    )
    assert store_rows(DEALS, [deal(**{column: other})]).changed == {1}


@pytest.mark.django_db
def test_an_empty_page_asks_the_database_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        store_rows(DEALS, [])


@pytest.mark.django_db(transaction=True)
def test_a_page_is_one_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        store_rows(DEALS, [deal(key) for key in range(50)])


@pytest.mark.django_db
def test_a_name_with_a_zero_byte_is_stored_without_it() -> None:
    store_rows(DEALS, [deal(name="a\0b")])
    assert Deal.objects.get().name == "ab"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["C:\\u0000", "\\u0000\0"])
def test_a_name_that_only_spells_a_zero_byte_is_kept(name: str) -> None:
    store_rows(DEALS, [deal(name=name, fields={"1": name}, tags=[name])])
    kept = name.replace("\0", "")
    row = Deal.objects.get()
    assert (row.name, row.fields, row.tags) == (kept, {"1": kept}, [kept])


UNFIT = {
    "price": "1e18",
    "pipeline_id": 2**63,
    "created_at": None,
    "stage_id": "1" * 99,
    "closed_at": "+055840-01-01T00:00:00Z",
}


@pytest.mark.parametrize("column", UNFIT)
@pytest.mark.django_db(transaction=True)
def test_a_row_that_does_not_fit_stands_aside_and_the_others_are_stored(column: str) -> None:
    page = [deal(key) for key in range(1, 8)]
    page[3][column] = UNFIT[column]
    stored = store_rows(DEALS, page)
    assert stored.new == set(range(1, 8)) - {4} == stored.deals and stored.left_out == 1
    refused = QuarantinedRow.objects.get()
    assert (refused.entity, refused.remote_id) == ("deals", "4") and refused.reason
    assert store_rows(DEALS, [deal(4)]).new == {4} and not QuarantinedRow.objects.exists()


@pytest.mark.django_db
def test_a_row_that_does_not_fit_spoils_no_transaction_around_it() -> None:
    store_rows(DEALS, [deal(1), deal(2, price="1e18"), deal(3)])
    assert Deal.objects.count() == 2 and QuarantinedRow.objects.count() == 1


@pytest.mark.django_db
def test_a_task_that_moves_touches_both_deals() -> None:
    assert store_rows(TASKS, [task(5, 1)]).deals == {1}
    assert store_rows(TASKS, [task(5, 2, updated=1)]).deals == {1, 2}
    assert store_rows(TASKS, [task(6, None)]).deals == set()
    assert set(JudgementRequest.objects.values_list("deal_id", flat=True)) == {1, 2}


@pytest.mark.django_db
def test_what_history_has_folded_into_a_task_is_left_alone() -> None:
    store_rows(TASKS, [task(5, 1)])
    Task.objects.update(completed_at=at(3), completed_inferred=True)
    store_rows(TASKS, [task(5, 2, updated=1)])
    assert (Task.objects.get().completed_at, Task.objects.get().completed_inferred) == (at(3), True)


@pytest.mark.django_db
def test_an_event_of_a_task_touches_the_task_s_deal() -> None:
    store_rows(TASKS, [task(5, 31)])
    row = {
        "id": "01a",
        "at": at(1),
        "kind": "completed",
        "entity": "task",
        "entity_id": 5,
        "author_id": None,
        "before": None,
        "after": None,
    }
    assert store_rows(EVENTS, [row]).deals == {31}
    assert store_rows(
        EVENTS, [row | {"id": "01b", "kind": "stage", "entity": "deal", "entity_id": 8, "after": "1:2"}]
    ).deals == {8}
    assert list(Event.objects.order_by("id").values_list("after", flat=True)) == [None, "1:2"]


@pytest.mark.django_db
def test_a_person_nobody_lists_any_more_is_noted_as_gone() -> None:
    Person.objects.create(id=7, name="Анна")
    try:
        moment.fix(at(5).isoformat())
        store_rows(DEALS, [deal(1), deal(2, manager_id=8), deal(3, manager_id=None)])
        moment.fix(at(6).isoformat())
        store_rows(DEALS, [deal(4, manager_id=8)])
    finally:
        moment.fix(None)
    assert list(Person.objects.order_by("id").values_list("id", "name", "deleted_at")) == [
        (7, "Анна", None),
        (8, "#8", at(5)),
    ]


@pytest.mark.django_db
def test_a_deleted_row_keeps_its_first_moment_and_comes_back_when_it_is_listed_again() -> None:
    store_rows(DEALS, [deal(1), deal(2)])
    assert mark_deleted(DEALS, {1: at(5), 99: at(5)}).deals == {1}
    assert mark_deleted(DEALS, {1: at(6)}).deals == set()
    assert Deal.objects.get(pk=1).deleted_at == at(5)
    store_rows(DEALS, [deal(1)])
    assert Deal.objects.get(pk=1).deleted_at is None


@pytest.mark.django_db
def test_a_page_in_hand_does_not_revive_what_was_deleted_after_it_was_asked_for() -> None:
    store_rows(DEALS, [deal(1)])
    mark_deleted(DEALS, {1: at(5)})
    before = versions()
    assert not store_rows(DEALS, [deal(1)], asked=at(4)).changed and versions() == before
    assert store_rows(DEALS, [deal(1, updated=1, name="other")], asked=at(4)).changed == {1}
    row = Deal.objects.get()
    assert (row.name, row.deleted_at) == ("other", at(5))
    store_rows(DEALS, [deal(1, updated=1, name="other")], asked=at(5))
    assert Deal.objects.get().deleted_at is None


@pytest.mark.django_db(transaction=True)
def test_workers_that_write_the_same_rows_at_once_leave_the_newest() -> None:
    def work(worker: int) -> None:
        try:
            for version in range(worker, 40, 4):
                page = [deal(key, updated=version, name=str(version)) for key in range(30)]
                store_rows(DEALS, page if worker % 2 else page[::-1])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, worker) for worker in range(4)]:
            done.result()
    assert set(Deal.objects.values_list("name", flat=True)) == {"39"}
    assert Deal.objects.count() == 30


class AnyOrder(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(st.permutations(range(6)), st.data())
    def test_in_whatever_order_versions_arrive_the_newest_stays(
        self, order: list[int], data: st.DataObject
    ) -> None:
        repeats = data.draw(st.lists(st.sampled_from(range(6)), max_size=4))
        for version in [*order, *repeats]:
            store_rows(DEALS, [deal(updated=version, name=str(version))])
        assert Deal.objects.get().name == "5"


def test_every_entity_names_columns_of_its_table() -> None:
    for entity in TABLE:
        columns = {field.attname for field in entity.model._meta.concrete_fields}
        assert {*entity.people, *entity.folded, *([entity.newer] if entity.newer else [])} <= columns, (
            entity.name
        )
