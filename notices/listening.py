"""What the bot hears: kept before the other side is told so, then handled once, in the transaction that marks it."""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import override

from core import locks
from notices import failing, linking, links
from notices.answering import may_answer
from notices.buttons import BUTTONS, Press
from notices.models import Address, BotUpdate, Channel, ChannelState, Delivery
from notices.outcomes import NotSent
from notices.telegram.client import Bot, Message
from notices.telegram.markup import escape

log = logging.getLogger(__name__)

REMEMBERED = timedelta(days=6)  # after a quiet week the numbers begin anew, at random
TRIES = 5
WORDS = 64 * 2**10  # bytes of an update that are looked at
Answer = Callable[[Bot], None]


def next_offset(now: datetime) -> int | None:
    """From which update on is new; None where it is not known any more."""
    rows = BotUpdate.objects.filter(received_at__gt=now - REMEMBERED)
    last = rows.aggregate(last=Max("update_id"))["last"]
    return None if last is None else last + 1


def keep_updates(updates: Iterable[Mapping[str, Any]], now: datetime) -> int:
    """Keep what has come; the same again is the same. What is no update is left out."""
    rows = [
        BotUpdate(update_id=one["update_id"], body=dict(one), received_at=now)
        for one in updates
        if type(one.get("update_id")) is int and 0 <= one["update_id"] < 2**63
    ]
    # Numbers that began anew may meet old ones.
    BotUpdate.objects.filter(received_at__lt=now - REMEMBERED - timedelta(days=1)).delete()
    return len(BotUpdate.objects.bulk_create(rows, ignore_conflicts=True))


def hear(bot: Bot, now: datetime, wait: int) -> int:
    """Ask for news and keep them. Raises NotSent."""
    return keep_updates(bot.updates(next_offset(now), wait), now)


def handle_waiting(bot: Bot, now: datetime) -> int:
    """Handle what is kept, in order; returns how many were."""
    done = 0
    while True:
        answers: list[Answer] = []
        with transaction.atomic():
            update = (
                BotUpdate.objects.select_for_update(skip_locked=True)
                .filter(handled_at=None)
                .exclude(lease_until__gt=locks.lease_now())
                .order_by("update_id")
                .first()
            )
            if update is None:
                return done
            try:
                with transaction.atomic():
                    answers = handle(update.body, now)
                update.handled_at = now
            except Exception as error:  # whatever a stranger writes must not stop the bot
                log.exception("an update of the bot could not be handled")
                update.attempts += 1
                update.error = f"{type(error).__name__}"[:500]
                update.lease_until = locks.lease_until(timedelta(seconds=5))
                update.handled_at = now if update.attempts >= TRIES else None
            update.save()
        done += 1
        for answer in answers:
            try:
                answer(bot)
            except NotSent as error:
                log.warning("the bot could not answer: %s", error)


def handle(body: Mapping[str, Any], now: datetime) -> list[Answer]:
    """What one update asks for; returns what is to be said after it is kept."""
    if isinstance(press := body.get("callback_query"), dict):
        return on_press(press, now)
    if isinstance(message := body.get("message"), dict):
        return on_message(message, now)
    if isinstance(member := body.get("my_chat_member"), dict):
        on_membership(member, now)
    return []


def on_message(message: Mapping[str, Any], now: datetime) -> list[Answer]:
    chat = message.get("chat") or {}
    key, private = str(chat.get("id", "")), chat.get("type") == "private"
    if isinstance(moved := message.get("migrate_to_chat_id"), int):
        Address.objects.filter(channel=Channel.TELEGRAM, value=key).update(value=str(moved))
        return []
    text = str(message.get("text") or "")[:1000]
    command, _space, rest = text.partition(" ")
    command = command.partition("@")[0]
    thread = message.get("message_thread_id") if message.get("is_topic_message") else None
    if command == "/start" and rest.strip():
        return [_say(key, thread, _linked(chat, rest.strip(), now, private=private, thread=thread))]
    if command in ("/start", "/help") and private:
        with override("ru"):
            return [
                _say(
                    key,
                    None,
                    _("To get notices here, open your notices in the portal: %(url)s")
                    % {"url": links.of_settings()},
                )
            ]
    if command == "/stop":
        found = Address.objects.filter(channel=Channel.TELEGRAM, value=key, thread=thread)
        for address in found:
            linking.unlink(address)
        with override("ru"):
            return [_say(key, thread, _("Nothing comes here any more."))]
    return []


