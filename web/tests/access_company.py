"""Two managers with a row of everything, those who lead them, and the table of who is answered what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.test.client import ClientHandler

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
from web.tests.clients import signed_in

MATRIX = Path(__file__).with_name("access_matrix.txt")
STRANGER = "stranger"


@dataclass(frozen=True)
class Line:
    """What each reader is answered; ``path`` has the company's ids in braces."""

    method: str
    path: str
    expected: dict[str, int]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Answer(NamedTuple):
    """What came over the wire; all that a page was drawn from would be too much to keep of thousands."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


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


def session_of(user: Employee) -> str:
    client = signed_in(user)
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
        self.handler = ClientHandler(enforce_csrf_checks=False)  # loads the middleware once
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
    def ask(self, reader: str, method: str, path: str) -> Answer:
        """The answer; whatever it changed is undone."""
        client = Client(raise_request_exception=False)
        client.handler = self.handler
        if reader != STRANGER:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[reader]
        with transaction.atomic():
            response = {"GET": client.get, "POST": client.post}[method](self.fill(path))
            transaction.set_rollback(True)
        return Answer(response.status_code, response.headers, response.content)


@pytest.fixture(scope="module")
def company(rows_of_module: None) -> Company:
    return Company()
