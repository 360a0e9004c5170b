"""The bell, wishes, the policy and the log of deliveries: what each shows, and what nonsense is answered with."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import resolve
from django.utils.translation import override

from core import moment
from devtools.tests import factory
from notices import links, reasons
from notices.models import (
    Address,
    BotUpdate,
    ChannelState,
    Delivery,
    Notice,
    Policy,
    Preference,
    Subscription,
)
from team.models import Employee, Role
from web.notices.places import place_of
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Employee:
    return factory.make_employee(Role.MANAGER, factory.make_person(), email="anna@example.ru")


def told(employee: Employee, **values: Any) -> Delivery:
    now = moment.now()
    stage = factory.make_stage(factory.make_pipeline())
    finding = factory.make_finding(
        factory.make_deal(stage, employee.person), "task.overdue", values={"due": now.isoformat()}
    )
    notice = Notice.objects.create(
        kind="task.overdue",
        key=f"finding:{finding.pk}",
        at=now,
        noted_at=now,
        finding=finding,
        deal=finding.deal,
        person_id=employee.person_id,
    )
    first: dict[str, Any] = {"channel": "page", "state": "sent", "due_at": now, "created_at": now}
    return Delivery.objects.create(
        notice=notice, employee=employee, recipient=f"e:{employee.pk}", **{**first, **values}
    )


def test_the_bell_shows_counts_and_forgets(manager: Employee, django_assert_max_num_queries: Any) -> None:
    for _ in range(5):
        told(manager)
    told(manager, due_at=moment.now() + timedelta(hours=1))
    told(factory.make_employee(Role.MANAGER, factory.make_person("Борис")))
    client = signed_in(manager)
    assert b'badge bad">5' in client.get("/notices/count/").content
    with django_assert_max_num_queries(12):
        page = client.get("/notices/").content.decode()
    assert page.count("Задача просрочена") == 5
    assert client.post("/notices/read/").status_code == 302
    assert b"badge" not in client.get("/notices/count/").content


def test_one_that_cannot_be_worded_leaves_the_others_readable(
    manager: Employee, caplog: pytest.LogCaptureFixture
) -> None:
    told(manager)
    broken = told(manager)
    Notice.objects.filter(pk=broken.notice_id).update(kind="week.person", finding=None, values={})
    Delivery.objects.create(
        notice=broken.notice,
        employee=manager,
        recipient="x",
        channel="telegram",
        due_at=broken.due_at,
        created_at=broken.due_at,
    )
    told(manager, channel="telegram")
    admin, says = factory.make_employee(Role.ADMIN), "Это не удалось выразить словами"
    for reader, address, words in (
        (manager, "/notices/", says),
        (admin, "/notices/deliveries/", "Неделя, непохожая на прежние"),
        (admin, "/notices/deliveries/?export=csv", says),
    ):
        answer = signed_in(reader).get(address)
        page = answer.content.decode()
        assert answer.status_code == 200 and "Задача просрочена" in page, address
        assert words in page, address
    assert f"notice {broken.notice_id} could not" in caplog.text


def test_an_answer_on_the_page_is_an_answer(manager: Employee) -> None:
    row = told(manager)
    client = signed_in(manager)
    client.post(f"/notices/{row.pk}/answer/", {"answer": "nonsense"})
    row.notice.refresh_from_db()
    assert row.notice.answer == ""
    for _ in range(2):
        client.post(f"/notices/{row.pk}/answer/", {"answer": "accept"})
    row.notice.refresh_from_db()
    assert (row.notice.answer, row.notice.answered_by) == ("accept", manager)
    Notice.objects.filter(pk=row.notice_id).update(kind="of.yesterday")
    assert client.post(f"/notices/{row.pk}/answer/", {"answer": "accept"}).status_code == 404


def test_wishes_are_kept_and_nonsense_is_not(manager: Employee) -> None:
    client = signed_in(manager)
    refused = client.post("/notices/settings/", {"order": "email", "quiet_from": "13:00"})
    assert refused.status_code == 422 and "или ни того, ни другого" in refused.content.decode()
    assert not Preference.objects.exists()
    client.post(
        "/notices/settings/",
        {"order": "email", "quiet_from": "13:00", "quiet_until": "14:00", "rings_digest": "on"},
    )
    kept = Preference.objects.get()
    assert (
        kept.channels == ["email", "telegram"] and "task.overdue" in kept.muted and "digest" not in kept.muted
    )


def test_a_link_is_shown_once(manager: Employee, settings: Any) -> None:
    settings.TELEGRAM_BOT_TOKEN = "1:x"
    ChannelState.objects.create(channel="telegram", name="our_bot")
    client = signed_in(manager)
    client.post("/notices/settings/link/")
    assert "https://t.me/our_bot?start=" in client.get("/notices/settings/").content.decode()
    assert "https://t.me/our_bot?start=" not in client.get("/notices/settings/").content.decode()


def group_chat(by: Employee, head: Employee | None = None) -> Address:
    now = moment.now()
    chat = Address.objects.create(
        channel="telegram", chat="group", value="-100", linked_by=by, linked_at=now, confirmed_at=now
    )
    Subscription.objects.create(address=chat, kind="report.company", head=head)
    return chat


def heard_of(chat: Address) -> set[Any]:
    return set(chat.subscriptions.values_list("kind", "head__username"))


def test_saving_a_chat_as_it_is_shown_changes_nothing() -> None:
    boss, head = factory.make_employee(Role.DIRECTOR), factory.make_employee(Role.HEAD, username="ivan")
    chat = group_chat(boss, head)
    Employee.objects.filter(pk=head.pk).update(role=Role.MANAGER)  # he leads nobody any more
    client = signed_in(boss)
    [shown] = client.get("/notices/settings/").context["chats"]
    assert shown["whose"] == head.pk and head in shown["heads"]
    page = client.get("/notices/settings/").content.decode()
    assert f'<option value="{head.pk}" selected>' in page
    for _ in range(2):
        client.post(f"/notices/settings/chat/{chat.pk}/", {"report.company": "on", "whose": head.pk})
    assert heard_of(chat) == {("report.company", "ivan")}


@pytest.mark.parametrize("sent", [{}, {"whose": ""}, {"whose": "999999"}, {"whose": "ivan"}])
def test_a_chat_is_made_everybodys_by_a_plain_word_alone(sent: dict[str, str]) -> None:
    boss, head = factory.make_employee(Role.DIRECTOR), factory.make_employee(Role.HEAD, username="ivan")
    chat = group_chat(boss, head)
    client, form = signed_in(boss), {"report.company": "on", "week.stage": "on"}
    client.post(f"/notices/settings/chat/{chat.pk}/", form | sent)
    assert heard_of(chat) == {("report.company", "ivan")}
    Subscription.objects.create(address=chat, kind="week.stage")
    [shown] = client.get("/notices/settings/").context["chats"]
    assert shown["whose"] is None  # of several: the form asks
    client.post(f"/notices/settings/chat/{chat.pk}/", form | {"whose": "everybody"})
    assert heard_of(chat) == {("report.company", None), ("week.stage", None)}


def test_a_head_who_is_one_no_more_widens_no_chat() -> None:
    head = factory.make_employee(Role.HEAD, username="ivan")
    chat = group_chat(head, head)
    Employee.objects.filter(pk=head.pk).update(role=Role.MANAGER)
    answer = signed_in(head).post(
        f"/notices/settings/chat/{chat.pk}/", {"report.company": "on", "whose": "everybody"}
    )
    assert answer.status_code == 404 and heard_of(chat) == {("report.company", "ivan")}


def test_the_policy_is_kept_whole_or_not_at_all() -> None:
    client = signed_in(factory.make_employee(Role.ADMIN))
    page = client.get("/notices/policy/")
    assert page.status_code == 200
    form = {"channels": ["email"], "per_shift": "3", "task_overdue-on": "on", "task_overdue-loud": "on"}
    form |= {"task_overdue-head": "45", "task_overdue-director": ""}
    ahead = {"task_soon-ahead": "30", "deal_stuck_soon-ahead": "60"}
    assert client.post("/notices/policy/", form | ahead | {"task_overdue-head": "soon"}).status_code == 422
    assert Policy.objects.get().kinds == {}
    assert client.post("/notices/policy/", form | ahead).status_code == 302
    row = Policy.objects.get()
    assert row.channels == ["email"] and row.kinds["task.overdue"]["after"] == {"head": 45, "director": None}
    assert row.kinds["digest"]["on"] is False


def test_what_is_not_confirmed_is_sent_again_once(
    manager: Employee, django_assert_max_num_queries: Any
) -> None:
    now = moment.now()
    address = Address.objects.create(
        channel="telegram", value="1", employee=manager, linked_at=now, confirmed_at=now
    )
    row = told(manager, channel="telegram", state="unknown", address=address, reason="no answer")
    client = signed_in(factory.make_employee(Role.ADMIN))
    with django_assert_max_num_queries(12):
        assert "не подтверждено" in client.get("/notices/deliveries/").content.decode()
    for _ in range(2):
        client.post(f"/notices/deliveries/{row.pk}/again/")
    assert Delivery.objects.filter(copy=1, state="queued").count() == 1
    here = {"HX-Current-URL": "http://testserver/notices/deliveries/?state=unknown"}
    answer = client.post(f"/notices/deliveries/{row.pk}/again/", headers=here)
    assert answer.headers["Location"] == "/notices/deliveries/?state=unknown"


def test_api_tells_what_was_said(manager: Employee) -> None:
    row = told(manager, channel="telegram", state="sent", text="🔴 <b>Задача</b>")
    client = signed_in(manager)
    [one] = client.get("/api/v1/notices/?channel=telegram").json()["results"]
    assert (one["id"], one["state"], one["text"], one["employee"]) == (
        row.pk,
        "sent",
        "🔴 Задача",
        manager.username,
    )
    assert client.get("/api/v1/notices/?chanel=telegram").status_code == 400
    stranger = signed_in(factory.make_employee(Role.MANAGER, factory.make_person("Борис")))
    assert stranger.get("/api/v1/notices/").json()["results"] == []


def test_addresses_in_messages_lead_somewhere(settings: Any) -> None:
    settings.PORTAL_URL = ""
    for address in (
        links.of_deal(1),
        links.of_month(),
        links.of_bell(),
        links.of_settings(),
        links.of_sync(),
        links.of_tasks(),
    ):
        assert resolve(address)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("report.company", {"report": 3}),
        ("decision.taken", {"decision": 5, "title": "x", "due": "2026-12-01", "n": 2}),
        ("month.closed", {"month": "2026-10-01", "total": "5"}),
        ("rule.mode", {"rule": "deal.stuck", "before": "warn", "after": "money"}),
        ("week.person", {"week": "2026-11-16"}),
        ("channel.down", {"channel": "telegram", "reason": "x"}),
        ("channel.stopped", {"channel": "telegram", "reason": "x"}),
        ("mirror.stale", {"as_of": "2026-11-26T10:00:00+00:00"}),
        ("mirror.set_aside", {"rows": 2}),
        ("digest", {"day": "2026-11-26", "until": "2026-11-26T15:00:00+00:00"}),
    ],
)
def test_whatever_is_told_can_be_looked_at(kind: str, values: dict[str, Any]) -> None:
    address = place_of(Notice(kind=kind, values=values))
    assert resolve(urlsplit(address).path)


def test_everybody_is_asked_of_his_own_kinds_only(manager: Employee) -> None:
    page = signed_in(manager).get("/notices/settings/").content.decode()
    assert "rings_task.overdue" in page and "rings_mirror.stale" not in page
    page = signed_in(factory.make_employee(Role.ADMIN)).get("/notices/settings/").content.decode()
    assert "rings_mirror.stale" in page and "rings_task.overdue" not in page


def test_reasons_are_told_in_the_readers_language() -> None:
    with override("ru"):
        assert reasons.say_reason("fixed before it was due") == "исправлено до срока отправки"
        told = reasons.say_reason("instead of telegram: went another way: Forbidden: bot was blocked")
        assert told == "вместо канала «Telegram»: ушло другим путём: Forbidden: bot was blocked"
        assert reasons.say_reason("sent as plain text (x: y)") == "отправлено без оформления (x: y)"
        assert reasons.say_reason("550 no such user") == "550 no such user"


def test_the_heartbeat_is_told_to_a_monitor() -> None:
    ChannelState.objects.create(channel="page", beat_at=moment.now())
    assert Client().get("/readyz").json()["notices"] == "ok"
    ChannelState.objects.update(beat_at=moment.now() - timedelta(minutes=2))
    answer = Client().get("/readyz")
    assert answer.json()["notices"].startswith("silent since") and answer.status_code == 200


def test_the_door_of_telegram_keeps_what_is_sound_once(settings: Any) -> None:
    def ring(body: bytes, secret: str = "s" * 30) -> int:
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        client = Client(enforce_csrf_checks=True)
        return client.post("/hooks/telegram/", body, "application/json", headers=headers).status_code

    assert ring(b'{"update_id": 1}', "") == 404, "there is no door where no secret is set"
    settings.TELEGRAM_HOOK_SECRET = "s" * 30
    assert ring(b'{"update_id": 1}', "s" * 29) == 404 and not BotUpdate.objects.exists()
    assert [ring(b'{"update_id": 1, "message": {}}') for _ in range(2)] == [200, 200]
    assert [ring(body) for body in (b"[1]", b'{"update_id": "x"}', b"{}", b'{"update_id": true}')] == [
        200
    ] * 4
    assert ring(b"{") == ring(b"[" * 5_000) == 400 and ring(b'"' + b"x" * 1_000_001 + b'"') == 413
    assert Client().get("/hooks/telegram/").status_code == 404
    assert BotUpdate.objects.get(handled_at=None).update_id == 1
