"""A fixed sum for each large deal won within a few days: the worked numbers of docs/money.md."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation

from core import moment
from devtools.tests.factory import DAY, make_employee
from kpi import pay_schemes
from kpi.forecast import forecast_total
from kpi.models import Statement
from kpi.promises import list_promises
from kpi.statements import close_month, refresh_month
from kpi.tests.november import DOCUMENT, NOVEMBER, Month
from kpi.tests.test_pay_schemes import put
from kpi.tests.test_sales import won_again
from team.models import Role

pytestmark = pytest.mark.django_db

D = Decimal
SPIFF = {
    "kind": "spiff",
    "code": "push",
    "title": {"ru": "Ноябрьский рывок", "en": "November push"},
    "measure": "won_sum",
    "amount": "5000",
    "at_least": "300000",
    "since": "2026-11-10",
    "until": "2026-12-11",
}
SCHEME = put(DOCUMENT, "components", [*DOCUMENT["components"], SPIFF])


@pytest.fixture(autouse=True)
def the_first_of_december() -> Iterator[None]:
    moment.fix("2026-12-01T09:00:00+00:00")
    yield
    moment.fix(None)


@pytest.fixture
def november() -> Month:
    """Wins of 700 000 on the 3rd and 380 000 on the 15th, and one of 300 000 and one of 299 999 on the 20th."""
    made = Month()
    pay_schemes.load_scheme(SCHEME)
    for price in (300_000, 299_999):
        made.house.closed(made.house.won, made.anna, NOVEMBER.start + 19 * DAY, price)
    return made


def spiff(statement: Statement) -> Decimal:
    return statement.lines.get(code="push").amount


def test_each_large_deal_within_the_days_is_paid(november: Month) -> None:
    refresh_month(NOVEMBER)
    assert spiff(november.statement()) == D(10_000)


@pytest.mark.parametrize(
    ("language", "because", "promise"),
    [
        ("ru", "2 таких сделки × 5 000 ₽ = 10 000 ₽",
         "5 000 ₽ за каждую сделку от 300 000 ₽, выигранную с 10 нояб. 2026 г. по 10 дек. 2026 г."),
        ("en", "2 such deals × 5,000 ₽ = 10,000 ₽",
         "5,000 ₽ for each deal of 300,000 ₽ and more won from Nov 10, 2026 to Dec 10, 2026."),
    ],
)  # fmt: skip
def test_it_is_told_on_the_page_by_the_api_and_by_the_command(
    november: Month, language: str, because: str, promise: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with translation.override(language):
        call_command("kpi_month", "2026-11", "--json")
        promised = list(list_promises(pay_schemes.read_document(SCHEME)))[-1]
    said: list[dict[str, Any]] = json.loads(capsys.readouterr().out)[0]["lines"]
    assert plain(promised.text) == promise
    client = Client()
    client.force_login(make_employee(Role.FINANCE, language=language))
    answer = client.get("/api/v1/statements/?period=2026-11").json()[0]["lines"]
    for lines in (said, answer):
        assert (lines[-1]["title"], plain(lines[-1]["because"])) == (promised.title, because)
    page = client.get(f"/my/?period=2026-11&manager={november.anna.pk}").content.decode()
    assert because in plain(page) and promise in plain(page)
    paid = november.statement().facts.wins["won_sum?at_least=300000&since=2026-11-10&until=2026-12-11"]
    assert len(paid) == 2
    assert all(page.count(f'href="/deals/{deal}/"') == 1 for deal in paid), "the line leads to its deals"


def plain(text: str) -> str:
    return text.replace("\xa0", " ").replace("\u202f", " ")


def test_a_deal_is_paid_once_even_if_it_is_won_again_in_the_next_month(november: Month) -> None:
    close_month(NOVEMBER, None)
    moment.fix("2026-12-28T09:00:00+00:00")
    won_again(november.house.closed(november.house.won, november.anna, NOVEMBER.start + 11 * DAY, 400_000),
              datetime(2026, 12, 10, 20, 59, tzinfo=UTC))  # fmt: skip
    again = next(
        iter(november.statement().facts.wins["won_sum?at_least=300000&since=2026-11-10&until=2026-12-11"])
    )
    won_again(type(november.deal).objects.get(pk=again), datetime(2026, 12, 5, 9, tzinfo=UTC))
    refresh_month(NOVEMBER.next)
    december = Statement.objects.get(manager=november.anna, period=NOVEMBER.next.first)
    assert spiff(december) == D(5_000), "for the one that November has not paid"
    assert [row.deal for row in december.facts.paid] == [again], "told once, though two measures have paid it"


def test_without_such_deals_it_pays_nothing_and_a_vanished_field_is_not_known(november: Month) -> None:
    pay_schemes.load_scheme(put(SCHEME, "components/4/at_least", "1000000"))
    refresh_month(NOVEMBER)
    assert spiff(november.statement()) == 0
    component = pay_schemes.read_document(put(SCHEME, "components/4/measure", "won_sum?field=77")).components[
        -1
    ]
    assert component.measures == ("won_sum?field=77&at_least=300000&since=2026-11-10&until=2026-12-11",)
    with translation.override("en"), pytest.raises(ValueError, match=r"^components\[4\], won_sum\?field=77&"):
        pay_schemes.load_scheme(put(SCHEME, "components/4/measure", "won_sum?field=77"))


def test_a_forecast_counts_the_deals_that_there_are(november: Month) -> None:
    moment.fix("2026-11-22T09:00:00+00:00")
    refresh_month(NOVEMBER)
    with_spiff = forecast_total(november.statement())
    pay_schemes.load_scheme(DOCUMENT | {"effective_from": "2026-11-01"})
    refresh_month(NOVEMBER)
    without = forecast_total(november.statement())
    assert with_spiff is not None and without is not None
    assert with_spiff.total - without.total == D(10_000)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("until", "2026-11-10", 'components[4].until: must be a day after 2026-11-10, the first day, not "2026-11-10"'),
        ("since", "soon", 'components[4].since: must be a day such as 2026-11-01, not "soon"'),
        ("at_least", ..., "components[4].at_least: must be a number from 0, but is missing"),
        ("measure", "calls_out", "components[4].measure: calls_out has no option at_least; it has no options"),
        ("measure", "kept:task.none", "components[4].measure: there is no rule 'task.none?at_least=300000"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_place(path: str, value: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        pay_schemes.read_document(put(SCHEME, f"components/4/{path}", value))
    assert str(error.value).startswith(sentence)
