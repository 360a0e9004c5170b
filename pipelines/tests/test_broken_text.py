"""One row with broken text, or without sense, stands aside by its number and its reason; its neighbours come."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
import stamina

from pipelines.account.source import Source
from pipelines.amo import errors, phpform
from pipelines.amo.client import Client, decoded, read_answer
from pipelines.mirror import coverage, hooks
from pipelines.mirror.entities import TABLE
from pipelines.models import (
    Account,
    Contact,
    Cursor,
    Deal,
    Event,
    Hook,
    Person,
    QuarantinedRow,
    Stage,
    Task,
    Touch,
)
from pipelines.tests.altered import Alter, rewritten, through
from pipelines.tests.loads import everything, populate, tick
from sandbox.server import Handle
from sandbox.world import World

HALF = b"\\ud83d"
BROKEN = [HALF, b"\xff\xfe", b"\xd0", b"\xed\xa0\xbd"]  # a lone surrogate, no UTF-8, cut in half, CESU-8


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.mark.parametrize("broken", BROKEN, ids=repr)
def test_broken_text_spoils_its_own_string_only(broken: bytes) -> None:
    found = decoded(b'{"list": [{"id": 1, "name": "\xd0\x90"}, {"id": 2, "name": "' + broken + b' 2"}]}')
    assert found["list"][0] == {"id": 1, "name": "А"} and found["list"][1]["id"] == 2
    assert not found["list"][1]["name"].isprintable()


@pytest.mark.parametrize(
    "content", [b'{"id": 1', b'{"name": "\\ud83d', b'{"name": "\xff', b"", b"{]"], ids=repr
)
def test_what_is_cut_off_is_still_cut_off(content: bytes) -> None:
    response = httpx2.Response(200, content=content, request=httpx2.Request("GET", "https://x.amocrm.ru"))
    with pytest.raises(errors.Transient, match="cut off"):
        read_answer(response)


def test_a_form_with_bytes_that_are_no_text_still_says_what_it_rings_about() -> None:
    assert (
        phpform.decode_form(b"leads[add][0][id]=7&leads[add][0][name]=\xff\xfe")["leads"]["add"]["0"]["id"]
        == "7"
    )


def spoil(text: str, broken: bytes) -> Alter:
    """``text`` is broken wherever it stands in an answer."""
    spelled = [text.encode(), json.dumps(text)[1:-1].encode()]

    def alter(request: httpx2.Request, body: bytes) -> bytes:
        for one in spelled:
            body = body.replace(one, broken + b" 2")
        return body

    return alter


def aside() -> set[tuple[str, str]]:
    return set(QuarantinedRow.objects.values_list("entity", "remote_id"))


@pytest.mark.django_db
@pytest.mark.parametrize("broken", BROKEN, ids=repr)
def test_of_six_deals_five_come_and_one_is_set_aside_by_its_number(
    amo: Handle, world: World, broken: bytes
) -> None:
    populate(world, 6)
    lead = sorted(world.leads.rows)[2]
    with through(amo, spoil("Сделка 2", broken)) as source:
        everything(source)
    assert aside() == {("deals", str(lead))}
    assert set(Deal.objects.values_list("pk", flat=True)) == set(world.leads.rows) - {lead}
    assert "name is broken text" in QuarantinedRow.objects.get().reason
    assert not Cursor.objects.exclude(state=Cursor.State.READY).exists()


LISTS: list[tuple[str, str, Callable[[World], object]]] = [
    ("contacts", "Клиент 1", lambda world: next(one for one in world.contacts if one.name == "Клиент 1").id),
    ("users", "Менеджер 1", lambda world: next(u.id for u in world.users.values() if u.name == "Менеджер 1")),
    ("loss_reasons", "Дорого", lambda world: next(iter(world.loss_reasons.values())).id),
    ("stages", "Старая стадия", lambda world: stage_key(world, "Старая стадия")),
    ("pipelines", "Опт", lambda world: next(one.id for one in world.pipelines.values() if one.name == "Опт")),
]


def stage_key(world: World, name: str) -> str:
    return next(
        f"{one.id}:{s.id}" for one in world.pipelines.values() for s in one.statuses if s.name == name
    )


@pytest.mark.django_db
@pytest.mark.parametrize(("entity", "text", "key"), LISTS, ids=[one[0] for one in LISTS])
def test_every_list_goes_past_a_row_with_broken_text(
    amo: Handle, world: World, entity: str, text: str, key: Callable[[World], object]
) -> None:
    populate(world, 4)
    world.create_pipeline(name="Опт", stages=["Заявка", "Старая стадия"])
    with through(amo, spoil(text, HALF)) as source:
        everything(source)
    assert aside() == {(entity, str(key(world)))}
    assert Deal.objects.count() == 4 and Person.objects.count() >= 3 and Stage.objects.count() > 4
    assert not Cursor.objects.exclude(state=Cursor.State.READY).exists()


@pytest.mark.django_db
def test_broken_text_that_nobody_keeps_costs_nothing(amo: Handle, world: World) -> None:
    populate(world, 3)
    with through(amo, spoil("Позвонить", b"\xff")) as source:  # the text of tasks
        everything(source)
    assert not aside() and Task.objects.count() == 3


@pytest.mark.django_db
def test_increments_go_past_it_and_take_it_in_when_it_is_well(
    amo: Handle, world: World, source: Source
) -> None:
    populate(world, 6)
    everything(source)
    one, other, *_ = sorted(world.leads.rows)
    tick(world)
    world.edit_lead(lead_id=one, name="Крыша")
    world.edit_lead(lead_id=other, price=77)
    with through(amo, spoil("Крыша", HALF)) as spoiled:
        everything(spoiled)
    assert aside() == {("deals", str(one))} and Deal.objects.get(pk=other).price == 77
    assert Deal.objects.get(pk=one).name == "Сделка 0", "what is known stays"
    tick(world)
    world.edit_lead(lead_id=one, price=5)
    everything(source)
    assert not aside() and Deal.objects.get(pk=one).name == "Крыша"


@pytest.mark.django_db
def test_hooks_about_it_are_done_with_and_so_are_those_beside_it(
    account: Account, amo: Handle, world: World, source: Source
) -> None:
    populate(world, 4)
    everything(source)
    one, other, *_ = sorted(world.leads.rows)
    tick(world)
    world.edit_lead(lead_id=one, name="Крыша")
    world.edit_lead(lead_id=other, price=9)
    Hook.objects.create(body=b"leads[update][0][id]=%d&leads[update][0][name]=\xff\xfe" % one)
    Hook.objects.create(body=b"leads[update][0][id]=%d&account[id]=%d" % (other, account.pk))
    with through(amo, spoil("Крыша", HALF)) as spoiled:
        hooks.answer_hooks(spoiled)
    assert not Hook.objects.filter(handled_at=None).exists() and not Hook.objects.exclude(error="").exists()
    assert aside() == {("deals", str(one))} and Deal.objects.get(pk=other).price == 9


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"account[id]=%00&leads[add][0][id]=1", b"account[id]=%ED%A0%BD", b"\0"])
def test_a_hook_of_nonsense_signs_holds_up_no_others(
    account: Account, world: World, source: Source, body: bytes
) -> None:
    populate(world, 1)
    everything(source)
    (lead,) = world.leads.rows
    tick(world)
    world.edit_lead(lead_id=lead, price=9)
    Hook.objects.create(body=body)
    Hook.objects.create(body=b"leads[update][0][id]=%d" % lead)
    hooks.answer_hooks(source)
    assert not Hook.objects.filter(handled_at=None).exists() and Deal.objects.get().price == 9


@pytest.mark.django_db
def test_a_reason_with_signs_that_no_database_holds_is_kept_all_the_same(amo: Handle, world: World) -> None:
    populate(world, 1)

    def refuse(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(
            400, content=b'{"detail": "\\u0000 no \\ud83d", "validation-errors": ["strange"]}'
        )

    client = Client(amo.url, lambda: "T", attempts=1, transport=httpx2.MockTransport(refuse))
    with Source(client, ZoneInfo("UTC")) as source:
        failures = coverage.pull_entities(source, coverage.dictionaries())
    assert failures and Cursor.objects.filter(state=Cursor.State.FAILED).exists()


STRANGE: list[tuple[str, str, dict[str, Any]]] = [
    ("events", "/api/v4/events", {"created_at": None}),
    ("events", "/api/v4/events", {"created_at": "yesterday"}),
    ("events", "/api/v4/events", {"id": "01\ud83d"}),
    ("events", "/api/v4/events", {"entity_id": None}),
    ("deals", "/api/v4/leads", {"updated_at": None}),
    ("deals", "/api/v4/leads", {"price": "NaN"}),
    ("deals", "/api/v4/leads", {"price": float("nan")}),
    ("deals", "/api/v4/leads", {"created_at": 10**15}),
    ("tasks", "/api/v4/tasks", {"updated_at": "2026"}),
    ("notes", "/api/v4/leads/notes", {"updated_at": []}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("entity", "path", "fault"), STRANGE, ids=str)
def test_a_row_without_sense_stops_no_list(
    amo: Handle, world: World, entity: str, path: str, fault: dict[str, Any]
) -> None:
    populate(world, 4)

    def change(request: httpx2.Request, data: dict[str, Any]) -> None:
        if request.url.path == path and "only_deleted" not in str(request.url):
            next(iter(data["_embedded"].values()))[1].update(fault)

    with through(amo, rewritten(change)) as source:
        everything(source)
    assert {name for name, _ in aside()} == {entity} and len(aside()) <= 2
    assert not Cursor.objects.exclude(state=Cursor.State.READY).exists()
    counts = {"events": Event, "deals": Deal, "tasks": Task, "notes": Touch}
    assert counts[entity].objects.count() >= 3


@pytest.mark.django_db
@pytest.mark.parametrize("stray", [None, "text", [], {}, {"id": None}, {"id": [1]}, 5], ids=repr)
def test_what_is_no_row_at_all_stops_no_list(amo: Handle, world: World, stray: object) -> None:
    populate(world, 3)

    def change(request: httpx2.Request, data: dict[str, Any]) -> None:
        for rows in (data.get("_embedded") or {}).values():
            if isinstance(rows, list):
                rows.insert(1, stray)

    with through(amo, rewritten(change)) as source:
        everything(source)
    assert (Deal.objects.count(), Task.objects.count(), Contact.objects.count()) == (3, 3, 3)


@pytest.mark.django_db
@pytest.mark.parametrize("embedded", [[], None, "x", {"leads": {"0": 1}}, {"leads": None}], ids=repr)
def test_an_answer_of_another_shape_is_an_error_with_a_sentence_or_an_empty_list(
    amo: Handle, world: World, embedded: object
) -> None:
    populate(world, 1)

    def change(request: httpx2.Request, data: dict[str, Any]) -> None:
        if request.url.path == "/api/v4/leads":
            data.update(_embedded=embedded, _links=[])

    asked = [one for one in TABLE if one.name in ("users", "pipelines", "stages", "deals")]
    with through(amo, rewritten(change)) as source:
        failures = coverage.pull_entities(source, asked)
    assert all("holds no list" in str(error) for _, error in failures)
    assert bool(failures) == (embedded not in ([], None, {"leads": None}))


@pytest.mark.django_db
def test_an_item_of_the_trash_without_its_time_is_buried_now(
    amo: Handle, world: World, source: Source
) -> None:
    populate(world, 3)
    everything(source)
    lead = sorted(world.leads.rows)[0]
    tick(world)
    world.delete_lead(lead_id=lead)

    def change(request: httpx2.Request, data: dict[str, Any]) -> None:
        if "only_deleted" in str(request.url):
            for item in data["_embedded"]["leads"]:
                item["updated_at"] = None

    with through(amo, rewritten(change)) as altered:
        everything(altered)
    assert Deal.objects.get(pk=lead).deleted_at is not None
