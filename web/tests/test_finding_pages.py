"""The list of findings and the findings of a deal: what they show and to whom."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from core import moment
from core.periods import month_of
from core.zone import portal_zone
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import CustomField
from qc.models import Finding, FirstTimeGrace, RuleMode
from team.models import Role
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Office:
    def __init__(self) -> None:
        self.sales = factory.make_pipeline()
        self.stage = factory.make_stage(self.sales, "Готов к выдаче")
        self.anna = factory.make_person("Анна Кузнецова")
        self.roman = factory.make_person("Роман Белов")
        self.deal = factory.make_deal(self.stage, self.anna, name="Стойка A8", price=Decimal(300_000))
        self.other = factory.make_deal(self.stage, self.roman, name="Компрессор Q7")
        norm = {"norm": 5 * 86_400, "case": "calendar"}
        self.open = factory.make_finding(self.deal, values=norm, opens_at=NOW - DAY)
        self.upcoming = factory.make_finding(self.deal, "task.none", since=NOW, opens_at=NOW + DAY)
        self.fixed = factory.make_finding(
            self.deal, "task.none", since=NOW - 9 * DAY, opens_at=NOW - 8 * DAY, closes_at=NOW - 2 * DAY
        )
        self.withdrawn = factory.make_finding(self.deal, "owner.gone", withdrawn_at=NOW)
        self.shadow = factory.make_finding(self.deal, "field.missing", mode="shadow", severity="remark")
        self.foreign = factory.make_finding(self.other, values=norm, opens_at=NOW - 3 * DAY)


@pytest.fixture
def office() -> Office:
    return Office()


def login(role: str = Role.DIRECTOR, person: object = None) -> Client:
    return signed_in(factory.make_employee(role, person))


@pytest.mark.parametrize("path", ["/findings/", "/findings/deal/1/"])
def test_a_stranger_is_sent_to_the_login_page(path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 302
    assert response.url.startswith(reverse("login"))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["open", "foreign"]),
        ("state=upcoming", ["upcoming"]),
        ("state=closed", ["fixed"]),
        ("state=", ["open", "upcoming", "fixed", "foreign"]),
        ("since=2026-11-19", ["open", "upcoming"]),
        ("since=2026-11-19&until=2026-11-20", ["open"]),
        ("state=closed&closed_since=2026-11-19", []),
        ("state=closed&closed_since=2026-11-18", ["fixed"]),
        ("state=&rule=task.none", ["upcoming", "fixed"]),
        ("severity=remark", []),
        ("state=&held_since=2026-11-18&held_until=2026-11-18", ["fixed", "foreign"]),
        ("state=&held_since=2026-11-19", ["open", "foreign"]),  # what lies ahead has stood against nobody yet
        ("state=&held_until=2026-11-18", ["fixed", "foreign"]),
        ("state=&held_until=2026-11-11", []),
        ("state=&held_until=2026-11-12", ["fixed"]),  # it opened at noon of that day
        ("state=&held_until=2027-01-01&mode=warn", ["open", "fixed", "foreign"]),
        ("state=&mode=money", []),
    ],
)
def test_filters_choose_the_rows(office: Office, query: str, names: list[str]) -> None:
    page = login().get(f"/findings/?{query}")
    assert page.status_code == 200
    assert set(page.context["page"]) == {getattr(office, name) for name in names}
    assert page.context["count"] == len(names)


def test_filters_by_deal_manager_and_stage(office: Office) -> None:
    client = login()
    assert set(client.get(f"/findings/?deal={office.other.pk}").context["page"]) == {office.foreign}
    assert set(client.get(f"/findings/?manager={office.roman.pk}").context["page"]) == {office.foreign}
    assert (
        len(client.get(f"/findings/?stage={office.stage.pk}&pipeline={office.sales.pk}").context["page"]) == 2
    )


@pytest.mark.parametrize(
    "query",
    [
        "rule=no.such",
        "state=lost",
        "manager=x",
        "deal=x",
        "stage=x",
        "since=soon",
        "until=2026-13-01",
        "held_since=soon",
        "held_until=2026-02-30",
        "mode=off",
        "sort=mode",
    ],
)
def test_a_nonsense_filter_is_refused_in_one_sentence(office: Office, query: str) -> None:
    page = login().get(f"/findings/?{query}")
    assert page.status_code == 422
    assert len(page.context["problems"]) == 1
    assert list(page.context["page"]) == []


def test_every_row_tells_its_reason_and_leads_to_its_deal(office: Office) -> None:
    page = login().get("/findings/").content.decode()
    assert "Готов к выдаче" in page
    assert reverse("deal", args=[office.deal.pk]) in page


def test_findings_in_shadow_are_for_administrators_only(office: Office) -> None:
    """And asked for: what the desk and the menu count holds none."""
    assert office.shadow in login(Role.ADMIN).get("/findings/?mode=shadow").context["page"]
    admin = login(Role.ADMIN).get("/findings/")
    assert office.shadow not in admin.context["page"]
    (badge,) = {item["badge"] for section in admin.context["nav"] for item in section["items"]} - {""}
    assert badge == admin.context["count"] == 2
    for query in ("", "?mode=shadow"):
        assert office.shadow not in login(Role.DIRECTOR).get(f"/findings/{query}").context["page"]


def test_a_manager_sees_own_findings_only(office: Office) -> None:
    client = login(Role.MANAGER, office.anna)
    assert list(client.get("/findings/").context["page"]) == [office.open]
    assert client.get(f"/findings/?manager={office.roman.pk}").status_code == 422
    assert client.get(f"/findings/deal/{office.other.pk}/").status_code == 404
    assert client.get(f"/findings/deal/{office.deal.pk}/").status_code == 200


@pytest.mark.parametrize("role", [Role.HEAD, Role.CONTROLLER, Role.FINANCE, Role.DIRECTOR, Role.ADMIN])
def test_every_role_opens_the_list(office: Office, role: str) -> None:
    assert login(role).get("/findings/").status_code == 200


def test_a_controller_sees_no_money(office: Office) -> None:
    assert "Стоит" not in login(Role.CONTROLLER).get("/findings/").content.decode()


def test_a_deal_that_does_not_exist_is_not_found() -> None:
    assert login().get("/findings/deal/999/").status_code == 404


def test_the_block_tells_what_is_broken_what_will_be_and_what_was(office: Office) -> None:
    part = login().get(f"/findings/deal/{office.deal.pk}/", headers=HTMX)
    assert part.context["opened"] == [office.open]
    assert part.context["upcoming"] == [office.upcoming]
    assert part.context["past"] == [office.fixed]
    assert "<html" not in part.content.decode()
    assert "<html" in login().get(f"/findings/deal/{office.deal.pk}/").content.decode()


def test_demands_of_the_regulation_are_met_or_not(office: Office) -> None:
    CustomField.objects.create(id=5, name="Модель авто", type="text")
    CustomField.objects.create(id=6, name="Пробег", type="numeric")
    CustomField.objects.create(id=7, name="Осмотр", type="checkbox")
    factory.make_regulation(
        office.stage,
        max_stay=timedelta(days=5),
        needs_task=True,
        required_fields=[5, "6", "price", 999, 7],
        goal="Отдать товар",
    )
    office.deal.fields = {"5": "Audi A8", "6": "", "7": False}
    office.deal.save()
    demands = login().get(f"/findings/deal/{office.deal.pk}/").context["demands"]
    assert [demand.met for demand in demands] == [False, False, True, True, False, True, False]
    assert demands[0].until == office.open.opens_at
    assert demands[1].until == office.upcoming.opens_at
    assert "Модель авто" in demands[3].text


def test_an_older_version_and_a_draft_demand_nothing(office: Office) -> None:
    factory.make_regulation(office.stage, version=1, needs_task=True)
    older = NOW - 40 * DAY  # handed over from another stage with a number of its own
    factory.make_regulation(office.stage, version=9, needs_task=True, published_at=older)
    newest = factory.make_regulation(office.stage, version=2)
    factory.make_regulation(office.stage, version=3, published_at=None, needs_task=True)
    context = login().get(f"/findings/deal/{office.deal.pk}/").context
    assert context["regulation"] == newest
    assert len(context["demands"]) == 1


def test_the_number_of_queries_does_not_follow_the_number_of_findings(
    office: Office, django_assert_max_num_queries: object
) -> None:
    for number in range(60):
        factory.make_finding(factory.make_deal(office.stage, office.anna, name=f"Сделка {number}"))
    client = login()
    with django_assert_max_num_queries(12):
        page = client.get("/findings/")
    assert len(page.context["page"]) == 50
    with django_assert_max_num_queries(8):
        client.get(f"/findings/deal/{office.deal.pk}/", headers=HTMX)


def test_a_count_of_findings_leads_to_as_many_rows(office: Office) -> None:
    """A rule in shadow is counted apart, for administrators alone: the list leaves shadow out unless asked."""
    RuleMode.objects.update_or_create(rule="field.missing", defaults={"mode": "shadow", "since": NOW})
    admin = login(Role.ADMIN)
    page = admin.get("/rules/")
    links = re.findall(r'href="(/findings/\?rule=[^"]+)"', page.content.decode())
    numbers = {row["code"]: row["findings"] for row in page.context["rows"]}
    assert (numbers["deal.stuck"], numbers["field.missing"]) == (2, 1)
    assert [admin.get(unescape(link)).context["count"] for link in links] == list(numbers.values())
    stages = [row for _pipeline, rows in admin.get("/regulations/").context["pipelines"] for row in rows]
    found = admin.get(f"/findings/?stage={office.stage.pk}").context["count"]
    assert [row["findings"] for row in stages if row["stage"] == office.stage] == [found] == [2]


def test_the_first_of_a_month_is_told_and_listed_as_what_only_warns(office: Office) -> None:
    """On the list, on the deal, in the panel and in the API; one case of the rule stays to be paid for."""
    Finding.objects.filter(rule="task.none").update(mode="money")
    second = factory.make_finding(
        office.other,
        "task.none",
        mode="money",
        manager_id=office.anna.pk,
        since=NOW - 3 * DAY,
        opens_at=NOW - 3 * DAY,
    )
    FirstTimeGrace.objects.create(since=NOW - 20 * DAY, cases=1)
    client = login(Role.ADMIN)

    def listed(query: str) -> list[int]:
        page = client.get(f"/findings/?rule=task.none&{query}")
        assert page.status_code == 200
        return sorted(finding.pk for finding in page.context["page"].object_list)

    assert listed("state=&mode=money") == sorted([second.pk, office.upcoming.pk])
    assert listed("state=&mode=warn") == [office.fixed.pk]
    assert listed("mode=money") == listed(f"mode=money&manager={office.anna.pk}") == [second.pk]
    assert listed("held_since=2026-11-01&held_until=2026-11-30&mode=money&state=") == [second.pk]
    assert listed("mode=shadow&state=") == []
    page = client.get("/findings/?rule=task.none&state=").content.decode()
    assert page.count("первый раз: без денег") == 1
    assert "первый раз: без денег" in client.get(f"/findings/deal/{office.deal.pk}/").content.decode()
    panel = client.get(reverse("review-finding", args=[office.fixed.pk])).content.decode()
    assert "до 1 дек. без денег" in unescape(panel).replace("\xa0", " ")
    told = client.get("/api/v1/findings/?rule=task.none").json()["results"]
    until = {row["id"]: row["free_until"] and datetime.fromisoformat(row["free_until"]) for row in told}
    ends = month_of(NOW, portal_zone()).end
    assert until == {office.fixed.pk: ends, second.pk: None, office.upcoming.pk: None}
