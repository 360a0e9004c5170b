"""What happens to a message that did not arrive: another channel, a repeat, or a word that it is not confirmed."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from notices.kinds import KINDS
from notices.models import Address, ChannelState, Delivery
from notices.people import People
from notices.planning import is_repeated
from notices.policy import read_policy

log = logging.getLogger(__name__)
KNOCK = timedelta(minutes=1)  # between two looks at whether a stopped channel works again
REPEATS_OF_THE_DEAD = 2  # a sender that dies on the first repeat as well must not lose the message
LONG = timedelta(minutes=10)  # who must wait longer than that is told another way


def fall_over(rows: Sequence[Delivery], channel: str, why: str, now: datetime) -> set[int]:
    """Put what did not arrive onto the recipient's next channel; returns the ids of the rows that have one.

    Behind the bell it stands already. What is waiting on the same channel follows when its turn comes.
    """
    allowed = read_policy()
    people = People(allowed, now)
    made, moved = [], set[int]()
    for row in rows:
        employee = people.staff.get(row.employee_id or 0)
        if employee is None:
            continue
        order = [one for one in people.channels_of(employee) if one != channel]
        tried = set(
            Delivery.objects.filter(notice=row.notice_id, recipient=row.recipient).values_list(
                "channel", flat=True
            )
        )
        left = [one for one in order if one not in tried]
        if not left:
            continue
        address = people.address_of(employee, left[0])
        moved.add(row.pk)
        made.append(
            Delivery(
                notice_id=row.notice_id,
                recipient=row.recipient,
                employee=employee,
                address=address,
                channel=left[0],
                step=row.step,
                due_at=now,
                expires_at=row.expires_at,
                created_at=now,
                reason=f"instead of {channel}: {why}"[:300],
            )
        )
    Delivery.objects.bulk_create(made, ignore_conflicts=True)
    return moved


def stop_address(address: Address, why: str, now: datetime) -> None:
    """Nothing arrives there now: what waits for it goes another way, and the person is told (`channel.stopped`)."""
    Address.objects.filter(pk=address.pk, stopped_at=None).update(stopped_at=now, stopped_why=why)
    waiting = list(
        Delivery.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            address=address, state=Delivery.State.QUEUED
        )
    )
    Delivery.objects.filter(pk__in=[row.pk for row in waiting]).update(
        state=Delivery.State.FAILED, reason=why
    )
    fall_over(waiting, address.channel, why, now)
    log.warning("address %s (%s) is stopped: %s", address.pk, address.channel, why)


def stop_channel(channel: str, why: str, now: datetime) -> None:
    """The channel as a whole is out of order: it rests, is tried again now and then, and admins hear of it."""
    state, _ = ChannelState.objects.get_or_create(channel=channel)
    if state.stopped_at is None:
        state.stopped_at, state.stopped_why = now, why
        log.error("%s is stopped: %s", channel, why)
    state.retry_at = now + KNOCK
    state.save()


def rescue_waiting(now: datetime) -> int:
    """What has waited too long for an address that rests or a channel that is stopped goes another way, if any is."""
    stopped = ChannelState.objects.exclude(stopped_at=None).values("channel")
    resting = Q(address__paused_until__gt=now) | Q(channel__in=stopped)
    with transaction.atomic():
        rows = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(resting, state=Delivery.State.QUEUED, due_at__lt=now - LONG)
            .exclude(address=None)[:500]
        )
        if not rows:
            return 0
        return len(replace(rows, "it did not answer for long", now))


def replace(rows: Sequence[Delivery], why: str, now: datetime) -> set[int]:
    """Of rows that wait: those that have another channel are dropped for it; the others go on waiting."""
    moved = set[int]()
    for channel in {row.channel for row in rows}:
        moved |= fall_over([row for row in rows if row.channel == channel], channel, why, now)
    Delivery.objects.filter(pk__in=moved, state=Delivery.State.QUEUED).update(
        state=Delivery.State.DROPPED, reason=f"went another way: {why}"[:300]
    )
    return moved


def after_unknown(rows: Sequence[Delivery], now: datetime, repeats: int = 1) -> None:
    """Repeat what is worth it, as a row of its own that says so; the rest stands as «not confirmed» to see."""
    made = []
    for row in rows:
        one = KINDS.get(row.notice.kind)
        if one is None or not is_repeated(one, row.copy, row.expires_at, now, repeats):
            continue
        made.append(
            Delivery(
                notice_id=row.notice_id,
                recipient=row.recipient,
                employee_id=row.employee_id,
                address_id=row.address_id,
                channel=row.channel,
                step=row.step,
                copy=row.copy + 1,
                due_at=now,
                expires_at=row.expires_at,
                created_at=now,
                reason="the first message is not confirmed",
            )
        )
    Delivery.objects.bulk_create(made, ignore_conflicts=True)
