"""Custom fields and their groups."""

from sandbox.tests.conftest import COLOR, SIZE, UNTIL, Api, account_data
from sandbox.world import World


def test_every_account_has_the_standard_fields_whatever_its_file_names() -> None:
    world = World.from_data(account_data())
    codes = {kind: [field.code for field in fields.values()] for kind, fields in world.fields.items()}
    assert sorted(codes["contacts"]) == ["EMAIL", "PHONE", "POSITION"]
    assert sorted(codes["companies"]) == ["ADDRESS", "EMAIL", "PHONE", "WEB"]


def test_money_has_a_currency_of_its_own_or_the_accounts(api: Api) -> None:
    _, body = api.post(
        "leads/custom_fields",
        [{"name": "a", "type": "monetary"}, {"name": "b", "type": "monetary", "currency": "EUR"}],
    )
    first, second = body["_embedded"]["custom_fields"]
    assert (first["currency"], second["currency"]) == ("RUB", "EUR")
    assert api.patch(f"leads/custom_fields/{first['id']}", {"currency": "USD"})[1]["currency"] == "USD"
    assert api.patch(f"leads/custom_fields/{second['id']}", {"name": "c"})[1]["currency"] == "EUR"
    assert api.patch(f"leads/custom_fields/{COLOR}", {"currency": "USD"})[1]["currency"] is None


def test_a_group_gathers_fields_and_gives_them_back(api: Api) -> None:
    def fields() -> dict[str, list[int]]:
        _, body = api.get("leads/custom_fields/groups")
        return {one["id"]: one["fields"] for one in body["_embedded"]["custom_field_groups"]}

    assert fields() == {"default": [COLOR, SIZE, UNTIL], "statistic": []}
    _, body = api.post("leads/custom_fields/groups", [{"name": "Мои", "fields": [SIZE]}])
    group = body["_embedded"]["custom_field_groups"][0]["id"]
    assert fields() == {"default": [COLOR, UNTIL], "statistic": [], group: [SIZE]}
    assert api.get(f"leads/custom_fields/{SIZE}")[1]["group_id"] == group
    assert api.patch(f"leads/custom_fields/{COLOR}", {"group_id": group})[0] == 201
    assert api.patch(f"leads/custom_fields/{SIZE}", {"group_id": None})[0] == 201
    assert fields()[group] == [COLOR]
    assert api.patch(f"leads/custom_fields/groups/{group}", {"fields": [UNTIL]})[1]["fields"] == [UNTIL]
    assert api.delete(f"leads/custom_fields/groups/{group}")[0] == 204
    assert fields() == {"default": [COLOR, SIZE, UNTIL], "statistic": []}


def test_groups_that_every_account_has_stay_and_strange_fields_are_refused(api: Api) -> None:
    assert api.delete("leads/custom_fields/groups/default")[0] == 400
    assert api.delete("leads/custom_fields/groups/leads_1")[0] == 404
    assert api.post("leads/custom_fields/groups", [{"name": "x", "fields": [999]}])[0] == 400
    assert api.post("leads/custom_fields/groups", [{"name": "x", "fields": [[]]}])[0] == 400
    assert api.post("leads/custom_fields/groups", [{"sort": 1}])[0] == 400
