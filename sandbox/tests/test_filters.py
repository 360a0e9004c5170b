import pytest

from sandbox.switches import Switches, changed
from sandbox.tests.conftest import ADMIN, ANNA, BORIS, COLOR, INCOMING, NEW, REPAIR, SALES, TALKS, Api, T


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("filter[id]=3", [3]),
        ("filter[id][]=3&filter[id][]=1", [1, 3]),
        ("filter[id][0]=3&filter[id][5]=99&order[id]=desc&filter[id][7]=4", [4, 3]),
        ("filter[id]=7", []),
        (f"filter[pipeline_id]={REPAIR}", [5]),
        (f"filter[pipeline_id][]={REPAIR}&filter[pipeline_id][]={SALES}", [1, 2, 3, 4, 5]),
        (f"filter[responsible_user_id]={BORIS}", [2]),
        (f"filter[statuses][0][pipeline_id]={SALES}&filter[statuses][0][status_id]={TALKS}", [2]),
        (
            f"filter[statuses][0][pipeline_id]={SALES}&filter[statuses][0][status_id]=142"
            f"&filter[statuses][1][pipeline_id]={REPAIR}&filter[statuses][1][status_id]=2001",
            [3, 5],
        ),
        (f"filter[statuses][0][pipeline_id]={REPAIR}&filter[statuses][0][status_id]=142", []),
        (f"filter[statuses][0][pipeline_id]={SALES}&filter[statuses][0][status_id]={INCOMING}", [6]),
        (f"filter[statuses][0][pipeline_id]={SALES}&filter[statuses][0][status_id]={NEW}", [1]),
        ("filter[status]=142", [1, 2, 3, 4, 5]),
        ("filter[status_id]=142", [1, 2, 3, 4, 5]),
        ("filter[price][from]=20&filter[price][to]=40", [3, 4]),
        ("filter[closed_at][from]=1", [3, 4]),
        (f"filter[updated_at]={T - 3600 + 2}", [2]),
        (f"filter[updated_at][from]={T - 3600 + 4}", [4, 5]),
        (f"filter[updated_at][from]={T - 3600 + 2}&filter[updated_at][to]={T - 3600 + 3}", [2, 3]),
        (f"filter[updated_at][from]={T - 3600 + 4}.5&order[updated_at]=desc", [5]),
        (f"order[updated_at]=desc&filter[updated_at][to]={T - 3600 + 3}", [3, 2, 1]),
        (f"order[created_at]=desc&filter[updated_at][to]={T - 3600 + 3}", [3, 2, 1]),
        (f"filter[custom_fields_values][{COLOR}][]=71", [1]),
        (f"filter[custom_fields_values][{COLOR}][]=72", []),
        (f"filter[pipeline_id]={SALES}&filter[price][from]=30", [3, 4]),
        ("filter[name]=Deal 2", [2]),
        ("query=deal 4", [4]),
    ],
)
def test_leads(api: Api, query: str, ids: list[int]) -> None:
    assert api.ids(f"leads?{query}") == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("filter[is_completed]=0", [1001, 1002, 1003]),
        ("filter[is_completed][]=1", [1004]),
        ("filter[entity_type]=leads&filter[entity_id][]=2", [1003, 1004]),
        ("filter[entity_type]=contacts", []),
        ("filter[task_type][]=2", []),
        ("filter[task_type_id]=1&filter[id]=1002", [1002]),
        (f"filter[responsible_user_id]={BORIS}", []),
        (f"filter[updated_at]={T - 500 + 1}", [1003, 1004]),
        (f"filter[updated_at][from]={T - 500 + 1}&filter[updated_at][to]={T - 500 + 2}", [1002, 1003]),
        ("order[complete_till]=desc&limit=2", [1004, 1003]),
        (
            f"filter[lead_statuses][0][pipeline_id]={SALES}&filter[lead_statuses][0][status_id]={NEW}",
            [1001, 1002],
        ),
    ],
)
def test_tasks(api: Api, query: str, ids: list[int]) -> None:
    assert api.ids(f"tasks?{query}") == ids


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("leads/notes", [2001, 2002]),
        ("contacts/notes", [2003]),
        ("companies/notes", []),
        ("leads/1/notes", [2001, 2002]),
        ("leads/2/notes", []),
        ("leads/notes?filter[note_type]=call_out", [2002]),
        ("leads/notes?filter[note_type][]=call_out&filter[note_type][]=common", [2001, 2002]),
        ("leads/notes?filter[entity_id][]=1&filter[note_type][]=common", [2001]),
        (f"leads/notes?filter[updated_at]={T - 400}", [2002]),
        ("contacts/301/notes", [2003]),
    ],
)
def test_notes(api: Api, path: str, ids: list[int]) -> None:
    assert api.ids(path) == ids


