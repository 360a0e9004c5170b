"""Finance closes a month and corrects it on the page; nobody else finds the way."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client

from core import moment
from devtools.tests.factory import DAY
from kpi import statements
from kpi.models import Quota, Statement
from kpi.tests.november import NOVEMBER, Month
from pipelines.models import JudgementRequest
from team.models import Employee, Role
from web.tests.clients import signed_in
from web.tests.month_office import page, someone

pytestmark = pytest.mark.django_db

D = Decimal
PERIOD = {"period": "2026-11"}


@pytest.fixture(autouse=True)
def the_fifth_of_december() -> Iterator[None]:
    moment.fix("2026-12-05T09:00:00+00:00")
    yield
    moment.fix(None)


@pytest.fixture
def november() -> Month:
    made = Month()
    statements.refresh_month(NOVEMBER)
    return made


def told(client: Client) -> str:
    """What the next page says of the last act."""
    return " ".join(client.get("/my/", PERIOD).content.decode().split())


@pytest.mark.parametrize("role", [Role.FINANCE, Role.DIRECTOR, Role.ADMIN])
def test_finance_closes_a_month_that_is_over(november: Month, role: str) -> None:
    user = someone(role)
    assert "Close the month" in page(user, **PERIOD)
    assert "Close the month" not in page(user), "December lasts"
    client = signed_in(user)
    assert client.post("/my/close/", PERIOD).url == "/my/?period=2026-11"
    assert "The month is closed: 1 statement." in told(client)
    row = november.statement()
    assert (row.status, row.closed_by) == ("closed", user)
    assert "Close the month" not in page(user, **PERIOD)


def test_what_refuses_the_closing_stands_in_place_of_the_button(november: Month) -> None:
    JudgementRequest.objects.demand_deals([november.deal.pk])
    user = someone(Role.FINANCE)
    text = page(user, **PERIOD)
    assert "1 changed deal has not been judged yet" in text
    assert "/my/close/" not in text
    client = signed_in(user)
    client.post("/my/close/", PERIOD)
    assert "1 changed deal has not been judged yet" in told(client)
    client.post("/my/close/", {"period": "soon"})
    assert "is not a month such as 2026-11" in told(client)
    assert november.statement().status == "live"


def test_finance_corrects_a_closed_statement_and_names_the_deal_that_it_pays(november: Month) -> None:
    statements.close_month(NOVEMBER, None)
    late = november.house.closed(november.house.won, november.anna, NOVEMBER.start + 20 * DAY, 100_000)
    client, row = signed_in(someone(Role.FINANCE)), november.statement()
    assert "Add a correction" in page(someone(Role.FINANCE), manager=november.anna.pk, **PERIOD)
    answer = client.post(f"/my/correct/{row.pk}/", {"amount": "2940", "reason": "Late", "deal": late.pk})
    assert answer.url == f"/my/?manager={november.anna.pk}&period=2026-11#statement"
    line = november.statement().lines.get(code="correction")
    assert (line.amount, line.reason, line.deal, line.measure) == (D(2_940), "Late", late.pk, "won_sum")
    assert "not paid" not in page(someone(Role.FINANCE), manager=november.anna.pk, **PERIOD)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"amount": "0", "reason": "why"}, "other than zero"),
        ({"amount": "much", "reason": "why"}, "Amount: Enter a number."),
        ({"amount": "5", "reason": ""}, "Reason: This field is required."),
        (
            {"amount": "5.001", "reason": "why"},
            "Amount: Ensure that there are no more than 2 decimal places.",
        ),
    ],
)
def test_a_nonsense_correction_is_refused_in_a_sentence(
    november: Month, given: dict[str, str], says: str
) -> None:
    statements.close_month(NOVEMBER, None)
    client = signed_in(someone(Role.FINANCE))
    client.post(f"/my/correct/{november.statement().pk}/", given)
    assert says in told(client)
    assert november.statement().lines.count() == 4


@pytest.mark.parametrize("role", [Role.MANAGER, Role.HEAD, Role.CONTROLLER])
def test_nobody_else_closes_or_corrects(november: Month, role: str) -> None:
    client = signed_in(someone(role))
    pk = november.statement().pk
    assert client.post("/my/close/", PERIOD).status_code == 404
    assert client.post(f"/my/correct/{pk}/", {"amount": "5", "reason": "mine"}).status_code == 404
    assert november.statement().status == "live"
    if role != Role.CONTROLLER:
        assert "/my/close/" not in page(someone(role), **PERIOD)


def test_nothing_of_it_is_done_by_a_link(november: Month) -> None:
    client = signed_in(someone(Role.ADMIN))
    assert client.get("/my/close/", PERIOD).status_code == 405
    assert client.get(f"/my/correct/{november.statement().pk}/").status_code == 405


def test_the_overview_of_a_month_to_close_costs_no_more_than_a_page_may(
    november: Month, django_assert_max_num_queries: object
) -> None:
    client = signed_in(someone(Role.FINANCE))
    with django_assert_max_num_queries(12):
        client.get("/my/", PERIOD)
    Employee.objects.update(language="en")
    Quota.objects.all().delete()
    statements.close_month(NOVEMBER, None)
    assert Statement.objects.get().status == "closed"
    with django_assert_max_num_queries(12):
        client.get("/my/", PERIOD | {"manager": november.anna.pk})
