"""Every answer of the Bot API and of a mail server, over HTTP and SMTP: what becomes of the message."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from devtools.mail_sink import Server, Sink
from devtools.tests import factory
from notices import failing, people
from notices.claiming import TRIES, claim_next, give_up_dead_claims
from notices.models import Address, ChannelState, Delivery, Notice
from notices.noting import climb_steps, note_facts
from notices.sending import look_around, send_claim, send_next
from notices.telegram.client import Bot
from notices.tests.conftest import NOW, Office
from notices.tests.test_telling import run

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def mail(settings: Any) -> Iterator[Sink]:
    with Server(Sink()) as server:
        settings.EMAIL_URL = "smtp://here"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 2
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield server.sink


def row(office: Office, channel: str = "telegram") -> Delivery:
    return Delivery.objects.filter(employee=office.manager, channel=channel, step=0).latest("copy")


def refused(office: Office, code: int, text: str, **more: Any) -> None:
    office.telegram.app.faults.order(method="sendmessage", code=code, description=text, **more)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: user is deactivated"),
        (400, "Bad Request: chat not found"),
    ],
)
def test_a_dead_address_falls_over_and_its_owner_is_told(
    office: Office, bot: Bot, mail: Sink, code: int, text: str
) -> None:
    office.manager.email = "anna@example.ru"
    office.manager.save()
    refused(office, code, text)
    office.overdue()
    run(bot, NOW)
    assert not office.said_to(office.manager)
    assert row(office).state == "failed" and text.partition(": ")[2] in row(office).reason
    assert Address.objects.get(employee=office.manager, channel="telegram").stopped_at
    run(bot, NOW + MINUTE)
    subjects = sorted(str(one.message["subject"]).strip() for one in mail.mails)
    assert len(subjects) == 2 and subjects[1].startswith("Сообщения больше не доходят")
    assert "Задача просрочена" in subjects[0]
    assert mail.mails[0].message["message-id"].startswith("<notice-")


def test_another_403_is_the_failure_of_one_message(office: Office, bot: Bot) -> None:
    refused(office, 403, "Forbidden: something quite new")
    office.overdue()
    run(bot, NOW)
    assert row(office).state == "failed"
    assert not Address.objects.get(employee=office.manager, channel="telegram").stopped_at


def test_markup_that_is_not_understood_goes_as_plain_text(office: Office, bot: Bot) -> None:
    refused(office, 400, "Bad Request: can't parse entities: Unsupported start tag")
    office.overdue()
    run(bot, NOW)
    [message] = office.said_to(office.manager)
    assert "<b>" not in message.html and row(office).reason.startswith("sent as plain text")


def test_a_group_that_became_a_supergroup_gets_it_under_its_new_number(office: Office, bot: Bot) -> None:
    world, chat = office.telegram.world, 7000 + office.manager.pk
    world.migrates(chat, -100500)
    office.overdue()
    run(bot, NOW)
    assert [one.sender for one in world.chats[-100500].messages.values()] == ["bot"]
    assert Address.objects.get(employee=office.manager, channel="telegram").value == "-100500"


@pytest.mark.parametrize("after", [1, 60])
def test_429_waits_as_long_as_it_is_told(office: Office, bot: Bot, after: int) -> None:
    refused(office, 429, f"Too Many Requests: retry after {after}", parameters={"retry_after": after})
    office.overdue()
    run(bot, NOW)
    assert row(office).state == "queued" and not office.said_to(office.manager)
    run(bot, NOW + timedelta(seconds=after - 1))
    assert not office.said_to(office.manager)
    run(bot, NOW + timedelta(seconds=after + 5))
    assert len(office.said_to(office.manager)) == 1


def test_429_for_hours_goes_another_way_at_once_and_once(office: Office, bot: Bot, mail: Sink) -> None:
    office.manager.email = "anna@example.ru"
    office.manager.save()
    refused(office, 429, "Too Many Requests", parameters={"retry_after": 10_000})
    office.overdue()
    run(bot, NOW)
    run(bot, NOW + MINUTE)
    assert len(mail.mails) == 1 and row(office).state == "dropped"
    run(bot, NOW + 3 * HOUR)
    assert not office.said_to(office.manager) and len(mail.mails) == 1


@pytest.mark.parametrize("after", ["silent", "html", "late"])
def test_an_escalation_nobody_knows_of_is_repeated_once_and_says_so(
    office: Office, bot: Bot, after: str
) -> None:
    office.telegram.app.faults.order(
        method="sendmessage", chat=7000 + office.manager.pk, after=after, delay=1.5 if after == "late" else 0
    )
    office.overdue()
    run(bot, NOW)
    run(bot, NOW + MINUTE)
    first, second = office.said_to(office.manager)
    assert "Повтор" not in first.text and "Повтор" in second.text
    states = Delivery.objects.filter(employee=office.manager, channel="telegram").values_list("copy", "state")
    assert sorted(states) == [(0, "unknown"), (1, "sent")]


def test_a_warning_nobody_knows_of_is_not_repeated(office: Office, bot: Bot) -> None:
    office.telegram.app.faults.order(method="sendmessage", after="silent")
    opens_at = NOW + 2 * HOUR
    factory.make_finding(
        office.deal, "deal.stuck", since=NOW - HOUR, opens_at=opens_at, values={"norm": 3600}
    )
    run(bot, NOW)
    run(bot, NOW + MINUTE)
    assert Notice.objects.get().kind == "deal.stuck_soon"
    assert len(office.said_to(office.manager)) == 1 and row(office).state == "unknown"


def test_nobody_at_home_is_tried_again_and_told_once(office: Office, bot: Bot) -> None:
    with Bot("http://127.0.0.1:9", office.telegram.token, apart=0) as nowhere:
        office.overdue()
        run(nowhere, NOW)
    assert row(office).state == "queued" and "not connected" in row(office).reason
    run(bot, NOW + 2 * MINUTE)
    assert len(office.said_to(office.manager)) == 1


def test_a_revoked_token_stops_the_channel_and_admins_hear_by_mail(
    office: Office, bot: Bot, mail: Sink
) -> None:
    office.admin.email, office.manager.email = "admin@example.ru", "anna@example.ru"
    office.admin.save()
    office.manager.save()
    office.telegram.world.revoked = True
    office.overdue()
    run(bot, NOW)
    run(bot, NOW + MINUTE / 2)
    assert ChannelState.objects.get(channel="telegram").stopped_at
    by_address = {one.to: str(one.message["subject"]).strip() for one in mail.mails}
    assert by_address["admin@example.ru"].startswith("Канал не работает")
    assert by_address["anna@example.ru"].startswith("Задача просрочена")
    office.telegram.world.revoked = False
    office.overdue(NOW + 5 * MINUTE)
    ChannelState.objects.update(stopped_at=None, retry_at=None)
    run(bot, NOW + 5 * MINUTE)
    assert len(office.said_to(office.manager)) == 1


@pytest.mark.parametrize(
    ("answer", "state", "stopped"),
    [
        ("550 no such user", "failed", True),
        ("451 come later", "queued", False),
        ("552 too much", "failed", True),
    ],
)
def test_a_mail_server_says_no(
    office: Office, bot: Bot, mail: Sink, answer: str, state: str, stopped: bool
) -> None:
    Address.objects.filter(employee=office.manager).delete()
    office.manager.email = "anna@example.ru"
    office.manager.save()
    mail.on_rcpt = lambda address: answer
    office.overdue()
    run(bot, NOW)
    assert row(office, "email").state == state and not mail.mails
    assert bool(Address.objects.get(channel="email").stopped_at) is stopped


def test_a_mail_that_was_taken_without_an_answer_is_repeated_with_a_word(
    office: Office, bot: Bot, mail: Sink
) -> None:
    Address.objects.filter(employee=office.manager).delete()
    office.manager.email = "anna@example.ru"
    office.manager.save()
    mail.hang_up = True
    office.overdue()
    run(bot, NOW)
    assert len(mail.mails) >= 1
    assert Delivery.objects.filter(channel="email", copy=0).get().state == "unknown"


@pytest.mark.parametrize("handed", [True, False])
def test_a_sender_that_died_leaves_an_unknown_message_if_it_had_begun_to_send(
    office: Office, bot: Bot, handed: bool
) -> None:
    office.overdue()
    note_facts(NOW)
    climb_steps(NOW)
    claim = claim_next(NOW, look_around(NOW, bot))
    assert claim is not None
    assert not send_next(bot, NOW + MINUTE), "the address is being written to"
    assert give_up_dead_claims() == 0
    sending_ = Delivery.objects.filter(state="sending")
    sending_.update(lease_until=NOW - 365 * timedelta(days=1), handed_at=NOW if handed else None)
    assert give_up_dead_claims() == 1
    send_claim(claim, bot, look_around(NOW, bot), NOW)
    assert not office.said_to(office.manager), "whoever comes back after the lease sends nothing"
    assert send_next(bot, NOW + 2 * MINUTE)
    [message] = office.said_to(office.manager)
    assert ("Повтор" in message.text) is handed


@pytest.mark.parametrize("heap", [False, True])
def test_what_cannot_be_put_into_words_holds_up_nothing_else(office: Office, bot: Bot, heap: bool) -> None:
    office.overdue()
    others = [factory.make_deal(office.stage, office.person, name=f"Д{n}") for n in range(3 if heap else 1)]
    for deal in others:
        factory.make_finding(deal, "deal.stuck", since=NOW - HOUR, opens_at=NOW, values={"norm": 3600})
    note_facts(NOW)
    climb_steps(NOW)
    broken = Notice.objects.get(kind="task.overdue")
    Notice.objects.filter(pk=broken.pk).update(kind="week.person", finding=None, values={})
    run(bot, NOW)
    run(bot, NOW + MINUTE)
    run(bot, NOW + 2 * MINUTE)
    rows = Delivery.objects.filter(employee=office.manager, channel="telegram")
    assert [row.state for row in rows.filter(notice=broken)] == ["failed"]
    assert {row.state for row in rows.exclude(notice=broken)} == {"sent"}
    assert all(any(deal.name in one.text for one in office.said_to(office.manager)) for deal in others)


def test_what_every_sender_dies_of_is_given_up(office: Office, bot: Bot) -> None:
    office.overdue()
    note_facts(NOW)
    climb_steps(NOW)
    claimed = Delivery.objects.filter(employee=office.manager, channel="telegram")
    for attempt in range(TRIES):
        assert claim_next(NOW + attempt * MINUTE, look_around(NOW, bot)), attempt
        claimed.update(lease_until=NOW - 365 * timedelta(days=1))
        assert give_up_dead_claims() == 1
    assert [row.state for row in claimed] == ["failed"]
    assert claim_next(NOW + HOUR, look_around(NOW, bot)) is None


def test_what_waits_for_long_goes_another_way(office: Office, bot: Bot, mail: Sink) -> None:
    office.manager.email = "anna@example.ru"
    office.manager.save()
    office.overdue()
    Address.objects.filter(employee=office.manager).update(paused_until=NOW + 5 * HOUR)
    run(bot, NOW)
    assert failing.rescue_waiting(NOW + 5 * MINUTE) == 0
    assert failing.rescue_waiting(NOW + 11 * MINUTE) == 1
    run(bot, NOW + 12 * MINUTE)
    assert len(mail.mails) == 1 and row(office).state == "dropped"
    assert people.People