def _linked(chat: Mapping[str, Any], code: str, now: datetime, *, private: bool, thread: int | None) -> str:
    names = " ".join(filter(None, (str(chat.get("first_name") or ""), str(chat.get("last_name") or ""))))
    user_name = f"@{chat['username']}" if chat.get("username") else ""
    title = str(chat.get("title") or " ".join(filter(None, (names, user_name))))
    employee = linking.use_code(code, str(chat.get("id")), title, now, group=not private, thread=thread)
    with override(employee.language if employee else "ru"):
        if employee is None:
            return _("This link is worth nothing any more. Take a new one in the portal: %(url)s") % {
                "url": links.of_settings()
            }
        return _("Nearly done, %(name)s. Confirm in the portal that this chat is yours: %(url)s") % {
            "name": employee.first_name or str(employee),
            "url": links.of_settings(),
        }


def _say(chat: str, thread: int | None, text: str) -> Answer:
    return lambda bot: bot.send(chat, Message(escape(text)), thread) and None


def on_press(press: Mapping[str, Any], now: datetime) -> list[Answer]:
    """Anybody may press anything, twice, and long after: the house is asked, not the message."""
    query, who = str(press.get("id")), str((press.get("from") or {}).get("id", ""))
    code, _colon, rest = str(press.get("data") or "")[:64].partition(":")
    number, _colon, argument = rest.partition(":")
    presser = (
        Address.objects.filter(
            channel=Channel.TELEGRAM, value=who, employee__isnull=False, confirmed_at__isnull=False
        )
        .select_related("employee")
        .first()
    )
    employee = presser.employee if presser is not None else None
    language = employee.language if employee else "ru"
    with override(language):
        delivery = (
            Delivery.objects.select_for_update(of=("self",))
            .select_related("notice__finding", "notice__deal", "employee")
            .filter(pk=int(number))
            .first()
            if number.isdecimal() and len(number) < 19
            else None
        )
        if employee is None or not employee.is_active or employee.has_left:
            return [_answer(query, _("I do not know you. Link this chat in the portal."), alert=True)]
        if delivery is None or code not in BUTTONS or not may_answer(delivery, employee):
            return [_answer(query, _("This button is not for you, or it is gone."), alert=True)]
        if delivery.notice.fixed_at is not None:
            return [_answer(query, _("It is mended already."))]
        pressed = BUTTONS[code](Press(delivery, employee, argument, now))
    answers = [_answer(query, pressed.text, alert=pressed.alert)]
    if pressed.ask:
        question = Message(escape(pressed.question), pressed.ask)
        answers.append(lambda bot: bot.send(who, question) and None)
    return answers


def _answer(query: str, text: str, *, alert: bool = False) -> Answer:
    return lambda bot: bot.answer(query, text, alert=alert)


def on_membership(member: Mapping[str, Any], now: datetime) -> None:
    """The bot was blocked or thrown out (what waits goes another way), or is back."""
    chat, new = member.get("chat") or {}, (member.get("new_chat_member") or {}).get("status")
    found = Address.objects.filter(channel=Channel.TELEGRAM, value=str(chat.get("id", "")))
    for address in found:
        if new in ("kicked", "left"):
            why = _("the bot was blocked") if chat.get("type") == "private" else _("the bot was thrown out")
            failing.stop_address(address, why, now)
        elif new in ("member", "administrator") and address.stopped_at is not None:
            Address.objects.filter(pk=address.pk).update(stopped_at=None, stopped_why="")


def remember_name(bot: Bot) -> None:
    """The bot's name, for links to it. Raises NotSent."""
    name = str(bot.call("getMe")["username"])
    ChannelState.objects.update_or_create(
        channel=Channel.TELEGRAM,
        defaults={"name": name, "stopped_at": None, "stopped_why": "", "retry_at": None},
    )
