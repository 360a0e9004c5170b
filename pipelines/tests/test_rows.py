"""Payloads as recorded in public material; what becomes of each."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.mirror import log_rows, rows
from pipelines.mirror.entities import TABLE

MOSCOW = ZoneInfo("Europe/Moscow")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]  # numbers


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


def field(kind: str, *values: Any) -> dict[str, Any]:
    return {
        "field_id": 5,
        "field_name": "Поле",
        "field_code": None,
        "field_type": kind,
        "values": list(values),
    }


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


def custom(text: str | None, enum: int | None = None, kind: int = 4) -> dict[str, Any]:
    return {"custom_field_value": {"field_id": 71, "field_type": kind, "enum_id": enum, "text": text}}


def status(key: int, pipeline: int = 437642) -> dict[str, Any]:
    return {"lead_status": {"id": key, "pipeline_id": pipeline}}


@pytest.mark.parametrize(
    ("kind", "entity", "before", "after", "expected"),
    [
        ("lead_added", "lead", [], [{"note": {"id": 1}}], ("created", "deal", None, None)),
        (
            "lead_status_changed",
            "lead",
            [status(5233221)],
            [status(142)],
            ("stage", "deal", "437642:5233221", "437642:142"),
        ),
        (
            "entity_responsible_changed",
            "lead",
            [{"responsible_user": {"id": 1}}],
            [{"responsible_user": {"id": 2}}],
            ("owner", "deal", 1, 2),
        ),
        (
            "entity_responsible_changed",
            "task",
            [],
            [{"responsible_user": {"id": 2}}],
            ("owner", "task", None, 2),
        ),
        (
            "sale_field_changed",
            "lead",
            [{"sale_field_value": {}}],
            [{"sale_field_value": {"sale": 500}}],
            ("price", "deal", None, 500),
        ),
        (
            "custom_field_71_value_changed",
            "lead",
            [],
            [custom("да", 9)],
            ("field", "deal", None, {"field": 71, "value": "да"}),
        ),
        (
            "custom_field_value_changed",
            "lead",
            [custom("а")],
            [custom("б"), custom("в")],
            ("field", "deal", {"field": 71, "value": "а"}, {"field": 71, "value": ["б", "в"]}),
        ),
        (
            "custom_field_71_value_changed",
            "lead",
            [],
            [custom("+7999", kind=8), custom("+7888", kind=8)],
            ("field", "deal", None, {"field": 71, "value": True}),
        ),
        ("lead_deleted", "lead", [], [], ("deleted", "deal", None, None)),
        ("lead_restored", "lead", [], [], ("restored", "deal", None, None)),
        ("entity_merged", "lead", [], [], ("merged", "deal", None, None)),
        ("task_completed", "task", [], [], ("completed", "task", None, None)),
        ("task_deleted", "task", [], [], ("deleted", "task", None, None)),
        (
            "task_deadline_changed",
            "task",
            [{"task_deadline": {"timestamp": 0}}],
            [{"task_deadline": {"timestamp": 86400}}],
            ("deadline", "task", "1970-01-01T00:00:00+00:00", "1970-01-02T00:00:00+00:00"),
        ),
        (
            "task_deadline_changed",
            "task",
            [{"task_deadline": {"timestamp": 1_793_000_000_000}}],
            [{"task_deadline": {"timestamp": 0}}],
            ("deadline", "task", None, "1970-01-01T00:00:00+00:00"),
        ),
        ("contact_deleted", "contact", [], [], ("deleted", "contact", None, None)),
        ("custom_field_72_value_changed", "contact", [], [custom("+7999")], None),
        ("lead_status_changed", "customer", [], [], None),
        ("common_note_added", "lead", [], [{"note": {"id": 1}}], None),
        ("entity_tag_added", "lead", [], [{"tag": {"name": "x"}}], None),
    ],
)
def test_an_event(kind: str, entity: str, before: list, after: list, expected: tuple | None) -> None:
    row = log_rows.event_row(
        {
            "id": "01pz58t6p04ymgsgfbmfyfy1mf",
            "type": kind,
            "entity_id": 26060763,
            "entity_type": entity,
            "created_by": 939801,
            "created_at": 1588888888,
            "value_after": after,
            "value_before": before,
        },
        MOSCOW,
    )
    if expected is None:
        assert row is None
    else:
        assert row and (row["kind"], row["entity"], row["before"], row["after"]) == expected
        assert (row["at"], row["author_id"]) == (utc(2020, 5, 7, 22, 1, 28), 939801)


NOTE: dict[str, Any] = {
    "id": 42709325,
    "entity_id": 26050861,
    "created_by": 940088,
    "updated_by": 940088,
    "created_at": 1540407495,
    "updated_at": 1540408317,
    "responsible_user_id": 939801,
    "group_id": 0,
    "note_type": "common",
    "params": {"text": "Тайна"},
    "account_id": 17079858,
}
CALL = {
    "uniq": "u",
    "duration": 87,
    "source": "pbx",
    "link": "https://rec",
    "phone": "+79990001122",
    "call_status": 4,
}


@pytest.mark.parametrize(
    ("change", "kind", "seconds", "manager"),
    [
        ({}, "note", 0, 940088),
        ({"note_type": "call_out", "params": CALL}, "call_out", 87, 940088),
        ({"note_type": "call_in", "params": CALL | {"duration": "12"}}, "call_in", 12, 940088),
        ({"note_type": "call_in", "params": CALL | {"duration": None}}, "call_in", 0, 940088),
        ({"note_type": "call_in", "params": CALL | {"duration": "x"}}, "call_in", 0, 940088),
        ({"note_type": "call_out", "params": CALL | {"call_responsible": 5}}, "call_out", 87, 5),
        (
            {"note_type": "call_out", "params": CALL | {"call_responsible": "79990001122"}},
            "call_out",
            87,
            940088,
        ),
        ({"note_type": "call_out", "params": CALL, "created_by": 0}, "call_out", 87, 939801),
        ({"created_by": 0}, "note", 0, None),
        ({"note_type": "sms_in", "params": {"text": "x", "phone": "+7"}}, "message_in", 0, 940088),
        (
            {"note_type": "amomail_message", "params": {"income": True, "subject": "x"}},
            "message_in",
            0,
            940088,
        ),
        ({"note_type": "amomail_message", "params": {"income": False}}, "message_out", 0, 940088),
        ({"note_type": "service_message", "params": {"text": "x"}}, None, 0, None),
        ({"note_type": "attachment", "params": {"file_name": "x"}}, None, 0, None),
    ],
)
def test_a_note_is_a_touch_without_what_was_said(
    change: dict, kind: str | None, seconds: int, manager: int | None
) -> None:
    row = log_rows.deal_touch_row(NOTE | change, MOSCOW)
    if kind is None:
        assert row is None
        return
    assert row == {
        "id": "42709325",
        "at": utc(2018, 10, 24, 18, 58, 15),
        "kind": kind,
        "deal_id": 26050861,
        "contact_id": None,
        "manager_id": manager,
        "seconds": seconds,
        "result": (NOTE | change)["params"].get("call_status") if kind.startswith("call") else None,
        "updated_at": utc(2018, 10, 24, 19, 11, 57),
    }


@pytest.mark.parametrize(
    ("status", "kept"), [(4, 4), ("6", 6), (0, None), (9, None), ("x", None), (None, None)]
)
def test_how_a_call_went_is_kept_where_the_telephony_says_it(status: object, kept: int | None) -> None:
    note = NOTE | {"note_type": "call_out", "params": CALL | {"call_status": status}}
    row = log_rows.deal_touch_row(note, MOSCOW)
    assert row is not None
    assert row["result"] == kept


def test_a_note_s_place_follows_from_where_it_was_read() -> None:
    places = [log_rows.contact_touch_row(NOTE, MOSCOW), log_rows.company_touch_row(NOTE, MOSCOW)]
    assert [(row["deal_id"], row["contact_id"]) for row in places if row] == [(None, 26050861), (None, None)]


def test_a_chat_message_is_a_touch() -> None:
    item = {
        "id": "01x",
        "type": "incoming_chat_message",
        "entity_id": 7,
        "entity_type": "lead",
        "created_by": 0,
        "created_at": 0,
        "value_after": [{"message": {"id": "uuid"}}],
        "value_before": [],
    }
    row = log_rows.message_row(item, MOSCOW)
    assert row and (row["kind"], row["deal_id"], row["manager_id"]) == ("message_in", 7, None)
    row = log_rows.message_row(
        item | {"type": "outgoing_chat_message", "created_by": 3, "entity_type": "contact"}, MOSCOW
    )
    assert row and (row["kind"], row["deal_id"], row["contact_id"], row["manager_id"]) == (
        "message_out",
        None,
        7,
        3,
    )
    assert log_rows.message_row(item | {"type": "lead_added"}, MOSCOW) is None


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


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("custom_field_71_value_changed", "field"),
        ("custom_field_71_deleted", None),
        ("name_value_changed", None),
    ],
)
def test_an_event_of_a_field_names_the_field_in_its_middle(kind: str, known: str | None) -> None:
    assert log_rows.event_kind(kind) == known


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
