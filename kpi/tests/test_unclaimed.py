"""Sales in nobody's statement: told to whoever closes months, paid late, or to nobody with a reason."""

import pytest
from django.test import Client
from django.utils import translation

from core import moment
from devtools.tests.factory import make_employee, make_person
from kpi import statements
from kpi.corrections import correct_statement
from kpi.differences import Why, find_differences
from kpi.models import Statement, WaivedSale
from kpi.tests.closed_november import D, differences, get, unclaimed, zoya_wins
from kpi.tests.closed_november import closed as closed
from kpi.tests.closed_november import the_fifth_of_december as the_fifth_of_december
from kpi.tests.november import NOVEMBER, Month
from kpi.unclaimed import review_months, waive_sales
from pipelines.models import Stay
from team.models import AmoUser, Role

pytestmark = pytest.mark.django_db


def test_a_sale_of_somebody_who_is_linked_after_the_closing_is_told_and_gets_its_statement(
    closed: Month,
) -> None:
    deal = zoya_wins(closed)
    assert unclaimed(closed) == [(deal.pk, D(500_000), "")]
    [state] = review_months(moment.now())
    assert (state.unclaimed, state.unclaimed_sum) == (1, D(500_000))
    finance = make_employee(Role.FINANCE, language="en")
    with translation.override("en"), pytest.raises(ValueError, match="no employee’s main one"):
        statements.add_statement(deal.manager_id, NOVEMBER, finance)
    make_employee(Role.MANAGER, deal.manager, first_name="Зоя", rota=closed.rota)
    assert unclaimed(closed) == [(deal.pk, D(500_000), "Зоя")]
    assert "Make a statement for Зоя" in get(finance, period="2026-11")
    client = Client()
    client.force_login(finance)
    answer = client.post("/my/include/", {"manager": deal.manager_id, "period": "2026-11"})
    assert answer.url == f"/my/?manager={deal.manager_id}&period=2026-11"
    made = Statement.objects.get(manager=deal.manager_id)
    assert (made.status, made.closed_by, made.facts.measures["won_sum"]) == ("closed", finance, D(500_000))
    assert unclaimed(closed) == []
    with (
        translation.override("en"),
        pytest.raises(ValueError, match="There is a statement for 2026-11 already"),
    ):
        statements.add_statement(deal.manager_id, NOVEMBER, finance)


def test_a_late_statement_pays_nothing_that_somebody_else_was_paid_for(closed: Month) -> None:
    zoya = make_person("Зоя")
    make_employee(Role.MANAGER, zoya, rota=closed.rota)
    Stay.objects.filter(deal=closed.deal).update(manager=zoya)
    made = statements.add_statement(zoya.pk, NOVEMBER, None)
    assert made.facts.measures["won_sum"] == 0
    assert [one.deal for one in made.facts.paid] == [closed.deal.pk]
    [mine] = differences(closed).rows
    correct_statement(closed.statement(), make_employee(Role.FINANCE), mine.pay, "Зоина", mine.deal)
    [hers] = find_differences([made])[made.pk].rows
    assert (hers.why, hers.now) == (Why.LATE, D(700_000))


def test_a_sale_of_a_closed_month_can_be_paid_to_nobody_with_a_reason(closed: Month) -> None:
    deal, finance = zoya_wins(closed), make_employee(Role.FINANCE, language="en")
    client = Client()
    client.force_login(finance)
    form = {"period": "2026-11", "deal": f"{deal.pk}:won_sum"}
    client.post("/my/waive/", form)
    assert not WaivedSale.objects.exists(), "a reason is asked for"
    for _ in range(2):
        client.post("/my/waive/", form | {"reason": "Sold by the founder"})
    kept = WaivedSale.objects.get()
    assert (kept.deal, kept.amount, kept.author, kept.reason) == (
        deal.pk,
        D(500_000),
        finance,
        "Sold by the founder",
    )
    assert unclaimed(closed) == []
    with translation.override("en"), pytest.raises(ValueError, match="is not among the sales"):
        waive_sales(NOVEMBER, [(closed.deal.pk, "won_sum")], finance, "why")


def test_an_open_month_tells_of_sales_in_nobodys_statement_and_counts_them_once_linked() -> None:
    month = Month()
    statements.refresh_month(NOVEMBER)
    deal = zoya_wins(month)
    assert "in nobody’s statement" in get(make_employee(Role.FINANCE, language="en"), period="2026-11")
    AmoUser.objects.create(person=deal.manager, employee=month.employee)
    statements.refresh_month(NOVEMBER)
    assert unclaimed(month) == []
    assert month.statement().facts.measures["won_sum"] == D(1_580_000)
