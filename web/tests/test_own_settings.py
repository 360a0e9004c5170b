"""The account's zone, currency and kinds of pipelines are obeyed by pages and the API, and it is told why."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from core import account, moment
from devtools.tests.factory import make_deal, make_employee, make_person, make_pipeline, make_stage
from pipelines.account import connection, credentials, own
from pipelines.models import Account, Deal, JudgementRequest, PipelineKind, Stage
from team.models import Role

pytestmark = pytest.mark.django_db

EVE = datetime(2018, 1, 31, 22, 30, tzinfo=UTC)  # of February in Moscow, not in UTC

END = {"2018-01": "2018-02", "2018-02": "2018-03"}


@pytest.fixture
def director(client: Client) -> Client:
    client.force_login(make_employee(Role.DIRECTOR))
    return client


def account_in(zone: str, **values: Any) -> Account:
    return Account.objects.create(id=1, base_url="https://a.amocrm.ru", time_zone=zone, **values)


def won_deal(at: datetime, price: int = 350_000) -> Deal:
    won = make_stage(make_pipeline(), "Успешно", Stage.Kind.WON)
    return make_deal(won, make_person(), at, price=price, created_at=at)


def sales(client: Client, month: str) -> int:
    found = client.get("/api/v1/metrics/won_sum/", {"from": month, "to": END[month]})
    assert found.status_code == 200, found.content
    return int(float(found.json()[0]["value"]))


@pytest.mark.parametrize(
    ("zone", "at", "month"),
    [
        ("UTC", EVE, "2018-01"),
        ("Europe/Moscow", EVE, "2018-02"),
        ("Asia/Vladivostok", datetime(2018, 1, 31, 13, 30, tzinfo=UTC), "2018-01"),
        ("Asia/Vladivostok", datetime(2018, 1, 31, 14, 30, tzinfo=UTC), "2018-02"),
        ("America/Sao_Paulo", datetime(2018, 2, 1, 1, 30, tzinfo=UTC), "2018-01"),
    ],
)
def test_months_begin_where_the_account_lives(director: Client, zone: str, at: datetime, month: str) -> None:
    account_in(zone)
    won_deal(at)
    other = "2018-02" if month == "2018-01" else "2018-01"
    assert (sales(director, month), sales(director, other)) == (350_000, 0)


@pytest.mark.parametrize(
    ("environment", "chosen", "zone", "why"),
    [
        ("Europe/Moscow", "", "Asia/Vladivostok", "account"),
        ("Europe/Moscow", "UTC", "UTC", "page"),
        ("Asia/Omsk", "UTC", "Asia/Omsk", "environment"),
    ],
)
def test_the_sync_page_says_which_zone_and_why(
    director: Client, environment: str, chosen: str, zone: str, why: str
) -> None:
    account_in("Asia/Vladivostok", chosen_zone=chosen)
    with override_settings(TIME_ZONE=environment):
        account.forget()
        assert account.own()[:2] == (zone, why)
        page = director.get(reverse("sync")).content.decode()
    line = page[page.index('id="portal-zone"') :].split("</p>")[0]
    assert zone in line and ("Asia/Vladivostok" in line)


def test_a_zone_named_explicitly_in_the_environment_wins_even_if_it_is_the_default() -> None:
    account_in("UTC")
    with override_settings(TIME_ZONE_CHOSEN=True):
        account.forget()
        assert account.own().zone == "Europe/Moscow"


def test_an_administrator_chooses_a_zone_and_what_depends_on_it_is_judged_again(client: Client) -> None:
    account_in("UTC")
    deal = won_deal(EVE)
    JudgementRequest.objects.all().delete()
    client.force_login(make_employee(Role.ADMIN))
    fields = {"zone": "Europe/Moscow", f"kind-{deal.pipeline_id}": "sales"}
    for _twice in range(2):
        answer = client.post(reverse("own-settings"), fields, follow=True)
        assert answer.status_code == 200 and account.own()[:2] == ("Europe/Moscow", "page")
        assert JudgementRequest.objects.count() == 1
    assert sales(client, "2018-02") == 350_000
    assert client.post(reverse("own-settings"), fields | {"zone": "Mars/Olympus"}).status_code == 422


def test_only_administrators_choose(director: Client) -> None:
    account_in("UTC")
    assert director.get(reverse("own-settings")).status_code == 404


def test_what_the_account_changes_in_amocrm_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    saved = account_in("UTC")
    won_deal(EVE)
    said = Account(id=1, name="Дом", currency="KZT", time_zone="Asia/Almaty")
    monkeypatch.setattr(connection, "read_account", lambda *_args: said)
    saved.credentials = credentials.encrypt_credentials(credentials.LongLived("T"))
    connection.reread(saved)
    assert account.own()[:3] == ("Asia/Almaty", "account", "KZT") and JudgementRequest.objects.exists()


def test_pages_tell_money_in_the_accounts_currency(director: Client) -> None:
    account_in("Asia/Almaty", currency="KZT")
    deal = won_deal(moment.now())
    page = director.get(reverse("deal", args=[deal.pk])).content.decode().replace("\xa0", " ")
    assert "350 000 ₸" in page and "₽" not in page


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Продажи", "sales"), ("Опт", "sales"), ("Курьеры", "robot"), ("Гарантийные случаи", "service"),
        ("Доставка", "supply"), ("Продажа услуг монтажа", "sales"), ("Работа с партнёрами", "sales"),
    ],
)  # fmt: skip
def test_a_pipelines_kind_is_guessed_by_its_name_and_sells_until_it_is_saved(name: str, kind: str) -> None:
    pipeline = make_pipeline(name)
    assert own.guess_kind(name) == kind
    assert account.own().not_selling == []
    own.set_kinds({pipeline.pk: kind})
    assert account.own().not_selling == ([] if kind == "sales" else [pipeline.pk])


def test_the_guess_is_proposed_to_an_administrator(client: Client) -> None:
    account_in("UTC")
    pipeline = make_pipeline("Курьеры")
    client.force_login(make_employee(Role.ADMIN))
    page = client.get(reverse("own-settings")).content.decode()
    assert '<option value="robot" selected>' in page
    client.post(reverse("own-settings"), {"zone": "", f"kind-{pipeline.pk}": "supply"})
    assert PipelineKind.objects.get().kind == "supply"
