"""The weekly report as chats get it, over HTTP: a text, a picture, buttons that take decisions; to whom it is due."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from core import moment
from core.zone import portal_zone
from devtools.tests.factory import NOW
from notices import noting
from notices.editing import edit_next
from notices.listening import handle_waiting, hear
from notices.models import Address, Decision, Delivery, Policy, Subscription
from notices.reports.document import read_document, write_document
from notices.reports.issuing import issue_report
from notices.reports.spans import parse_span
from notices.sending import send_next
from notices.telegram.client import Bot
from notices.tests.test_reports import Firm, firm  # noqa: F401 - a fixture
from sandbox.telegram.server import Handle
from team.models import Employee

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("telegram_is_set_up")]
SPAN = "2026-W47"
PNG = b"\x89PNG"


def link(telegram: Handle, chat: int, employee: Employee | None = None, thread: int | None = None) -> Address:
    kind = "private" if employee else "group"
    return Address.objects.create(
        channel="telegram", chat=kind, value=str(chat), thread=thread, employee=employee, linked_at=NOW,
        confirmed_at=NOW,
    )  # fmt: skip


@pytest.fixture
def told(firm: Firm, telegram: Handle) -> Firm:
    """A director, a head and a manager in chats of their own; a chat of the company, and a topic of the department."""
    Policy.objects.create(started_at=NOW.replace(day=1), channels=["telegram"])
    people = {501: firm.director, 502: firm.head, 503: firm.people[0].employee}
    for chat, employee in people.items():
        telegram.world.person(chat, str(employee), started=True)
        link(telegram, chat, employee)
    telegram.world.group(-601, "Компания")
    telegram.world.group(-602, "Отдел", topics={8: "Отчёты"})
    Subscription.objects.create(address=link(telegram, -601), kind="report.company")
    Subscription.objects.create(address=link(telegram, -602, thread=8), kind="report.team", head=firm.head)
    return firm


def send_all(bot: Bot) -> None:
    for _ in range(2):
        noting.note_facts(NOW)
        noting.climb_steps(NOW)
    reports = Delivery.objects.filter(notice__kind__startswith="report")
    Delivery.objects.exclude(pk__in=reports).delete()
    reports.filter(state="queued").update(due_at=NOW)
    while send_next(bot, NOW):
        pass


def said(telegram: Handle, chat: int) -> list[Any]:
    return [one for one in telegram.world.chats[chat].messages.values() if one.sender == "bot"]


def listen(bot: Bot) -> None:
    hear(bot, NOW, 0)
    handle_waiting(bot, NOW)
    now = NOW
    while edit_next(bot, now := now + timedelta(seconds=2)):
        pass


def test_to_whom_it_comes_with_a_picture_and_that_it_fits(told: Firm, telegram: Handle, bot: Bot) -> None:
    span = parse_span(SPAN, portal_zone())
    company = issue_report(span, NOW, tell=True)
    team = issue_report(span, NOW, told.head, tell=True)
    send_all(bot)
    for chat, number in ((501, company), (-601, company), (502, team), (-602, team)):
        text, picture = said(telegram, chat)
        assert f"/reports/{number.number}/" in text.buttons[-1][0]["url"]
        [(_name, _kind, body)] = picture.files
        assert body.startswith(PNG) and len(picture.text) <= 1024 and len(text.text) <= 4096
        assert text.thread == picture.thread == (8 if chat == -602 else None)
    assert not said(telegram, 503)


def test_a_decision_is_taken_from_the_chat_and_given_back(told: Firm, telegram: Handle, bot: Bot) -> None:
    report = issue_report(parse_span(SPAN, portal_zone()), NOW, tell=True)
    send_all(bot)
    text, _picture = said(telegram, 501)
    data = text.buttons[0][0]["callback_data"]
    for _ in range(2):
        query = telegram.world.presses_button(501, 501, text.id, data)
        listen(bot)
    first = report.decisions.get(place=1)
    assert (first.state, first.taken_by) == ("taken", told.director)
    assert Decision.objects.filter(report=report, state="taken").count() == 1
    assert telegram.world.presses[query]["answer"]
    text = telegram.world.chats[501].messages[text.id]
    assert text.edited and "✅" in text.text and data not in str(text.buttons)
    asked = [one for one in said(telegram, 501) if "Решение принято" in one.text][0]
    back = [one["callback_data"] for row in asked.buttons for one in row if "callback_data" in one]
    telegram.world.presses_button(501, 501, asked.id, back[0])
    listen(bot)
    assert report.decisions.get(place=1).state == "proposed"
    # Whoever does not direct may see the button in a group, and presses it in vain.
    group, _picture = said(telegram, -601)
    query = telegram.world.presses_button(503, -601, group.id, group.buttons[0][0]["callback_data"])
    listen(bot)
    assert "не для вас" in str(telegram.world.presses[query]["answer"])
    assert report.decisions.get(place=1).state == "proposed"


def test_the_longest_names_fit_too(told: Firm, telegram: Handle, bot: Bot) -> None:
    """The stand-in refuses what Telegram refuses: 4096 signs of a text, 1024 below a picture."""
    report = issue_report(parse_span(SPAN, portal_zone()), NOW, tell=True)
    document = read_document(bytes(report.body))
    long = "Я" * 300
    worst = replace(
        document,
        company=long,
        head=long,
        people=dict.fromkeys(document.people, long),
        stage_names=dict.fromkeys(document.stage_names, long),
        past=[replace(one, title=long, owner=long) for one in document.past] * 9,
        praise=[replace(one, name=long) for one in document.praise] * 9,
        persons=[replace(one, name=long) for one in document.persons],
        stages=[replace(one, name=long) for one in document.stages],
    )
    type(report).objects.filter(pk=report.pk).update(body=write_document(worst))
    send_all(bot)
    text, picture = said(telegram, 501)
    assert len(text.text) <= 4096 and 0 < len(picture.text) <= 1024 and moment.now() == NOW
