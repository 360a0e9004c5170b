"""Every address of the portal, as a stranger and as each role: closed by default, and nobody sees another's rows."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from core import moment
from devtools.tests import factory
from kpi.models import Scheme, Statement
from team.models import Role

OPEN_TO_STRANGERS = {"login", "logout", "set_language", "healthz", "readyz", "hook", "connect-off"}
NOT_OURS = ("admin/", "static/")


def addresses(resolver: URLResolver | None = None, prefix: str = "") -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern).lstrip("^").rstrip("$")
        if route.startswith(NOT_OURS):
            continue
        if isinstance(pattern, URLResolver):
            found += addresses(pattern, route)
        elif isinstance(pattern, URLPattern):
            found.append((route, pattern.name))
    return found


class Company:
    """Two managers with a deal, a task, a finding and a statement each."""

    def __init__(self) -> None:
        pipeline = factory.make_pipeline()
        self.stage = factory.make_stage(pipeline)
        self.pipeline = pipeline
        self.people = [factory.make_person("Анна Кузнецова"), factory.make_person("Борис Чужой")]
        self.deals = [factory.make_deal(self.stage, person) for person in self.people]
        self.tasks = [factory.make_task(deal) for deal in self.deals]
        self.findings = [factory.make_finding(deal) for deal in self.deals]
        scheme = Scheme.objects.create(
            code="test", version=1, title="Test", document={}, effective_from="2026-01-01"
        )
        for person, total in zip(self.people, (70_000, 11_111), strict=True):
            Statement.objects.create(
                manager=person,
                period=moment.now().date().replace(day=1),
                total=total,
                scheme=scheme,
                computed_at=moment.now(),
                status=Statement.Status.CLOSED,
            )

    def fill(self, route: str, of: int = 0) -> str:
        """The address of a route with the ids of one of the two managers put in."""
        values = {
            "<int:pk>": str(self.deals[of].pk),
            "(?P<pk>[^/.]+)": str(self.deals[of].pk),
            "(?P<pk>[0-9]+:[0-9]+)": self.stage.pk,
            "<str:stage>": self.stage.pk,
            "<slug:code>": "deals_won",
            "<str:secret>": "guess",
            "<slug:block>": "stuck",
        }
        for placeholder, value in values.items():
            route = route.replace(placeholder, value)
        assert "<" not in route, f"the test does not know how to fill {route}"
        return "/" + route


@pytest.fixture
def company(db: None) -> Company:
    return Company()


def signed_in(role: str, company: Company) -> Client:
    person = company.people[0] if role in {Role.MANAGER, Role.HEAD} else None
    client = Client()
    client.force_login(factory.make_employee(role, person))
    return client


@pytest.mark.parametrize("route, name", addresses())
def test_a_stranger_sees_the_login_page_or_nothing(route: str, name: str | None, company: Company) -> None:
    response = Client().get(company.fill(route))
    if name in OPEN_TO_STRANGERS:
        assert response.status_code in {200, 302, 404, 405, 503}
    elif route.startswith(("api/", "metrics")):
        assert response.status_code == 401
    else:
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/login/")


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("route, name", addresses())
def test_no_address_breaks_for_any_role(route: str, name: str | None, role: str, company: Company) -> None:
    response = signed_in(role, company).get(company.fill(route))
    assert response.status_code in {200, 204, 302, 400, 403, 404, 405}, response.content[:300]


@pytest.mark.parametrize("role", [Role.MANAGER, Role.HEAD])
@pytest.mark.parametrize("route, name", addresses())
def test_a_manager_never_meets_anothers_name_money_or_deal(
    route: str, name: str | None, role: str, company: Company
) -> None:
    """A head without reports stands where a manager stands; peers' names, deals and money appear on no page."""
    client = signed_in(role, company)
    for of in (0, 1):
        text = client.get(company.fill(route, of)).content.decode(errors="replace")
        assert "Борис Чужой" not in text
        assert company.deals[1].name not in text
        assert "11 111" not in text.replace("\xa0", " ")
        assert "11111" not in text


def test_a_manager_reads_only_own_rows_over_the_api(company: Company) -> None:
    client = signed_in(Role.MANAGER, company)
    own = company.people[0].pk
    for path in ("deals", "tasks", "findings"):
        rows = client.get(f"/api/v1/{path}/").json()["results"]
        assert [row["manager"] for row in rows] == [own], path
    assert [row["id"] for row in client.get("/api/v1/managers/").json()["results"]] == [own]
    assert [row["manager"] for row in client.get("/api/v1/statements/").json()] == [own]
    assert client.get(f"/api/v1/deals/{company.deals[1].pk}/").status_code == 404
    assert client.get("/api/v1/statements/", {"manager": company.people[1].pk}).json() == []


def test_a_director_reads_everybodys_rows_over_the_api(company: Company) -> None:
    client = signed_in(Role.DIRECTOR, company)
    for path in ("deals", "tasks", "findings"):
        assert client.get(f"/api/v1/{path}/").json()["count"] == 2, path


def test_a_controller_sees_no_money(company: Company) -> None:
    client = signed_in(Role.CONTROLLER, company)
    assert client.get("/api/v1/statements/").json() == []
    assert {row["money"] for row in client.get("/api/v1/findings/").json()["results"]} == {None}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/metrics/nonsense/",
        "/api/v1/deals/nonsense/",
        "/api/v1/stages/nonsense/",
        "/deals/99999999999999999999/",
        "/regulations/nonsense/",
    ],
)
def test_a_nonsense_id_is_not_found(path: str, company: Company) -> None:
    assert signed_in(Role.DIRECTOR, company).get(path).status_code == 404


@pytest.mark.parametrize(
    "path, says",
    [
        ("/api/v1/metrics/deals_won/?from=nonsense", "nonsense"),
        ("/api/v1/metrics/deals_won/?from=2026-13-45", "2026-13-45"),
        ("/api/v1/metrics/deals_won/?by=nonsense", "nonsense"),
        ("/api/v1/statements/?period=2026-99", "2026-99"),
        ("/api/v1/statements/?manager=nonsense", "nonsense"),
        ("/api/v1/funnel/?pipeline=nonsense", "nonsense"),
        ("/api/v1/deals/?manager=nonsense", ""),
        ("/api/v1/findings/?since=nonsense", ""),
    ],
)
def test_nonsense_in_a_query_is_refused_with_a_sentence(path: str, says: str, company: Company) -> None:
    response = signed_in(Role.DIRECTOR, company).get(path)
    assert response.status_code == 400
    assert says in response.content.decode()