def event_ids(*numbers: int) -> list[str]:
    return [f"01aaaaaaaaaaaaaaaaaaaaaa{number:02}" for number in numbers]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("limit=2", (11, 10)),
        (f"filter[created_at]={T - 997}", (11, 10, 9, 8)),
        (f"filter[created_at][from]={T - 997}&filter[created_at][to]={T - 996}", (9, 8, 7, 6)),
        (f"filter[created_at]={T - 997},{T - 997}", (7, 6)),
        ("filter[type]=lead_added", (11, 9, 7, 5, 3, 1)),
        ("filter[type]=lead_added,lead_status_changed&limit=3", (11, 10, 9)),
        ("filter[type][]=lead_added&filter[type][]=task_added&limit=1", (11,)),
        ("filter[entity]=lead&filter[entity_id][]=1", (9, 6, 3, 0)),
        ("filter[entity][]=lead&filter[entity_id]=1,2&limit=3", (10, 9, 7)),
        ("filter[entity]=task", ()),
        (f"filter[created_by]={ADMIN},{ANNA}&limit=1", (11,)),
        (f"filter[created_by][]={ANNA}", ()),
        (f"filter[id]={event_ids(4)[0]}", (4,)),
        (
            f"filter[value_after][leads_statuses][0][pipeline_id]={SALES}"
            f"&filter[value_after][leads_statuses][0][status_id]={TALKS}&limit=2",
            (10, 8),
        ),
        (
            f"filter[value_after][leads_statuses][0][pipeline_id]={SALES}&filter[value_after][leads_statuses][0][status_id]=1",
            (),
        ),
    ],
)
def test_events(api: Api, query: str, numbers: tuple[int, ...]) -> None:
    assert api.ids(f"events?{query}") == event_ids(*numbers)


@pytest.mark.parametrize(
    "query",
    [
        "filter[entity_id]=1",
        "filter[entity]=lead,contact&filter[entity_id]=1",
        "filter[entity]=lead&filter[entity_id]=1,2,3,4,5,6,7,8,9,10,11",
        "filter[created_by]=1,2,3,4,5,6,7,8,9,10,11",
        "filter[type]=custom_field_5_value_changed,lead_added",
    ],
)
def test_events_refuse_what_amocrm_refuses(api: Api, query: str) -> None:
    assert api.get(f"events?{query}")[0] == 400


def test_events_older_than_a_year_are_gone(api: Api) -> None:
    api.control("clock", {"advance": 365 * 86400 - 998})
    assert api.ids("events") == event_ids(*range(11, 3, -1))
    assert api.get(f"events/{event_ids(0)[0]}")[0] == 204
    api.control("switches", {"events_retention_days": 0})
    assert len(api.ids("events")) == 12


def test_contacts_are_found_by_phone_digits(api: Api) -> None:
    assert api.ids("contacts?query=79120001122") == [301]
    assert api.ids("contacts?query=79120001123") == []


def test_filters_are_ignored_when_the_account_has_none(api: Api) -> None:
    api.app.world.account.is_api_filter_enabled = False
    assert api.ids("leads?filter[id]=3") == [3]
    api.app.world.set_switches(changed(Switches(), {"filter_without_flag": "no"}))
    assert api.ids("leads?filter[id]=3") == [1, 2, 3, 4, 5]


def test_incoming_leads_stand_in_the_list_when_the_switch_says_so(api: Api) -> None:
    api.control("switches", {"incoming_in_leads": True})
    assert api.ids("leads") == [1, 2, 3, 4, 5, 6]


def test_the_trash_shows_only_five_keys(api: Api) -> None:
    _, body = api.get("leads?with=only_deleted")
    (row,) = body["_embedded"]["leads"]
    assert {key for key, value in row.items() if value is not None} == {
        "id",
        "updated_at",
        "updated_by",
        "is_deleted",
        "account_id",
        "_links",
    }


def test_a_list_answers_anew_after_a_change(api: Api) -> None:
    query = f"leads?filter[responsible_user_id]={BORIS}"
    assert api.ids(query) == [2]
    api.app.world.edit_lead(lead_id=1, responsible_user_id=BORIS)
    assert api.ids(query) == [1, 2]


def test_a_reader_with_narrow_rights_sees_only_his_leads(api: Api) -> None:
    status, body = api.get("leads", X_Context_User_ID=str(BORIS))
    assert status == 200
    assert [row["id"] for row in body["_embedded"]["leads"]] == [2]
    assert api.get("leads/1", X_Context_User_ID=str(BORIS))[0] == 204
    assert api.get("users", X_Context_User_ID=str(BORIS))[0] == 403
    assert api.get("leads", X_Context_User_ID="999")[0] == 401
    api.app.world.users[BORIS].rights["is_free"] = True
    assert api.get("leads", X_Context_User_ID=str(BORIS))[0] == 401
