"""A later file replaces what it knows, and leaves what it does not know as it stands."""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from pipelines.imports import loading, names
from pipelines.imports.parsing import parse_export
from pipelines.models import Contact, Deal, Person, Pipeline, Stage
from pipelines.tests.export_files import (
    NEW_DEALS,
    OLD_CONTACTS,
    OLD_DEALS,
    new_deal,
    old_contact,
    old_deal,
    table,
    workbook,
)

pytestmark = pytest.mark.django_db
MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
CLOSED = {"Этап сделки": "Успешно реализовано", "Дата закрытия": "03.10.2026 18:00:00", "Теги": "школа"}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with override("en"):
        yield


def load(data: bytes) -> loading.Loaded:
    return loading.load_export(parse_export(io.BytesIO(data), MOSCOW, NOW))


def facts() -> dict[str, Any]:
    return Deal.objects.values(
        "name", "price", "manager_id", "pipeline_id", "stage_id", "closed_at", "tags"
    ).get(pk=1)


def without(*columns: str, row: Sequence[str]) -> bytes:
    """The old export without these columns."""
    kept = [place for place, title in enumerate(OLD_DEALS) if title not in columns]
    return table([OLD_DEALS[place] for place in kept], [[row[place] for place in kept]])


EMPTY = ["Бюджет ", "Название сделки", "Ответственный", "Воронка"]


@pytest.mark.parametrize("column", EMPTY)
def test_an_empty_cell_is_not_known_and_leaves_what_is(column: str) -> None:
    load(table(OLD_DEALS, [old_deal(1, **CLOSED)]))
    before = facts()
    load(table(OLD_DEALS, [old_deal(1, **CLOSED | {column: " "})]))
    assert facts() == before and before["price"] == 350_000


@pytest.mark.parametrize("column", [*EMPTY, "Дата закрытия", "Теги"])
def test_a_column_that_a_file_has_not_leaves_what_is_known(column: str) -> None:
    load(table(OLD_DEALS, [old_deal(1, **CLOSED)]))
    before = facts()
    load(without(column, row=old_deal(1, **CLOSED)))
    assert facts() == before and before["closed_at"] and before["tags"] == ["школа"]


def test_a_file_with_nothing_but_what_it_must_have_moves_a_deal_in_its_own_pipeline() -> None:
    load(table(OLD_DEALS, [old_deal(1)]))
    load(table(["ID", "Этап сделки", "Дата создания"], [["1", "Договор", "01.10.2026 10:00:30"]]))
    deal = Deal.objects.select_related("pipeline", "stage", "manager").get(pk=1)
    assert (deal.pipeline.name, deal.stage.name, deal.manager.name) == (
        "Продажи",
        "Договор",
        "Анна Кузнецова",
    )
    assert deal.price == 350_000 and [one.name for one in Pipeline.objects.all()] == ["Продажи"]


def test_a_deal_that_is_back_on_a_stage_of_work_is_open_whatever_the_file_leaves_out() -> None:
    load(table(OLD_DEALS, [old_deal(1, **CLOSED)]))
    load(without("Дата закрытия", row=old_deal(1)))
    assert facts()["closed_at"] is None


def test_what_a_file_says_replaces_what_was_known() -> None:
    load(table(OLD_DEALS, [old_deal(1, **CLOSED)]))
    load(table(OLD_DEALS, [old_deal(1, **CLOSED | {"Бюджет ": "0", "Теги": "", "Название сделки": "Окно"})]))
    assert (facts()["price"], facts()["tags"], facts()["name"]) == (0, [], "Окно")
    load(table(OLD_DEALS, [old_deal(1)]))
    assert facts()["closed_at"] is None


def test_an_error_in_a_workbook_overwrites_nothing() -> None:
    load(table(NEW_DEALS, [new_deal(1)]))
    place = NEW_DEALS.index("Бюджет, ₽")
    for cell in ('<c t="e"><v>#N/A</v></c>', "<c><f>A1*2</f></c>"):
        row: list[Any] = [*new_deal(1)[:place], cell, *new_deal(1)[place + 1 :]]
        load(workbook([NEW_DEALS, row, new_deal(2)]))
        assert facts()["price"] == Decimal(350_000)
    assert Deal.objects.count() == 2


def test_a_new_deal_without_its_amount_has_none_and_a_known_one_is_counted_unchanged() -> None:
    assert load(table(OLD_DEALS, [old_deal(1, **{"Бюджет ": ""}), old_deal(2)])).new == 2
    assert facts()["price"] == 0
    loaded = load(
        table(
            OLD_DEALS, [old_deal(1, **{"Бюджет ": ""}), old_deal(2, **{"Бюджет ": "", "Ответственный": ""})]
        )
    )
    assert (loaded.changed, loaded.unchanged) == (0, 2)
    assert (
        Person.objects.count() == 1
        and Stage.objects.filter(pipeline_id=names.pipeline_key("Продажи")).exists()
    )


def test_a_contact_keeps_its_name_where_a_file_has_none() -> None:
    load(table(OLD_CONTACTS, [old_contact(5, "Пётр")]))
    load(table(OLD_CONTACTS, [old_contact(5, ""), old_contact(6, "")]))
    assert list(Contact.objects.order_by("pk").values_list("name", flat=True)) == ["Пётр", ""]
