"""«Мой месяц»: whose money is shown to whom, and what nonsense is answered with."""

from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from devtools.tests.factory import make_employee, make_person
from kpi import statements, trend
from kpi.models import Statement
from kpi.tests.november import NOVEMBER, Month
from team.models import Role
from web.tests.clients import signed_in
from web.tests.month_office import D, page, someone
from web.tests.month_office import november as november
from web.tests.month_office import saturday as saturday

pytestmark = pytest.mark.django_db


def test_a_stranger_is_sent_to_the_login_page() -> None:
    assert Client().get("/my/").url.startswith(reverse("login"))


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.FINANCE, Role.ADMIN])
def test_those_who_see_all_money_choose_a_person(november: Month, role: str) -> None:
    user = someone(role)
    overview = page(user)
    assert "Managers’ money, November 2026" in overview
    assert f"?manager={november.anna.pk}&period=2026-11" in overview
    assert "72,587 ₽" in page(user, manager=november.anna.pk)


def test_a_head_reads_reports_and_nobody_else(november: Month) -> None:
    head = someone(Role.HEAD)
    boris = make_employee(Role.MANAGER, november.house.boris)
    november.employee.head = head
    november.employee.save()
    assert "72,587 ₽" in page(head, manager=november.anna.pk)
    assert "Борис" not in page(head)
    assert signed_in(head).get("/my/", {"manager": boris.person_id}).status_code == 404


def test_a_controller_finds_no_such_page(november: Month) -> None:
    client = signed_in(someone(Role.CONTROLLER))
    assert client.get("/my/").status_code == 404
    assert client.get("/my/", {"manager": november.anna.pk}).status_code == 404


def test_a_manager_never_opens_anothers_month(november: Month) -> None:
    boris = make_employee(Role.MANAGER, november.house.boris)
    assert signed_in(boris).get("/my/", {"manager": november.anna.pk}).status_code == 404
    assert "72,587" not in page(boris)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"period": "2026-13"}, "“2026-13” is not a month such as 2026-11."),
        ({"period": "soon"}, "“soon” is not a month such as 2026-11."),
        ({"period": "2026-12"}, "December 2026 has not begun yet."),
        ({"manager": "Anna"}, "There is no person “Anna”."),
        ({"manager": "-1"}, "There is no person “-1”."),
        ({"manager": "99999999999999999999"}, "There is no person “99999999999999999999”."),
    ],
)
def test_nonsense_is_answered_with_one_sentence(november: Month, query: dict[str, str], says: str) -> None:
    response = signed_in(someone(Role.DIRECTOR)).get("/my/", query)
    assert response.status_code == 422
    assert says in unescape(response.content.decode()).replace("\xa0", " ")


def test_a_login_without_an_amocrm_user_sees_an_empty_list(november: Month) -> None:
    assert "Nobody has a statement for this month" in page(someone(Role.MANAGER))


def test_names_of_peers_never_appear(november: Month) -> None:
    boris = make_employee(Role.MANAGER, november.house.boris, first_name="Борис", last_name="Чужой")
    statements.refresh_month(NOVEMBER)
    assert Statement.objects.filter(manager=boris.person).exists()
    text = page(november.employee)
    assert "Борис" not in text
    assert "Чужой" not in text


@pytest.mark.parametrize(("people", "shown"), [(3, False), (4, True)])
def test_the_median_of_few_people_is_not_shown(november: Month, people: int, shown: bool) -> None:
    for number in range(people):
        make_employee(Role.MANAGER, make_person(f"Коллега {number}"))
    statements.refresh_month(NOVEMBER)
    assert ("median" in page(november.employee)) is shown
    [row] = trend.compare_months({NOVEMBER.first: november.statement()})
    assert (row.median_total is not None) is shown
    assert (row.total, row.quality, row.attainment) == (D("72586.67"), D(88), D("0.9"))
