"""What the bot hears, over HTTP: links, buttons, blocks; by whomever, twice, and too late."""

from datetime import timedelta
from typing import Any

import pytest

from core import moment
from notices import linking
from notices.listening import handle_waiting, hear, keep_updates, next_offset
from notices.models import Address, BotUpdate, Delivery, Notice
from notices.telegram.client import Bot
from notices.telegram.errors import Conflict
from notices.tests.conftest import NOW, Office
from notices.tests.test_telling import run
from qc.models import Appeal

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
pytestmark = pytest.mark.django_db


def listen(bot: Bot, now: Any = NOW) -> int:
    hear(bot, now, 0)
    return handle_waiting(bot, now)


def press(office: Office, bot: Bot, code: str, by: int | None = None, now: Any = NOW) -> str:
    """Press a button of the manager's last message; returns what the presser is told."""
    moment.fix(now.isoformat())
    message = office.said_to(office.manager)[-1]
    known = [one.get("callback_data", "") for row in message.buttons for one in row]
    data = [one for one in known if one.startswith(code)]
    chat = 7000 + office.manager.pk
    query = office.telegram.world.presses_button(by or chat, chat, message.id, data[0])
    listen(bot, now)
    return str(office.telegram.world.presses[query]["answer"])


def test_a_code_links_once_and_only_after_a_word_on_the_page(office: Office, bot: Bot) -> None:
    Address.objects.filter(employee=office.manager).delete()
    code = linking.create_code(office.manager, NOW)
    world, chat = office.telegram.world, 7000 + office.manager.pk
    world.says(chat, f"/start {code}")
    world.person(1, "Чужой")
    world.says(1, f"/start {code}")
    listen(bot)
    [address] = Address.objects.filter(employee=office.manager)
    assert (address.value, address.confirmed_at) == (str(chat), None)
    assert "не действует" in list(world.chats[1].messages.values())[-1].text
    office.overdue()
    run(bot, NOW)
    assert not [one for one in office.said_to(office.manager) if "просрочена" in one.text]
    linking.confirm(address, NOW)
    office.overdue(NOW + MINUTE)
    run(bot, NOW + MINUTE)
    assert "просрочена" in office.said_to(office.manager)[-1].text


@pytest.mark.parametrize("code", ["", "x" * 65, "nonsense", "\0", "../.."])
def test_a_code_of_nobody_is_worth_nothing(office: Office, code: str) -> None:
    assert linking.use_code(code, "5", "", NOW, group=False) is None


def test_an_old_code_and_an_earlier_one_are_worth_nothing(office: Office) -> None:
    first = linking.create_code(office.manager, NOW)
    second = linking.create_code(office.manager, NOW)
    assert linking.use_code(first, "5", "", NOW, group=False) is None
    assert linking.use_code(second, "5", "", NOW, group=True) is None
    assert linking.use_code(second, "5", "", NOW + linking.LIVES, group=False) is None
    assert linking.use_code(second, "5", "", NOW, group=False) == office.manager


def test_accepted_holds_the_head_back(office: Office, bot: Bot) -> None:
    office.overdue()
    run(bot, NOW)
    assert press(office, bot, "accept") == "Записано: вы этим занимаетесь."
    run(bot, NOW + 2 * HOUR)
    assert not office.said_to(office.head)
    assert "принято" in office.said_to(office.manager)[0].text
    run(bot, NOW + 4 * HOUR)
    assert len(office.said_to(office.head)) == 1


def test_disagreeing_is_an_appeal_in_two_taps_and_holds_the_head_back(office: Office, bot: Bot) -> None:
    finding = office.overdue()
    run(bot, NOW)
    later = NOW + MINUTE
    assert press(office, bot, "dispute", now=later) == "Почему?"
    question = office.said_to(office.manager)[-1]
    reasons = [one["callback_data"] for row in question.buttons for one in row]
    assert len(reasons) == 6 and "Почему вы не согласны" in question.text
    for _ in range(2):
        assert press(office, bot, "dispute", now=later).startswith("Апелляция № ")
    [appeal] = Appeal.objects.all()
    assert (appeal.finding_id, appeal.author, appeal.reason) == (finding.pk, office.manager, "client")
    assert press(office, bot, "dispute", by=7000 + office.head.pk, now=later).startswith(
        "Эта кнопка не для вас"
    )
    run(bot, NOW + 4 * HOUR)
    assert not office.said_to(office.head)
    assert "подана апелляция" in office.said_to(office.manager)[0].text
    appeal.decision, appeal.decision_text, appeal.decided_at = (
        "full",
        "Клиент просил подождать",
        NOW + 5 * HOUR,
    )
    appeal.save()
    run(bot, NOW + 5 * HOUR)
    assert "Случай снят. Клиент просил подождать" in office.said_to(office.manager)[-1].text


