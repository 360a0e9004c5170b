"""What amoCRM sends, as rows: deals, tasks, fields, people, dictionaries."""

from decimal import Decimal
from typing import Any

import pytest

from pipelines.mirror import rows
from pipelines.mirror.entities import TABLE
from pipelines.tests.amo_items import MOSCOW, NOTE, field, utc

LEAD: dict[str, Any] = {
    "id": 9228191,
    "name": "Сделка",
    "price": 124000,
    "responsible_user_id": 7902115,
    "group_id": 382786,
    "status_id": 143,
    "pipeline_id": 5204152,
    "loss_reason_id": 17,
    "created_by": 0,
    "updated_by": 7902115,
    "created_at": 1651320035,
    "updated_at": 1654014416,
    "closed_at": 1652194613,
    "closest_task_at": None,
    "is_deleted": False,
    "custom_fields_values": None,
    "score": None,
    "account_id": 29978305,
    "labor_cost": None,
    "_links": {"self": {"href": "https://x.amocrm.ru/api/v4/leads/9228191?limit=1&page=1"}},
    "_embedded": {
        "tags": [{"id": 1, "name": "VIP", "color": None}],
        "companies": [],
        "contacts": [{"id": 11, "is_main": False}, {"id": 12, "is_main": True}],
    },
}


def test_a_deal() -> None:
    assert rows.deal_row(LEAD, MOSCOW) == {
        "id": 9228191,
        "name": "Сделка",
        "price": Decimal(124000),
        "pipeline_id": 5204152,
        "stage_id": "5204152:143",
        "manager_id": 7902115,
        "contact_id": 12,
        "loss_reason_id": 17,
        "created_by": 0,
        "created_at": utc(2022, 4, 30, 12, 0, 35),
        "updated_at": utc(2022, 5, 31, 16, 26, 56),
        "closed_at": utc(2022, 5, 10, 14, 56, 53),
        "next_task_at": None,
        "tags": ["VIP"],
        "fields": {},
        "deleted_at": None,
    }


@pytest.mark.parametrize(
    ("change", "column", "value"),
    [
        ({"price": None}, "price", Decimal(0)),
        ({"price": 99.9}, "price", Decimal("99.9")),
        ({"price": 100, "price_with_minor_units": 100.55}, "price", Decimal("100.55")),
        ({"responsible_user_id": 0}, "manager_id", None),
        ({"_embedded": {}}, "contact_id", None),
        ({"_embedded": {"contacts": [{"id": 5}]}}, "contact_id", 5),
        ({"_embedded": None}, "tags", []),
        ({"closed_at": None}, "closed_at", None),
        ({"closest_task_at": 0}, "next_task_at", utc(1970, 1, 1)),
        ({"name": None}, "name", ""),
    ],
)
def test_a_deal_s_odd_values(change: dict, column: str, value: object) -> None:
    row = rows.deal_row(LEAD | change, MOSCOW)
    assert row and row[column] == value


def test_an_item_of_the_trash_is_no_deal() -> None:
    trashed = dict.fromkeys(LEAD) | {"id": 1, "updated_at": 1654014416, "updated_by": 1, "is_deleted": True}
    assert rows.deal_row(trashed, MOSCOW) is None


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (field("text", {"value": "абв"}), "абв"),
        (field("numeric", {"value": "14012"}), "14012"),
        (field("monetary", {"value": "10.50"}), "10.50"),
        (field("checkbox", {"value": False}), False),
        (field("date", {"value": 1577826000}), "2020-01-01"),  # midnight in Moscow, the eve in UTC
        (field("date", {"value": "1577826000"}), "2020-01-01"),
        (field("date_time", {"value": 1577836800}), "2020-01-01T00:00:00+00:00"),
        (field("select", {"value": "Рассрочка", "enum_id": 497443, "enum_code": None}), "Рассрочка"),
        (field("multiselect", {"value": "а", "enum_id": 1}, {"value": "б", "enum_id": 2}), ["а", "б"]),
        (field("multitext", {"value": "+79990001122", "enum_id": 193226, "enum_code": "WORK"}), True),
        (field("smart_address", {"value": "Тверская", "enum_id": 1, "enum_code": "address_line_1"}), True),
        (field("streetaddress", {"value": "Тверская, 1"}), True),
        (field("birthday", {"value": 1577826000}), True),
        (field("legal_entity", {"value": {"name": "ООО Ромашка", "vat_id": "7700000000"}}), True),
        (field("file", {"value": {"file_uuid": "x", "file_name": "паспорт.pdf"}}), True),
        (
            field("linked_entity", {"value": {"name": "Склад", "entity_id": 1, "entity_type": "contacts"}}),
            "Склад",
        ),
        (field("chained_list", {"catalog_id": 1, "catalog_element_id": 22}), 22),
        (field("tracking_data", {"value": "google"}), "google"),
    ],
    ids=lambda item: item["field_type"] if isinstance(item, dict) else "",
)
def test_a_field_s_value_is_compact_and_never_personal(item: dict, value: object) -> None:
    assert rows.field_values([item], MOSCOW) == {"5": value}


