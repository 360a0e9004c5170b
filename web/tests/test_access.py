"""Every address of the portal, as a stranger and as each role: closed by default, and nobody sees another's rows.

The table of answers is `access_matrix.txt`; an address of the URLconf that is not in it fails here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from core import moment
from core.zone import local_day, portal_zone
from devtools.tests import factory
from kpi.models import Statement
from kpi.pay_schemes import load_scheme
from notices.models import Address, Alert, Decision, Delivery, Notice
from notices.reports.issuing import issue_report
from notices.reports.spans import parse_span
from notices.silences import begin_silence
from qc.manual_reviews import draw_sample
from qc.models import Appeal
from team.models import Employee, Role

MATRIX = Path(__file__).with_name("access_matrix.txt")
STRANGER = "stranger"
OF_ADMIN = re.compile(r"admin/(\w+/\w+/.+|r/)")  # Django's pages to add, change or delete a row: no line each
OPEN = ("language/", "logout/")  # a stranger's too, and they send back to where one was
OF_ADMIN_ID = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class Line:
    """What each reader is answered; ``path`` has the company's ids in braces."""

    method: str
    path: str
    expected: dict[str, int]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def matrix() -> list[Line]:
    rows = [
        line.split()
        for line in MATRIX.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    (_method, _path, *readers), *lines = rows
    assert set(readers) == {STRANGER, *Role.values}
    return [
        Line(method, path, dict(zip(readers, map(int, answers), strict=True)))
        for method, path, *answers in lines
    ]


LINES = matrix()
PAGES = [line for line in LINES if line.method == "GET"]


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")  # joined as a match of Django does
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route


def session_of(user: Employee) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def make_told(employee: Employee) -> Delivery:
    """Something that was said to somebody in his chat."""
    now = moment.now()
    notice = Notice.objects.create(kind="task.overdue", key=f"test:{employee.pk}", at=now, noted_at=now)
    address = Address.objects.create(
        channel="telegram", value=str(employee.pk), employee=employee, linked_at=now, confirmed_at=now
    )
    return Delivery.objects.create(
        notice=notice,
        recipient=f"e:{employee.pk}",
        employee=employee,
        address=address,
        channel="telegram",
        state=Delivery.State.SENT,
        due_at=now,
        created_at=now,
    )


def make_decided(employee: Employee) -> Decision:
    """Something that somebody has to carry out."""
    now = moment.now()
    return Decision.objects.create(
        key=f"test:{employee.pk}",
        kind="list",
        title="Прозвонить",
        state=Decision.State.TAKEN,
        owner=employee,
        due_on=local_day(now),
        as_of=now,
        taken_at=now,
        n=0,
        money=0,
    )


class Company:
    """Two managers with a deal, a task, a finding and a statement each; a head has the first one as a report."""

    def __init__(self) -> None:
        pipeline = factory.make_pipeline()
        self.stage = factory.make_stage(pipeline)
        self.pipeline = pipeline
        self.people = [factory.make_person("Анна Кузнецова"), factory.make_person("Борис Чужой")]
        self.deals = [factory.make_deal(self.stage, person) for person in self.people]
        self.tasks = [factory.make_task(deal) for deal in self.deals]
        self.findings = [factory.make_finding(deal) for deal in self.deals]
        title = {"ru": "Проба", "en": "Test"}
        salary = {"kind": "salary", "code": "salary", "title": title, "amount": "1"}
        document = {"code": "test", "title": title, "effective_from": "2026-01-01", "components": [salary]}
        scheme, _new = load_scheme(document)
        self.statements = [
            Statement.objects.create(
                manager=person,
                period=local_day(moment.now()).replace(day=1),
                total=total,
                scheme=scheme,
                computed_at=moment.now(),
                status=Statement.Status.CLOSED,
            )
            for person, total in zip(self.people, (70_000, 11_111), strict=True)
        ]
        self.users: dict[str, Employee] = {
            role: factory.make_employee(role)
            for role in Role.values
            if role not in {Role.MANAGER, Role.ADMIN}
        }
        self.users[Role.ADMIN] = factory.make_employee(Role.ADMIN, is_staff=True, is_superuser=True)
        self.users[Role.MANAGER] = factory.make_employee(
            Role.MANAGER, self.people[0], head=self.users[Role.HEAD]
        )

        others = factory.make_employee(Role.MANAGER, self.people[1])
        self.told = [make_told(one) for one in (self.users[Role.MANAGER], others)]
        self.decisions = [make_decided(one) for one in (self.users[Role.MANAGER], others)]
        span = parse_span("2026-W40", portal_zone())
        self.reports = [issue_report(span, moment.now(), head) for head in (None, self.users[Role.HEAD])]
        today = local_day(moment.now())
        week = today - timedelta(days=today.weekday() + 7)
        figures = {
            "measure": "density",
            "top": 9,
            "base": 70.0,
            "rate": 12.9,
            "usual": 4.0,
            "z": 5.0,
            "weeks": 13,
        }
        self.alerts = [
            Alert.objects.create(
                week=week, about=f"density:person:{one.pk}", person=one, found_at=moment.now(), **figures
            )
            for one in self.people
        ]
        # Each of the managers has objected to a second finding of his; the second one is nobody's here.
        authors = [self.users[Role.MANAGER], others]
        self.appeals = [
            Appeal.objects.create(
                finding=factory.make_finding(deal, "task.none"),
                author=author,
                reason=Appeal.Reason.CLIENT,
                filed_at=moment.now(),
                due_at=moment.now(),
            )
            for deal, author in zip(self.deals, authors, strict=True)
        ]
        now = moment.now()
        self.silence = begin_silence(
            "rule:task.none", local_day(now) + 2 * factory.DAY, "Переезд", self.users[Role.DIRECTOR], now
        )
        self.sample = draw_sample(now - 30 * factory.DAY, now, 1, 0, 1, self.users[Role.DIRECTOR])
        self.sessions = {role: session_of(user) for role, user in self.users.items()}

    def fill(self, path: str) -> str:
        """The address with ids put in."""
        return "/" + path.format(**self.ids).removeprefix("/")

    @cached_property
    def ids(self) -> dict[str, object]:
        """Those of the first manager, and ``others_…`` of the second."""
        ids: dict[str, object] = {"report": self.reports[0].number, "own_report": self.reports[1].number}
        ids |= {"stage": self.stage.pk, "pipeline": self.pipeline.pk, "employee": self.users[Role.MANAGER].pk}
        ids |= {
            "silence": self.silence.pk,
            "sample": self.sample.pk,
            "sampled": self.sample.deals.all()[0].pk,
        }
        for prefix, number in (("", 0), ("others_", 1)):
            ids |= {
                f"{prefix}person": self.people[number].pk,
                f"{prefix}deal": self.deals[number].pk,
                f"{prefix}task": self.tasks[number].pk,
                f"{prefix}finding": self.findings[number].pk,
                f"{prefix}appeal": self.appeals[number].pk,
                f"{prefix}statement": self.statements[number].pk,
                f"{prefix}delivery": self.told[number].pk,
                f"{prefix}alert": self.alerts[number].pk,
                f"{prefix}decision": self.decisions[number].pk,
                f"{prefix}address": self.told[number].address_id,
            }
        return ids

    @cache  # noqa: B019 - one company a module
    def ask(self, reader: str, method: str, path: str) -> HttpResponse:
        """The answer; whatever it changed is undone."""
        client = Client(raise_request_exception=False)
        if reader != STRANGER:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[reader]
        with transaction.atomic():
            response = {"GET": client.get, "POST": client.post}[method](self.fill(path))
            transaction.set_rollback(True)
        return response


@pytest.fixture(scope="module")
def company(rows_of_module: None) -> Company:
    return Company()


def signed_in(role: str, company: Company) -> Client:
    client = Client()
    client.force_login(company.users[role])
    return client


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
    client = signed_in(Role.MANAGER, company)
    own = company.people[0].pk
    for path in ("deals", "tasks", "findings"):
        rows = client.get(f"/api/v1/{path}/").json()["results"]
        assert {row["manager"] for row in rows} == {own}, path
    assert [row["id"] for row in client.get("/api/v1/managers/").json()["results"]] == [own]
    assert [row["manager"] for row in client.get("/api/v1/statements/").json()] == [own]
    assert client.get("/api/v1/statements/", {"manager": company.people[1].pk}).json() == []


def test_a_director_reads_everybodys_rows_over_the_api(company: Company) -> None:
    client = signed_in(Role.DIRECTOR, company)
    for path in ("deals", "tasks", "findings"):
        assert {row["manager"] for row in client.get(f"/api/v1/{path}/").json()["results"]} == {
            person.pk for person in company.people
        }, path


def test_a_controller_sees_no_money(company: Company) -> None:
    client = signed_in(Role.CONTROLLER, company)
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
    client = signed_in(Role.DIRECTOR, company)
    client.raise_request_exception = False
    for accepts in ("text/html", "application/json;" * 200):
        headers = {"Accept": accepts, "Authorization": "Token"}
        assert client.get("/api/v1/docs/", headers=headers).status_code < 500


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "DELETE"])
def test_other_methods_are_answered_or_refused(method: str, company: Company) -> None:
    client = signed_in(Role.DIRECTOR, company)
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
