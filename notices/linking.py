"""How a chat becomes somebody's: a one-time code, and his own word on his page that the chat is his."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from notices.models import Address, Channel, Delivery, LinkCode
from team.models import Employee

LIVES = timedelta(minutes=15)
LONGEST = 64  # signs of what a link to the bot can carry


def create_code(employee: Employee, now: datetime, *, group: bool = False) -> str:
    """A code that binds the chat in which it is said; those he was given before are worth nothing any more."""
    code = secrets.token_urlsafe(24)
    with transaction.atomic():
        LinkCode.objects.filter(employee=employee, group=group, used_at=None).update(used_at=now)
        LinkCode.objects.create(digest=_digest(code), employee=employee, group=group, expires_at=now + LIVES)
    return code


def use_code(
    code: str, chat: str, title: str, now: datetime, *, group: bool, thread: int | None = None
) -> Employee | None:
    """Note that this chat said the code; whose it becomes once he confirms. None for a code that is worth nothing.

    A code works once, for a quarter of an hour, and in the kind of chat it was made for.
    """
    if not code or len(code) > LONGEST:
        return None
    with transaction.atomic():
        found = (
            LinkCode.objects.select_for_update()
            .filter(digest=_digest(code), used_at=None, expires_at__gt=now, group=group)
            .select_related("employee")
            .first()
        )
        if found is None or not found.employee.is_active or found.employee.has_left:
            return None
        found.used_at = now
        found.save(update_fields=["used_at"])
        owner = None if group else found.employee
        Address.objects.update_or_create(
            channel=Channel.TELEGRAM,
            value=chat,
            thread=thread,
            defaults={
                "chat": Address.Chat.GROUP if group else Address.Chat.PRIVATE,
                "employee": owner,
                "title": title[:255],
                "linked_at": now,
                "linked_by": found.employee,
                "confirmed_at": None,
                "stopped_at": None,
                "stopped_why": "",
                "paused_until": None,
            },
        )
    return found.employee


def confirm(address: Address, now: datetime) -> None:
    """He says that the chat is his: what he had on this channel before is let go."""
    with transaction.atomic():
        if address.employee_id is not None:
            earlier = Address.objects.filter(employee=address.employee_id, channel=address.channel)
            for other in earlier.exclude(pk=address.pk):
                unlink(other)
        Address.objects.filter(pk=address.pk).update(confirmed_at=now)


def unlink(address: Address) -> None:
    """Nothing goes there any more; what waited for it is dropped, and what was said stays in the log."""
    with transaction.atomic():
        Delivery.objects.filter(address=address, state=Delivery.State.QUEUED).update(
            state=Delivery.State.DROPPED, reason="the chat was unlinked"
        )
        address.delete()


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