def test_a_field_without_values_is_not_filled() -> None:
    assert rows.field_values([field("text")], MOSCOW) == {}


def test_a_task() -> None:
    item = {
        "id": 894053,
        "created_by": 0,
        "updated_by": 0,
        "created_at": 1702556336,
        "updated_at": 1702556340,
        "responsible_user_id": 10446146,
        "group_id": 0,
        "entity_id": 1781381,
        "entity_type": "leads",
        "duration": 0,
        "is_completed": False,
        "task_type_id": 1,
        "text": "позвонить Ивану +7999",
        "result": [],
        "complete_till": 1702640934,
        "account_id": 31456190,
    }
    expected = {
        "id": 894053,
        "deal_id": 1781381,
        "contact_id": None,
        "manager_id": 10446146,
        "kind_id": 1,
        "text": "позвонить Ивану +7999",  # too short for a telephone number
        "created_by": 0,
        "created_at": utc(2023, 12, 14, 12, 18, 56),
        "updated_at": utc(2023, 12, 14, 12, 19),
        "due_at": utc(2023, 12, 15, 11, 48, 54),
        "is_completed": False,
        "text_mark": rows.mark_text(" Позвонить  ивану +7999\n"),
        "has_result": False,
        "deleted_at": None,
    }
    assert rows.task_row(item, MOSCOW) == expected
    assert not {"позвонить", "ивану", "7999"} & set(str(rows.task_row(item, MOSCOW)).split())
    assert rows.task_row(item | {"entity_type": "contacts"}, MOSCOW) == expected | {
        "deal_id": None,
        "contact_id": 1781381,
    }
    nowhere = rows.task_row(item | {"entity_type": None, "entity_id": None, "result": {"text": "ок"}}, MOSCOW)
    assert nowhere == expected | {"deal_id": None, "has_result": True}


@pytest.mark.parametrize(
    ("item", "has"),
    [
        ({}, None),
        ({"result": []}, False),
        ({"result": None}, False),
        ({"result": {"text": " "}}, False),
        ({"result": {"text": "дозвонился"}}, True),
        ({"result": "дозвонился"}, True),
        ({"result": {}}, False),
    ],
)
def test_whether_a_task_has_a_result(item: dict[str, Any], has: bool | None) -> None:
    assert rows.has_result(item) is has


def test_texts_are_marked_as_equal_and_not_kept() -> None:
    assert rows.mark_text("Позвонить") == rows.mark_text("  позвонить ") != rows.mark_text("Написать")
    assert rows.mark_text("") is rows.mark_text(None) is rows.mark_text(" ") is None
    assert 0 <= (rows.mark_text("Позвонить") or 0) < 2**32


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ({"id": 142}, "won"),
        ({"id": 143}, "lost"),
        ({"id": 5, "type": 1}, "incoming"),
        ({"id": 5, "type": 0}, "work"),
        ({"id": 5}, "work"),
    ],
)
def test_a_stage_is_known_by_its_pipeline_too(status: dict, kind: str) -> None:
    row = rows.stage_row({"pipeline_id": 9, "name": "Этап", "sort": 10, "color": "#c1c1c1"} | status, MOSCOW)
    assert row == {
        "id": f"9:{status['id']}",
        "pipeline_id": 9,
        "status": status["id"],
        "name": "Этап",
        "sort": 10,
        "color": "#c1c1c1",
        "kind": kind,
        "deleted_at": None,
    }