def test_later_reminds_once_however_often_it_is_pressed(office: Office, bot: Bot) -> None:
    office.overdue()
    run(bot, NOW)
    for _ in range(2):
        press(office, bot, "later", now=NOW + MINUTE)
    run(bot, NOW + HOUR)
    assert len(office.said_to(office.manager)) == 1
    run(bot, NOW + HOUR + 2 * MINUTE)
    assert [one.text.splitlines()[0] for one in office.said_to(office.manager)][1:] == [
        "🟡 Вы просили напомнить"
    ]


def test_a_stranger_presses_and_nothing_happens(office: Office, bot: Bot) -> None:
    office.overdue()
    run(bot, NOW)
    assert press(office, bot, "accept", by=7000 + office.head.pk).startswith("Эта кнопка не для вас")
    office.telegram.world.person(5, "Прохожий")
    assert press(office, bot, "accept", by=5).startswith("Я вас не знаю")
    assert Notice.objects.get(kind="task.overdue").answer == ""


@pytest.mark.parametrize(
    "data", ["", "accept", "accept:", "accept:x", "accept:" + "9" * 20, "nonsense:1", "a" * 64]
)
def test_data_of_no_button(office: Office, bot: Bot, data: str) -> None:
    world, chat = office.telegram.world, 7000 + office.manager.pk
    query = world.presses_button(chat, chat, 1, data, inaccessible=True)
    assert listen(bot) == 1
    assert world.presses[query]["answer"].startswith("Эта кнопка не для вас")


def test_blocked_and_back(office: Office, bot: Bot) -> None:
    chat = 7000 + office.manager.pk
    office.telegram.world.blocks(chat)
    listen(bot)
    assert Address.objects.get(value=str(chat)).stopped_at
    office.telegram.world.blocks(chat, unblock=True)
    listen(bot)
    assert not Address.objects.get(value=str(chat)).stopped_at


def test_an_update_is_handled_once_and_a_broken_one_holds_up_nobody(office: Office, bot: Bot) -> None:
    broken = {"update_id": 5, "message": {"chat": 5}}
    keep_updates([broken, broken, {"update_id": "x"}, {"update_id": 6, "message": {"chat": {"id": 1}}}], NOW)
    assert BotUpdate.objects.count() == 2
    assert handle_waiting(bot, NOW) == 2 and handle_waiting(bot, NOW) == 0
    assert next_offset(NOW) == 7 and next_offset(NOW + timedelta(days=7)) is None


def test_a_second_listener_is_told(office: Office, bot: Bot) -> None:
    bot.call("setWebhook", {"url": "http://127.0.0.1:9/", "secret_token": "s"})
    with pytest.raises(Conflict):
        hear(bot, NOW, 0)


def test_a_topic_of_a_group_hears_of_what_it_has_subscribed_to(office: Office, bot: Bot) -> None:
    from notices.models import Subscription

    world = office.telegram.world
    world.group(-100, "Отдел продаж", topics={7: "open"})
    code = linking.create_code(office.head, NOW, group=True)
    world.says(7000 + office.head.pk, f"/start@salesops_bot {code}", -100, thread=7)
    listen(bot)
    chat = Address.objects.get(value="-100")
    assert (chat.thread, chat.employee) == (7, None)
    linking.confirm(chat, NOW)
    Subscription.objects.create(address=chat, kind="task.overdue", head=office.head)
    office.overdue()
    run(bot, NOW)
    said = [one for one in world.chats[-100].messages.values() if one.sender == "bot"][-1]
    assert said.thread == 7 and "просрочена" in said.text
    world.chats[-100].topics[7] = "closed"
    office.overdue(NOW + MINUTE)
    run(bot, NOW + MINUTE)
    assert [one for one in world.chats[-100].messages.values() if one.sender == "bot"][-1].thread is None
    assert "outside of the topic" in Delivery.objects.filter(address=chat).latest("id").reason
