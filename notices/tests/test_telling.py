"""From a finding to a message in a chat, over HTTP: who, when, and when not."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from core import moment
from notices.editing import edit_next
from notices.models import Delivery, Notice
from notices.noting import climb_steps, follow_facts, note_facts
from notices.sending import send_next
from notices.telegram.client import Bot
from notices.tests.conftest import NOW, Office

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
pytestmark = pytest.mark.django_db


def run(bot: Bot, now: datetime) -> None:
    """One round of the sender at a moment."""
    moment.fix(now.isoformat())
    note_facts(now)
    climb_steps(now)
    follow_facts(now)
    while send_next(bot, now):
        now += timedelta(seconds=1)
    while edit_next(bot, now + timedelta(seconds=2)):
        now += timedelta(seconds=2)


def test_the_manager_is_told_at_the_moment_and_his_head_when_nothing_happens(
    office: Office, bot: Bot
) -> None:
    office.overdue()
    run(bot, NOW - MINUTE)
    assert not office.said_to(office.manager)
    run(bot, NOW)
    [message] = office.said_to(office.manager)
    assert "Задача просрочена" in message.text and "Пневмостойка <BMW> & Co" in message.text
    assert not office.said_to(office.head)
    run(bot, NOW + 2 * HOUR - MINUTE)
    assert not office.said_to(office.head)
    run(bot, NOW + 2 * HOUR)
    [message] = office.said_to(office.head)
    assert "Анна Кузнецова" in message.text
    run(bot, NOW + 3 * HOUR)
    assert len(office.said_to(office.manager)) == 1 and not office.said_to(office.director)


def test_neither_is_told_when_it_was_closed_in_between(office: Office, bot: Bot) -> None:
    early, late = office.overdue(), office.overdue(NOW + MINUTE)
    run(bot, NOW - MINUTE)
    early.closes_at, late.withdrawn_at = NOW - timedelta(seconds=5), NOW
    early.save()
    late.save()
    run(bot, NOW)
    run(bot, NOW + 3 * HOUR)
    assert not office.said_to(office.manager) and not office.said_to(office.head)
    rung = Delivery.objects.filter(channel="telegram").values_list("state", "reason").distinct()
    assert [state for state, _ in rung] == ["dropped"]


def test_the_message_is_changed_when_the_fact_is_fixed(office: Office, bot: Bot) -> None:
    finding = office.overdue()
    run(bot, NOW)
    finding.closes_at = NOW + 5 * MINUTE
    finding.save()
    run(bot, NOW + 10 * MINUTE)
    [message] = office.said_to(office.manager)
    assert message.edited == 1 and "Задача выполнена" in message.text
    assert not [one for row in message.buttons for one in row if one.get("callback_data")]
    run(bot, NOW + 3 * HOUR)
    assert not office.said_to(office.head)


def test_a_flood_is_a_heap(office: Office, bot: Bot) -> None:
    for number in range(7):
        office.overdue(NOW - number * MINUTE)
    run(bot, NOW)
    [message] = office.said_to(office.manager)
    assert "7 просроченных задач" in message.text
    assert Delivery.objects.filter(channel="telegram", state="sent").count() == 7
    assert Delivery.objects.filter(channel="telegram", lead=None).count() == 1


def test_the_head_hears_of_nothing_that_the_manager_was_not_told(office: Office, bot: Bot) -> None:
    for number in range(4):
        office.overdue(NOW + number * MINUTE)
        run(bot, NOW + number * MINUTE)
    assert len(office.said_to(office.manager)) == 3
    run(bot, NOW + 2 * HOUR + 5 * MINUTE)
    assert "3 просроченные задачи" in office.said_to(office.head)[0].text
    run(bot, NOW + 4 * HOUR + 3 * MINUTE)
    assert len(office.said_to(office.manager)) == 4, "the fourth came with the heap"


def test_told_once_whoever_looks_and_how_often(office: Office, bot: Bot) -> None:
    office.overdue()
    for _ in range(3):
        run(bot, NOW)
    assert Notice.objects.filter(kind="task.overdue").count() == 1
    assert len(office.said_to(office.manager)) == 1


def test_what_was_before_the_beginning_is_not_told(office: Office, bot: Bot) -> None:
    office.overdue(NOW - 3 * timedelta(days=1))
    run(bot, NOW)
    assert not Notice.objects.exists()
    assert timezone.is_aware(NOW)