def test_dictionaries_keep_amocrms_order() -> None:
    item = {"id": 9, "name": "Продажи", "sort": 30, "is_main": True, "is_archive": False}
    assert rows.pipeline_row(item, MOSCOW) == {
        "id": 9,
        "name": "Продажи",
        "sort": 30,
        "is_main": True,
        "is_archived": False,
        "deleted_at": None,
    }
    assert rows.loss_reason_row({"id": 91, "name": "Дорого", "sort": 20}, MOSCOW)["sort"] == 20
    assert rows.field_row({"id": 71, "name": "Оплата", "type": "text", "sort": 500}, MOSCOW)["sort"] == 500
    nameless = {"id": 1, "name": "без места", "sort": None, "type": "text", "pipeline_id": 9}
    for row in (rows.pipeline_row, rows.loss_reason_row, rows.field_row, rows.stage_row):
        assert row(nameless, MOSCOW)["sort"] == 0
    assert rows.stage_row(nameless | {"color": "#c1c1c1ff00"}, MOSCOW)["color"] == "#c1c1c1ff", (
        "as the column holds"
    )


def test_a_person_s_e_mail_stays_in_amocrm() -> None:
    item = {
        "id": 3,
        "name": "Анна",
        "email": "anna@example.com",
        "rights": {"is_admin": True, "is_active": False, "group_id": 5},
        "_embedded": {"groups": [{"id": 5, "name": "Продажи"}]},
    }
    assert rows.person_row(item, MOSCOW) == {
        "id": 3,
        "name": "Анна",
        "is_active": False,
        "is_admin": True,
        "group": "Продажи",
        "deleted_at": None,
    }


def test_a_contact_is_an_id_and_a_name() -> None:
    phone = field("multitext", {"value": "+79990001122"})
    row = rows.contact_row(
        {"id": 4, "name": "Клиент", "updated_at": 0, "is_deleted": False, "custom_fields_values": [phone]},
        MOSCOW,
    )
    assert row == {"id": 4, "name": "Клиент", "updated_at": utc(1970, 1, 1), "deleted_at": None}


def test_a_custom_field_names_its_stages_and_choices() -> None:
    item = {
        "id": 71,
        "name": "Оплата",
        "type": "select",
        "sort": 500,
        "enums": [{"id": 1, "value": "Нал", "sort": 1}],
        "required_statuses": [{"status_id": 143, "pipeline_id": 9}],
    }
    row = rows.field_row(item, MOSCOW)
    assert (row["enums"], row["required_stages"]) == ({"1": "Нал"}, ["9:143"])
    row = rows.field_row(item | {"enums": None, "required_statuses": None}, MOSCOW)
    assert (row["enums"], row["required_stages"]) == ({}, [])


SAMPLES: dict[str, Any] = {
    "users": {"id": 1, "name": "x"},
    "pipelines": {"id": 1, "name": "x"},
    "stages": {"id": 1, "name": "x", "pipeline_id": 2},
    "fields": {"id": 1, "name": "x", "type": "text"},
    "loss_reasons": {"id": 1, "name": "x"},
    "task_types": {"id": 1, "name": "x"},
    "contacts": {"id": 1, "name": "x", "updated_at": 0},
    "deals": LEAD,
    "tasks": {"id": 1, "created_at": 0, "updated_at": 0, "complete_till": 0},
    "notes": NOTE,
    "contact_notes": NOTE,
    "company_notes": NOTE,
    "messages": {
        "id": "01x",
        "type": "incoming_chat_message",
        "entity_id": 7,
        "entity_type": "lead",
        "created_at": 0,
    },
    "events": {"id": "01x", "type": "lead_added", "entity_id": 7, "entity_type": "lead", "created_at": 0},
}


@pytest.mark.parametrize("entity", TABLE, ids=lambda entity: entity.name)
def test_a_row_fills_its_table_s_columns_and_no_others(entity: Any) -> None:
    row = entity.row(SAMPLES[entity.name], MOSCOW)
    assert row is not None
    assert set(row) == {column.attname for column in entity.model._meta.concrete_fields} - entity.folded
