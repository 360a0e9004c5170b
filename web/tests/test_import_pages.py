"""The pages of the import: who may open them, what a preview shows, and what is left behind."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from redis.exceptions import ConnectionError as NoRedis

from core import redis
from jobs import judgement_queue
from pipelines.imports import drafts, tables
from pipelines.models import Cursor, Deal, JudgementRequest, Stay
from pipelines.tests.export_files import (
    EMAIL,
    NOTE,
    OLD_CONTACTS,
    OLD_DEALS,
    PHONE,
    old_contact,
    old_deal,
    table,
)
from team.models import Role
from web.tests.connect_office import admin as admin
from web.tests.connect_office import login, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_drafts(now: datetime) -> Iterator[None]:
    yield
    for key in redis.client().scan_iter("salesops:import:*"):
        redis.client().delete(key)


def upload(client: Client, data: bytes, name: str = "deals.csv") -> HttpResponse:
    return client.post("/sync/import/", {"file": SimpleUploadedFile(name, data)})


def test_the_way_from_a_file_to_deals(admin: Client) -> None:
    answer = upload(admin, table(OLD_DEALS, [old_deal(1), old_deal(2), old_deal("x")]))
    assert answer.status_code == 302 and not Deal.objects.exists()
    shown = text(admin.get(answer["Location"]))
    for said in (
        "deals.csv", "Nothing has been imported yet",
        "New rows 2 Changed rows 0 Unchanged rows 0 Rejected rows 1",
        "4 “x” is not an ID",
        "Этап сделки Stage", "New people: Анна Кузнецова.", "9 more columns are not read.", "Окна для школы",
    ):  # fmt: skip
        assert said in shown, said
    assert not Deal.objects.exists()
    result = admin.post(answer["Location"], follow=True)
    assert (
        "Imported: deals.csv" in text(result)
        and "New rows 2 Changed rows 0" in text(result)
        and "“x” is not an ID" in text(result)
    )
    assert Deal.objects.count() == 2
    assert set(JudgementRequest.objects.values_list("deal_id", flat=True)) == {1, 2}
    judgement_queue.judge_waiting()
    assert Stay.objects.filter(inferred=True).count() == 2
    assert "Imported" not in text(admin.get("/sync/import/")), "the result is shown once"


def test_contacts_are_shown_and_imported_too(admin: Client) -> None:
    answer = upload(admin, table(OLD_CONTACTS, [old_contact(5, "Пётр Клиентов")]), "contacts.csv")
    assert "Пётр Клиентов" in text(admin.get(answer["Location"]))
    assert "New rows 1" in text(admin.post(answer["Location"], follow=True))


def test_nothing_of_a_client_outlives_the_upload(admin: Client) -> None:
    answer = upload(admin, table(OLD_DEALS, [old_deal(1)]))
    [key] = redis.client().scan_iter("salesops:import:*")
    kept = repr(drafts.find_draft(int(key.split(b":")[2]), key.split(b":")[3].decode()))
    shown = admin.get(answer["Location"]).content.decode()
    for private in (PHONE, EMAIL, NOTE):
        assert private not in kept and private not in shown
    assert 0 < redis.client().ttl(key) <= 3600
    admin.post(answer["Location"])
    assert not list(redis.client().scan_iter("salesops:import:*"))
    assert "Окна" not in repr(dict(admin.session))


def test_a_file_that_is_thrown_away_leaves_nothing(admin: Client) -> None:
    answer = upload(admin, table(OLD_DEALS, [old_deal(1)]))
    admin.post(answer["Location"], {"cancel": "1"})
    assert not Deal.objects.exists() and not list(redis.client().scan_iter("salesops:import:*"))
    assert "upload it again" in text(admin.get(answer["Location"], follow=True))


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "Choose a file first"),
        (b"\n", "is empty"),
        (b"Date,Open\n1,2\n", "not amoCRM"),
        (b"\0\1\2", "neither a text"),
    ],
)
def test_a_bad_file_is_one_sentence_on_the_form(admin: Client, data: bytes, why: str) -> None:
    answer = upload(admin, data) if data else admin.post("/sync/import/")
    assert answer.status_code == 422 and why in text(answer) and "Check the file" in text(answer)
    assert not list(redis.client().scan_iter("salesops:import:*"))


def test_a_file_over_the_limit_is_not_even_read(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.sync.imports.LARGEST", 100)
    monkeypatch.setattr(tables, "read_table", lambda file: pytest.fail("was read"))
    assert "larger than 50 MB" in text(upload(admin, table(OLD_DEALS, [old_deal(1)])))


def test_a_portal_that_reads_amocrm_shows_a_file_and_refuses_it(admin: Client) -> None:
    answer = upload(admin, table(OLD_DEALS, [old_deal(1)]))
    Cursor.objects.create(entity="deals", rows=3)
    shown = admin.get(answer["Location"])
    assert "reads amoCRM itself" in text(shown) and 'class="btn primary"' not in shown.content.decode()
    assert admin.post(answer["Location"]).status_code == 422 and not Deal.objects.exists()


def test_a_draft_belongs_to_who_uploaded_it(admin: Client) -> None:
    answer = upload(admin, table(OLD_DEALS, [old_deal(1)]))
    assert login().post(answer["Location"]).status_code == 302
    assert not Deal.objects.exists()


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.ADMIN])
def test_only_an_administrator_imports(role: str) -> None:
    client = login(role)
    for answer in (
        client.get("/sync/import/"),
        upload(client, b"ID\n1"),
        client.post("/sync/import/deadbeef/"),
    ):
        assert answer.status_code == 404


def test_the_sync_page_leads_an_administrator_here(admin: Client) -> None:
    assert 'href="/sync/import/"' in admin.get("/sync/").content.decode()
    assert 'href="/sync/import/"' not in login(Role.DIRECTOR).get("/sync/").content.decode()


def test_without_redis_the_form_says_so(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*arguments: Any) -> str:
        raise NoRedis

    monkeypatch.setattr(drafts, "keep_draft", down)
    answer = upload(admin, table(OLD_DEALS, [old_deal(1)]))
    assert answer.status_code == 503 and "Redis does not answer" in text(answer)


def test_an_empty_portal_begins_with_the_import_for_whoever_may_do_it(admin: Client) -> None:
    assert admin.get("/")["Location"] == "/sync/import/"
    assert "Connect the amoCRM account" in text(admin.get("/sync/import/"))
    assert login(Role.DIRECTOR).get("/")["Location"] == "/desk/"
    answer = upload(admin, table(OLD_DEALS, [old_deal(1)]))
    admin.post(answer["Location"])
    assert admin.get("/")["Location"] == "/desk/"


def test_a_portal_with_an_account_does_not_begin_with_the_import(admin: Client) -> None:
    Cursor.objects.create(entity="deals")
    assert admin.get("/")["Location"] == "/desk/"
    assert "Connect the amoCRM account" not in text(admin.get("/sync/import/"))


def test_what_is_refused_or_strange_about_a_file_stands_in_its_preview(admin: Client) -> None:
    rows = [["Сделки за октябрь"], list(OLD_DEALS), old_deal(1), old_deal(2, **{"Бюджет ": "350,000"})]
    answer = upload(admin, table(rows[0], rows[1:], separator=";"))
    shown = text(admin.get(answer["Location"]))
    assert "The header was found on line 2" in shown
    assert (
        "4 The amount “350,000” may be 350000 or 350.00, and no other cell of its column tells which" in shown
    )
