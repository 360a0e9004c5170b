from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import moment
from devtools.tests import factory
from notices.models import Address, Policy
from notices.telegram.client import Bot
from pipelines.models import Person
from sandbox.telegram.server import TOKEN, Handle, serve_in_thread
from team.models import Employee, Role

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # a Friday, noon in Moscow


@pytest.fixture
def telegram() -> Iterator[Handle]:
    handle = serve_in_thread()
    yield handle
    handle.stop()


@pytest.fixture
def bot(telegram: Handle) -> Iterator[Bot]:
    with Bot(telegram.url, TOKEN, read=1.0, apart=0) as bot:
        yield bot


@pytest.fixture
def telegram_is_set_up(telegram: Handle, settings: Any) -> None:
    settings.TELEGRAM_API_URL, settings.TELEGRAM_BOT_TOKEN = telegram.url, TOKEN


@pytest.fixture
def at_noon() -> Iterator[None]:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Office:
    """A manager with a deal, his head and a director, all linked to Telegram; nobody has a rota: all hours count."""

    def __init__(self, telegram: Handle) -> None:
        self.telegram = telegram
        Policy.objects.create(started_at=NOW - timedelta(days=2), channels=["telegram", "email"])
        self.person: Person = factory.make_person("Анна Кузнецова")
        self.director = self.employee(Role.DIRECTOR, "Зоя")
        self.admin = self.employee(Role.ADMIN, "Артём")
        self.head = self.employee(Role.HEAD, "Сергей")
        self.manager = self.employee(Role.MANAGER, "Анна", self.person, head=self.head)
        self.stage = factory.make_stage(factory.make_pipeline())
        self.deal = factory.make_deal(self.stage, self.person, name="Пневмостойка <BMW> & Co")

    def employee(self, role: str, name: str, person: Person | None = None, **values: Any) -> Employee:
        one = factory.make_employee(role, person, first_name=name, **values)
        chat = 7000 + one.pk
        self.telegram.world.person(chat, name, started=True)
        Address.objects.create(
            channel="telegram",
            value=str(chat),
            employee=one,
            title=name,
            linked_at=NOW - timedelta(days=9),
            confirmed_at=NOW - timedelta(days=9),
        )
        return one

    def overdue(self, opens_at: datetime = NOW, **values: Any) -> Any:
        task = factory.make_task(self.deal, due_at=opens_at)
        return factory.make_finding(
            self.deal,
            "task.overdue",
            task=task,
            since=opens_at,
            opens_at=opens_at,
            **{"values": {"due": opens_at.isoformat()}, **values},
        )

    def said_to(self, one: Employee) -> list[Any]:
        return [
            message
            for message in self.telegram.world.chats[7000 + one.pk].messages.values()
            if message.sender == "bot"
        ]


@pytest.fixture
def office(telegram: Handle, telegram_is_set_up: None, at_noon: None, db: None) -> Office:
    return Office(telegram)
