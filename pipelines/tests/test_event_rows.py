"""Events, notes, calls and chat messages as rows: what is kept of them, and what is not."""

import pytest

from pipelines.mirror import log_rows
from pipelines.tests.amo_items import MOSCOW, NOTE, custom, status, utc


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
    ("kind", "known"),
    [
        ("custom_field_71_value_changed", "field"),
        ("custom_field_71_deleted", None),
        ("name_value_changed", None),
    ],
)
def test_an_event_of_a_field_names_the_field_in_its_middle(kind: str, known: str | None) -> None:
    assert log_rows.event_kind(kind) == known
