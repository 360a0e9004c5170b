"""What others build on: the fields of every list of ``/api/v1/``, its filters, its pages and its sentences."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from core import moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from kpi.models import Scheme, Statement
from pipelines.models import Deal, Person, Stage
from team.models import Role
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db

FIELDS = {
    "pipelines": "id name",
    "stages": "id name pipeline",
    "managers": "id name",
    "deals": "id name price pipeline stage manager created_at closed_at stage_since next_task_at",
    "tasks": "id deal manager due_at completed_at",
    "findings": "id rule severity deal task stage manager since opens_at closes_at because money",
    "freshness": "entity as_of rows state",
    "metrics/deals_won": "key label value n",
    "statements": "manager period status total lines",
    "regulations": "stage version max_stay",
}


@pytest.fixture(autouse=True)
def friday() -> object:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Company:
    """Two managers with a stuck and a fresh deal, a task each, and a deal that was won."""

    def __init__(self) -> None:
        self.pipeline = factory.make_pipeline()
        self.stage = factory.make_stage(self.pipeline)
        won = factory.make_stage(self.pipeline, "Успешно", Stage.Kind.WON)
        self.people = [factory.make_person("Анна"), factory.make_person("Борис")]
        self.stuck = factory.make_deal(self.stage, self.people[0], NOW - 9 * DAY, price=Decimal("12345.67"))
        self.fresh = factory.make_deal(self.stage, self.people[1], NOW - DAY)
        self.won = factory.make_deal(won, self.people[0], NOW - 2 * DAY)
        factory.make_task(self.stuck, NOW - DAY)
        factory.make_task(self.fresh, NOW + DAY)
        factory.make_finding(self.stuck)
        factory.make_finding(self.fresh, opens_at=NOW + DAY)
        factory.make_finding(self.won, closes_at=NOW - timedelta(hours=1))
        factory.make_regulation(self.stage, max_stay=timedelta(days=7))
        factory.make_cursor()
        for person in self.people:
            statement(person)


def statement(person: Person) -> None:
    scheme, _ = Scheme.objects.get_or_create(
        code="plan", version=1, defaults={"title": "План", "effective_from": NOW.date(), "document": {}}
    )
    month = NOW.date().replace(day=1)
    row = Statement.objects.create(
        manager=person, period=month, scheme=scheme, total=Decimal("70400.50"), computed_at=NOW
    )
    row.lines.create(
        position=0,
        code="correction",
        amount=Decimal("70400.50"),
        values={"kind": "correction"},
        reason="За октябрь",
    )


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def client(company: Company) -> Client:
    one = Client(headers={"Accept-Language": "en"})
    one.force_login(factory.make_employee(Role.DIRECTOR, language="en"))
    return one


def rows(client: Client, path: str) -> list[dict]:
    answer = client.get(f"/api/v1/{path}").json()
    return answer["results"] if isinstance(answer, dict) else answer


@pytest.mark.parametrize("path", FIELDS)
def test_a_list_has_the_fields_that_stay(client: Client, path: str) -> None:
    found = rows(client, f"{path}/")
    assert found and set(FIELDS[path].split()) <= set(found[0])


def test_money_is_exact_and_moments_carry_their_offset(client: Client, company: Company) -> None:
    text = client.get(f"/api/v1/deals/{company.stuck.pk}/").content.decode()
    assert '"price":12345.67' in text
    one = client.get(f"/api/v1/deals/{company.stuck.pk}/").json()
    assert one["stage_since"].endswith(("Z", "+03:00")) and one["next_task_at"] is not None
    lines = rows(client, "statements/")[0]["lines"]
    assert set(lines[0]) >= {"code", "title", "amount", "because"}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("deals/?open=1", {"stuck", "fresh"}), ("deals/?open=0", {"won"}), ("deals/?manager={anna}", {"stuck", "won"}),
        ("deals/?stage={stage}", {"stuck", "fresh"}), ("deals/?pipeline={pipeline}&open=1", {"stuck", "fresh"}),
        ("deals/?stuck=1", {"stuck"}), ("tasks/?overdue=1", {"stuck"}), ("tasks/?manager={boris}", {"fresh"}),
        ("tasks/?completed=1", set()), ("findings/?state=open", {"stuck"}), ("findings/?state=upcoming", {"fresh"}),
        ("findings/?state=closed", {"won"}), ("findings/?deal={deal}", {"stuck"}), ("findings/?rule=task.none", set()),
        ("findings/?manager={boris}", {"fresh"}), ("findings/?stage={stage}", {"stuck", "fresh"}),
        ("findings/?since=2026-11-19&until=2026-11-20", {"stuck", "won"}),
    ],
)  # fmt: skip
def test_filters_choose_the_rows(client: Client, company: Company, query: str, names: set[str]) -> None:
    anna, boris = (person.pk for person in company.people)
    words = {"anna": anna, "boris": boris, "stage": company.stage.pk, "deal": company.stuck.pk}
    words["pipeline"] = company.pipeline.pk
    known = {getattr(company, name).pk: name for name in ("stuck", "fresh", "won")}
    found = rows(client, query.format(**words))
    assert {known[row["id"] if query.startswith("deals") else row["deal"]] for row in found} == names


def test_a_norm_is_tried_on_history_with_its_findings_and_its_money(company: Company) -> None:
    admin = Client(headers={"Accept-Language": "en"})
    admin.force_login(factory.make_employee(Role.ADMIN, language="en"))
    address = f"/api/v1/regulations/{company.stage.pk}/backtest/"
    tried = admin.post(address, {"max_stay": 5 * 86_400}, content_type="application/json").json()
    assert set(tried) == {"norms", "findings", "money_shift"} and tried["norms"]["stage"] == company.stage.pk
    (found,) = tried["findings"]
    assert (found["rule"], found["manager"], found["now"]) == ("deal.stuck", company.people[0].pk, 1)
    refused = admin.post(address, {"max_stay": "soon"}, content_type="application/json")
    assert refused.status_code == 400 and refused.json()["detail"]
    refused = admin.post(address, b"[" * 5_000, content_type="application/json")
    assert refused.status_code == 400 and refused.json()["detail"], (
        "the decoder breaks down on so many brackets"
    )
    director = signed_in(factory.make_employee(Role.DIRECTOR))
    assert director.post(address, {}, content_type="application/json").status_code == 403


def test_a_switch_of_a_rule_is_tried_on_history(company: Company) -> None:
    admin = Client(headers={"Accept-Language": "en"})
    admin.force_login(factory.make_employee(Role.ADMIN, language="en"))
    address = "/api/v1/rules/deal.stuck/backtest/"
    asked = {"mode": "warn", "weight": 3, "months": 2}
    tried = admin.post(address, asked, content_type="application/json").json()
    assert (tried["rule"], tried["mode"], tried["weight"]) == ("deal.stuck", "warn", 3)
    assert set(tried) >= {
        "findings",
        "quality",
        "money_shift",
        "doubts",
        "doubted",
        "deals",
        "among",
        "period",
    }
    assert sum(row["found"] for row in tried["findings"]) and not any(
        row["after"] for row in tried["findings"]
    )
    for nonsense in (
        {},
        {"mode": "loud", "weight": 1},
        {"mode": "warn", "weight": 101},
        asked | {"months": 13},
    ):
        assert admin.post(address, nonsense, content_type="application/json").status_code == 400
    assert (
        admin.post("/api/v1/rules/no.such/backtest/", asked, content_type="application/json").status_code
        == 404
    )
    director = signed_in(factory.make_employee(Role.DIRECTOR))
    assert director.post(address, asked, content_type="application/json").status_code == 403


def test_lists_come_in_pages_that_do_not_overlap(client: Client) -> None:
    pages = [client.get("/api/v1/deals/", {"page_size": 2, "page": page}).json() for page in (1, 2)]
    ids = [row["id"] for page in pages for row in page["results"]]
    assert pages[0]["count"] == 3 and len(ids) == len(set(ids)) == 3 and pages[1]["next"] is None


@pytest.mark.parametrize(
    "path", ["deals/", "tasks/", "findings/", "statements/", "metrics/deals_won/?by=manager"]
)
def test_the_number_of_queries_does_not_follow_the_number_of_rows(
    client: Client, company: Company, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        person = factory.make_person(f"Новый {number}")
        deal = factory.make_deal(company.stage, person)
        factory.make_task(deal)
        factory.make_finding(deal)
        statement(person)
    client.get(f"/api/v1/{path}")
    with django_assert_max_num_queries(9):
        assert client.get(f"/api/v1/{path}").status_code == 200


def test_what_is_wrong_is_said_in_the_readers_language(company: Company) -> None:
    reader = Client(headers={"Accept-Language": "ru"})
    reader.force_login(factory.make_employee(Role.DIRECTOR))
    for path in (
        "metrics/nonsense/",
        "funnel/?pipeline=0",
        "statements/?period=x",
        "metrics/quality/?from=x",
    ):
        said = reader.get(f"/api/v1/{path}").json()["detail"]
        assert any("а" <= letter <= "я" for letter in str(said)), said


def test_a_token_opens_what_its_owner_may_see(company: Company) -> None:
    from access.tokens import make_token

    owner = factory.make_employee(Role.MANAGER, company.people[0])
    headers = {"Authorization": f"Token {make_token(owner, 'test', may_write=True)[1]}"}
    found = Client(headers=headers).get("/api/v1/deals/").json()["results"]
    assert {row["manager"] for row in found} == {company.people[0].pk}


def test_the_history_of_a_deal_is_its_pieces(client: Client, company: Company) -> None:
    [piece] = client.get(f"/api/v1/deals/{company.stuck.pk}/history/").json()
    assert piece == {
        "stage": company.stage.pk,
        "manager": company.people[0].pk,
        "since": "2026-11-11T15:00:00+03:00",
        "until": None,
        "inferred": False,
    }


def test_deals_tell_the_fields_that_are_asked_for(client: Client, company: Company) -> None:
    Deal.objects.filter(pk=company.stuck.pk).update(fields={"501": "Авито", "502": "7"})
    rows = client.get("/api/v1/deals/", {"fields": "501,503"}).json()["results"]
    assert {row["id"]: row["fields"] for row in rows}[company.stuck.pk] == {"501": "Авито", "503": None}
    assert client.get(f"/api/v1/deals/{company.stuck.pk}/", {"fields": "502"}).json()["fields"] == {
        "502": "7"
    }
    assert "fields" not in client.get(f"/api/v1/deals/{company.stuck.pk}/").json()


@pytest.mark.parametrize("asked", ["price", "501;502", "9" * 30, ",".join(map(str, range(60)))])
def test_strange_fields_are_refused(client: Client, company: Company, asked: str) -> None:
    answer = client.get("/api/v1/deals/", {"fields": asked})
    assert answer.status_code == 400, answer.content


def test_the_schema_says_what_every_filter_takes(tmp_path: Path) -> None:
    at = tmp_path / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", file=str(at))
    schema = json.loads(at.read_text())
    deals = {one["name"]: one["schema"] for one in schema["paths"]["/api/v1/deals/"]["get"]["parameters"]}
    assert deals["stuck"] == {"type": "boolean"} and deals["result"]["enum"] == ["lost", "won"]
    assert deals["since"]["oneOf"][1]["format"] == "date-time"
    assert deals["closed_by"]["oneOf"] == deals["manager"]["oneOf"] != deals["stage"].get("oneOf")
    assert schema["components"]["schemas"]["ClockEnum"]["enum"] == ["calendar", "owner", "client"]
