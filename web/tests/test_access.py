"""Every address of the portal, as a stranger and as each role: closed by default, and nobody sees another's rows.

The table of answers is `access_matrix.txt`; an address of the URLconf that is not in it fails here.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from team.models import Role
from web.tests.access_company import LINES, STRANGER, Company
from web.tests.access_company import company as company
from web.tests.clients import signed_in

OF_ADMIN = re.compile(r"admin/(\w+/\w+/.+|r/)")  # Django's pages to add, change or delete a row: no line each
OPEN = ("language/", "logout/")  # a stranger's too, and they send back to where one was
OF_ADMIN_ID = re.compile(r"<[^>]+>")
PAGES = [line for line in LINES if line.method == "GET"]


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")  # joined as a match of Django does
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route


pytestmark = pytest.mark.django_db


def test_every_address_is_in_the_matrix(company: Company) -> None:
    tried = {resolve(urlsplit(company.fill(line.path)).path).route for line in PAGES}
    missing = {route for route in routes() if not OF_ADMIN.match(route)} - tried
    assert sorted(missing) == []


def test_every_page_of_a_row_in_the_admin_is_behind_its_login(company: Company) -> None:
    """What an administrator may do there is in `test_admin.py`."""
    pages = [OF_ADMIN_ID.sub("1", route) for route in routes() if OF_ADMIN.match(route)]
    assert len(pages) > 100
    for page in pages:
        answer = company.ask(Role.DIRECTOR, "GET", page)
        assert answer.headers["Location"].startswith("/admin/login/"), page


def test_no_line_stands_twice() -> None:
    assert len({str(line) for line in LINES}) == len(LINES)


@pytest.mark.parametrize("reader", [STRANGER, *Role.values])
def test_everybody_is_answered_as_the_matrix_says(reader: str, company: Company) -> None:
    wrong = []
    for line in LINES:
        response = company.ask(reader, line.method, line.path)
        if response.status_code != line.expected[reader]:
            wrong.append(f"{line}: {response.status_code} instead of {line.expected[reader]}")
        elif reader == STRANGER and response.status_code == 302:
            sent_to = response.headers["Location"]
            assert sent_to.startswith(("/login/", "/admin/login/")) or line.path in OPEN, line
    assert wrong == []


def test_an_address_takes_no_post_but_where_the_matrix_has_a_line_for_it(company: Company) -> None:
    posted = {line.path for line in LINES if line.method == "POST"}
    for line in PAGES:
        if line.path not in posted and not line.path.startswith("admin/"):
            answer = company.ask(Role.ADMIN, "POST", line.path)
            assert answer.status_code in {403, 405}, line


@pytest.mark.parametrize("role", [Role.MANAGER, Role.HEAD])
def test_a_manager_never_meets_anothers_name_money_or_deal(role: str, company: Company) -> None:
    """A head stands where a manager stands with whom he does not lead: peers appear on no page."""
    for line in PAGES:
        text = company.ask(role, line.method, line.path).content.decode(errors="replace").replace("\xa0", " ")
        for secret in ("Борис Чужой", company.deals[1].name):
            assert secret not in text, line
        # As a number of its own: ages and shares have fifteen digits, and by chance these five among them.
        assert not re.search(r"(?<![\d.,])11 ?111(?!\d)", text), line


def test_a_manager_reads_only_own_rows_over_the_api(company: Company) -> None:
    client = signed_in(company.users[Role.MANAGER])
    own = company.people[0].pk
    for path in ("deals", "tasks", "findings"):
        rows = client.get(f"/api/v1/{path}/").json()["results"]
        assert {row["manager"] for row in rows} == {own}, path
    assert [row["id"] for row in client.get("/api/v1/managers/").json()["results"]] == [own]
    assert [row["manager"] for row in client.get("/api/v1/statements/").json()] == [own]
    assert client.get("/api/v1/statements/", {"manager": company.people[1].pk}).json() == []


def test_a_director_reads_everybodys_rows_over_the_api(company: Company) -> None:
    client = signed_in(company.users[Role.DIRECTOR])
    for path in ("deals", "tasks", "findings"):
        assert {row["manager"] for row in client.get(f"/api/v1/{path}/").json()["results"]} == {
            person.pk for person in company.people
        }, path


def test_a_controller_sees_no_money(company: Company) -> None:
    client = signed_in(company.users[Role.CONTROLLER])
    assert client.get("/api/v1/statements/").json() == []
    assert {row["money"] for row in client.get("/api/v1/findings/").json()["results"]} == {None}


NONSENSE = ("pipeline=99999", "manager=x&group=x&head=x&period=2026-13&month=x&from=x&page=x&sort=x&day=x")


def test_no_page_breaks_down_where_it_is_asked_for_nonsense(company: Company) -> None:
    for line in PAGES:
        if not line.path.startswith("admin/"):
            for query in NONSENSE:
                path = f"{line.path}{'&' if '?' in line.path else '?'}{query}"
                assert company.ask(Role.DIRECTOR, "GET", path).status_code < 500, path


def test_a_refused_token_does_not_break_the_page_of_the_docs(company: Company) -> None:
    client = signed_in(company.users[Role.DIRECTOR])
    client.raise_request_exception = False
    for accepts in ("text/html", "application/json;" * 200):
        headers = {"Accept": accepts, "Authorization": "Token"}
        assert client.get("/api/v1/docs/", headers=headers).status_code < 500


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "DELETE"])
def test_other_methods_are_answered_or_refused(method: str, company: Company) -> None:
    client = signed_in(company.users[Role.DIRECTOR])
    client.raise_request_exception = False
    for line in PAGES:
        answer = client.generic(method, company.fill(line.path))
        assert answer.status_code < 500, line


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
    assert signed_in(company.users[Role.DIRECTOR]).get(path).status_code == 404


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
    response = signed_in(company.users[Role.DIRECTOR]).get(path)
    assert response.status_code == 400
    assert says in response.content.decode()
