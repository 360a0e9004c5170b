"""The demo's people have phones: each has a chat in the stand-in for Telegram, and the department has a group."""

import json
import os
import urllib.request
from typing import Any

from django.conf import settings

from core import moment
from notices.kinds import KINDS
from notices.models import Address, Channel, Subscription
from notices.policy import row
from qc.rules import RULES
from team.models import Employee, Role

FIRST, GROUP = 700_000_000, -1_000_700


def link_chats() -> None:
    """Nothing where a real bot is set: those people are invented."""
    if "api.telegram.org" in settings.TELEGRAM_API_URL or not settings.TELEGRAM_BOT_TOKEN:
        return
    now, people = moment.now(), []
    for one in Employee.objects.filter(is_active=True):
        if one.has_left:
            continue
        chat = FIRST + one.pk
        people.append({"key": chat, "name": str(one), "username": one.username, "started": True})
        if not one.email:
            Employee.objects.filter(pk=one.pk).update(email=f"{one.username}@zolotarev.example")
        Address.objects.update_or_create(
            channel=Channel.TELEGRAM,
            value=str(chat),
            thread=None,
            defaults={"employee": one, "title": str(one), "linked_at": now, "confirmed_at": now},
        )
    _order("people", {"people": people})
    _order("group", {"key": GROUP, "title": "Золотарёв: отдел продаж", "topics": {"7": "Просрочки"}})
    if page := os.environ.get("MAIL_PAGE"):
        _order("mail", {"url": page})
    head = Employee.objects.filter(role=Role.HEAD, is_active=True).first()
    group, _ = Address.objects.update_or_create(
        channel=Channel.TELEGRAM,
        value=str(GROUP),
        thread=7,
        defaults={
            "chat": Address.Chat.GROUP,
            "title": "Золотарёв: отдел продаж · Просрочки",
            "linked_at": now,
            "confirmed_at": now,
            "linked_by": head,
        },
    )
    for kind in KINDS.keys() & RULES.keys():  # what rules tell at once
        Subscription.objects.get_or_create(address=group, kind=kind, head=head)
    row()


def _order(what: str, given: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"{settings.TELEGRAM_API_URL}/control/{what}",
        json.dumps(given).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()
