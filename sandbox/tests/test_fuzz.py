"""Whatever a body holds, the answer is one that amoCRM gives, never a stumble of ours."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.app import App
from sandbox.tests.conftest import NOW, Api, T, account_data
from sandbox.world import World

LEAD = {
    "id": 1,
    "name": "n",
    "price": 5,
    "status_id": 1002,
    "pipeline_id": 100,
    "responsible_user_id": 12,
    "created_by": 0,
    "updated_by": 12,
    "created_at": T,
    "updated_at": T,
    "closed_at": T,
    "loss_reason_id": 91,
    "custom_fields_values": [
        {"field_id": 501, "values": [{"value": "red", "enum_id": 71, "enum_code": "x"}]},
        {"field_code": "SIZE", "values": [{"value": 5}]},
        {"field_id": 503, "values": [{"value": T}]},
    ],
    "tags_to_add": [{"name": "a", "id": 1}],
    "tags_to_delete": [{"name": "a", "id": 1}],
    "_embedded": {
        "tags": [{"name": "b"}],
        "contacts": [{"id": 301, "is_main": True}],
        "companies": [{"id": 401}],
        "source": {"external_id": "x", "type": "widget"},
    },
    "request_id": "r",
}
TASK = {
    "id": 1001,
    "text": "t",
    "complete_till": T,
    "entity_id": 1,
    "entity_type": "leads",
    "task_type_id": 1,
    "responsible_user_id": 12,
    "duration": 60,
    "is_completed": True,
    "result": {"text": "r"},
    "created_at": T,
}
CARD = {
    "id": 301,
    "name": "n",
    "first_name": "f",
    "responsible_user_id": 12,
    "custom_fields_values": [
        {"field_code": "PHONE", "values": [{"value": "+7", "enum_code": "WORK", "enum_id": 81}]}
    ],
    "_embedded": {"tags": [{"name": "x"}]},
}
NOTE = {
    "id": 2001,
    "entity_id": 1,
    "note_type": "call_in",
    "params": {"uniq": "u", "duration": 1, "source": "s", "phone": "+7", "link": "https://x/1.mp3"},
    "responsible_user_id": 12,
}
LINK = {
    "entity_id": 1,
    "to_entity_id": 301,
    "to_entity_type": "contacts",
    "metadata": {"is_main": True, "updated_by": 12},
}
CALL = {
    "direction": "inbound",
    "duration": 5,
    "source": "s",
    "phone": "+79120001122",
    "call_status": 4,
    "created_by": 12,
    "responsible_user_id": 12,
    "link": "https://x/1.mp3",
    "uniq": "u",
}
FORM = {
    "source_name": "s",
    "source_uid": "u",
    "pipeline_id": 100,
    "created_at": T,
    "metadata": {"form_id": "1"},
    "_embedded": {
        "leads": [
            {"name": "n", "price": 5, "custom_fields_values": [], "_embedded": {"tags": [{"name": "t"}]}}
        ],
        "contacts": [{"name": "c"}],
        "companies": [{"name": "c"}],
    },
}
SIP = {
    **FORM,
    "metadata": {
        "is_call_event_needed": True,
        "uniq": "u",
        "duration": 5,
        "service_code": "s",
        "link": "l",
        "phone": 7999,
        "called_at": T,
        "from": "f",
    },
}
PIPELINE = {
    "name": "p",
    "sort": 5,
    "is_main": True,
    "is_unsorted_on": True,
    "_embedded": {"statuses": [{"id": 142, "name": "w"}, {"name": "s", "sort": 10, "color": "#fffeb2"}]},
}
FIELD = {
    "id": 501,
    "name": "f",
    "type": "select",
    "sort": 1,
    "code": "C",
    "group_id": "default",
    "currency": "EUR",
    "required_statuses": [{"status_id": 1001, "pipeline_id": 100}],
    "enums": [{"id": 71, "value": "v", "sort": 1}],
}
GROUP = {"name": "g", "sort": 3, "fields": [501]}
SOURCE = {
    "id": 61,
    "name": "s",
    "external_id": "e",
    "pipeline_id": 100,
    "default": True,
    "services": [{"type": "whatsapp", "pages": [{"id": "1", "link": "l"}]}],
}
USER = {
    "id": 12,
    "name": "u",
    "email": "e@example.com",
    "lang": "ru",
    "rights": {
        "is_admin": True,
        "leads": {"view": "A"},
        "role_id": 51,
        "group_id": 0,
        "status_rights": [
            {"entity_type": "leads", "pipeline_id": 100, "status_id": 1001, "rights": {"view": "A"}}
        ],
    },
}
ROLE = {"name": "r", "rights": USER["rights"]}
HOOK = {"destination": "http://127.0.0.1:9/", "settings": ["add_lead"], "sort": 5}
BODIES: dict[str, Any] = {
    "POST leads": [LEAD],
    "PATCH leads": [LEAD],
    "PATCH leads/1": LEAD,
    "POST leads/complex": [
        {**LEAD, "_embedded": {"contacts": [CARD], "companies": [{"name": "c"}], "metadata": {}}}
    ],
    "POST tasks": [TASK],
    "PATCH tasks": [TASK],
    "PATCH tasks/1001": TASK,
    "POST contacts": [CARD],
    "PATCH contacts": [CARD],
    "POST companies": [{"name": "c", "custom_fields_values": None}],
    "POST leads/notes": [NOTE],
    "PATCH leads/notes": [NOTE],
    "POST leads/1/link": [LINK],
    "POST leads/link": [LINK],
    "POST leads/5/unlink": [LINK],
    "POST calls": [CALL],
    "POST leads/unsorted/forms": [FORM],
    "POST leads/unsorted/sip": [SIP],
    "POST leads/unsorted/in1/accept": {"user_id": 12, "status_id": 1002},
    "DELETE leads/unsorted/in1/decline": {"user_id": 12},
    "POST leads/unsorted/in2/link": {"user_id": 0, "link": {"entity_id": 1, "entity_type": "leads"}},
    "POST leads/pipelines": [PIPELINE],
    "PATCH leads/pipelines/100": PIPELINE,
    "POST leads/pipelines/100/statuses": [{"name": "s", "sort": 5, "color": "#fffeb2"}],
    "PATCH leads/pipelines/100/statuses/1001": {"name": "s", "sort": 5, "color": "#fffeb2"},
    "POST leads/custom_fields": [FIELD],
    "PATCH leads/custom_fields": [FIELD],
    "POST leads/loss_reasons": [{"name": "r", "sort": 5}],
    "POST leads/tags": [{"name": "t", "color": "EBEBEB"}],
    "PATCH leads/tags": [{"id": 31, "name": "t", "color": "EBEBEB"}],
    "POST leads/custom_fields/groups": [GROUP],
    "PATCH leads/custom_fields/groups/default": GROUP,
    "PATCH leads/custom_fields/501": FIELD,
    "POST sources": [SOURCE],
    "PATCH sources": [SOURCE],
    "PATCH sources/61": SOURCE,
    "DELETE sources": [SOURCE],
    "POST contacts/chats": [{"contact_id": 301, "chat_id": "c"}],
    "POST talks/21/close": {"force_close": True},
    "POST users": [USER],
    "POST roles": [ROLE],
    "PATCH roles/51": ROLE,
    "POST users/deactivate": [{"id": 12}],
    "POST webhooks": HOOK,
    "DELETE webhooks": HOOK,
    "POST /oauth2/access_token": {"client_id": "c", "client_secret": "s", "grant_type": "refresh_token"},
    "POST /_control/leads/edit": {
        "lead_id": 1,
        "name": "n",
        "status_id": 142,
        "by": 12,
        "at": T,
        "tags": ["a"],
    },
    "POST /_control/leads/create": {
        "name": "n",
        "contacts": [{"id": 301, "is_main": True}],
        "company_id": 401,
        "by": 12,
    },
    "POST /_control/leads/merge": {"survivor_id": 1, "loser_ids": [2], "by": 12},
    "POST /_control/tasks/create": {"text": "t", "complete_till": T, "entity_id": 1, "result": {"text": "r"}},
    "POST /_control/tasks/complete": {"task_id": 1001, "result": "done", "by": 12},
    "POST /_control/notes/create": {
        "entity_id": 1,
        "text": "x",
        "params": {"text": "y"},
        "note_type": "common",
    },
    "POST /_control/calls/create": {"entity_id": 1, "duration": 5, "phone": "+7", "direction": "inbound"},
    "POST /_control/contacts/create": {"name": "n", "custom_fields_values": []},
    "POST /_control/links/create": {
        "entity_type": "leads",
        "entity_id": 1,
        "to_entity_type": "contacts",
        "to_entity_id": 301,
    },
    "POST /_control/users/create": {"name": "n", "email": "e@example.com", "group_id": 0},
    "POST /_control/users/remove": {"user_id": 12, "heir_id": 13},
    "POST /_control/statuses/edit": {"pipeline_id": 100, "status_id": 1001, "name": "n", "sort": 5},
    "POST /_control/statuses/delete": {"pipeline_id": 100, "status_id": 1001},
    "POST /_control/pipelines/create": {"name": "p", "stages": ["a"], "sort": 5},
    "POST /_control/unsorted/create": {
        "category": "forms",
        "name": "n",
        "metadata": {},
        "contact": {"name": "c"},
        "company": {"name": "c"},
        "tags": ["a"],
        "created_at": T,
    },
    "POST /_control/chats/receive": {"contact_id": 301, "lead_id": 5, "text": "t", "origin": "o"},
    "POST /_control/chats/send": {"talk_id": 21, "text": "t", "by": 12},
    "POST /_control/notes/pin": {"note_id": 2001, "pinned": True},
    "POST /_control/clock": {"advance": 5},
    "POST /_control/switches": {"price_type": "float", "hook_timeout": 1.5, "events_page_cap": 100},
    "POST /_control/faults": {"path": "x", "status": 429, "times": 2, "latency": 0},
    "POST /_control/hooks": {"drop": 1, "delay_seconds": 0.5},
    "POST /_control/integration": {"redirect_uri": "https://a.example/", "enabled": True},
    "POST /_control/integration/code": {"user_id": 12},
}
LISTS = [
    "leads",
    "leads/unsorted",
    "leads/custom_fields/groups",
    "tasks",
    "contacts",
    "leads/notes",
    "leads/pipelines",
    "users",
    "webhooks",
    "leads/custom_fields",
]
odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 7, 142, 10**20, 1.5, "", "x", "leads", [], ["x"], [[]], {}, {"id": "x"}, [{}]]
)


@pytest.fixture
def api() -> Api:
    """The known account, with one of everything that can be written to."""
    data = account_data()
    data["leads"][0]["_embedded"] = {"tags": [{"id": 31, "name": "old"}]}
    data["sources"] = [{"id": 61, "name": "s", "external_id": "x"}]
    data["roles"] = [{"id": 51, "name": "r"}]
    data["talks"] = [{"talk_id": 21, "contact_id": 301, "chat_id": "c", "created_at": T, "updated_at": T}]
    data["chats"] = [{"id": 22, "contact_id": 301, "chat_id": "c"}]
    data["unsorted"] = [
        {
            "uid": uid,
            "category": "chats",
            "pipeline_id": 100,
            "created_at": T,
            "_embedded": {"leads": [{"id": lead}]},
        }
        for uid, lead in (("in1", 6), ("in2", 2))
    ]
    return Api(App(World.from_data(data, now=NOW), token="long-lived", rate=0))


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def spoilt(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of `body` with one value put in at `path`."""
    if not path:
        return value
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[path[0]] = spoilt(body[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("route", BODIES)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_value_in_a_body_makes_the_server_stumble(api: Api, route: str, data: st.DataObject) -> None:
    good = BODIES[route]
    body = spoilt(good, data.draw(st.sampled_from(places(good))), data.draw(odd))
    method, path = route.split()
    response = api.raw(method, path, body)
    assert response.status_code < 500, response.data
    api.app.faults.clear()
    for kind in LISTS if response.status_code < 300 else ():
        again = api.raw("GET", f"{kind}?with=contacts,leads")
        assert again.status_code in (200, 204, 401), (kind, again.data)
        if again.data:
            json.loads(again.data)
