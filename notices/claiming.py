"""Deliveries that are due are claimed with a lease, one address at a time; what a dead sender had in hand is given up.

A row is `sending` once it is claimed and has `handed_at` before the first byte leaves, each in a transaction of its
own. Whoever dies leaves a row whose lease runs out: not handed over, it waits again; handed over, it is `unknown`,
since it may have arrived. Only what surely was not taken is tried again.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from core import locks, moment
from notices import failing
from notices.kinds import KINDS
from notices.models import Address, Delivery
from notices.mutes import Mutes
from notices.noting import is_over
from notices.planning import DIGEST, Due, pack
from notices.reasons import FIXED_BEFORE, MUTED, SILENCED
from notices.silences import Silenced

log = logging.getLogger(__name__)

APART = timedelta(seconds=1)  # between two messages to one chat
SHIFT = timedelta(hours=10)  # the single messages of so long a time are counted
OPEN_AT = timedelta(seconds=2)
TRIES = 12  # of one message that surely was not taken
DIED_BEFORE = "the sender died before it sent"
LATE = "it was no news any more when it could go out"

BUSY = Exists(Delivery.objects.filter(address=OuterRef("address"), state=Delivery.State.SENDING))


@dataclass
class Round:
    """What a sender may know for a second without asking again: channels that work, those that were out of order (a
    message that arrives sets them right), how many messages of a shift go singly, and what rings with nobody or with
    one reader no more. ``stale``: it is to ask again.
    """

    channels: Sequence[str]
    shaken: frozenset[str]
    per_shift: int
    silenced: Silenced = Silenced()
    mutes: Mutes = Mutes()
    stale: bool = False


@dataclass(frozen=True)
class Claim:
    """What one sender has in hand: deliveries that go out as one message to one address."""

    key: uuid.UUID
    address: Address
    rows: Sequence[Delivery]


def lease() -> timedelta:
    return timedelta(seconds=settings.NOTICES_LEASE)


def claim_next(now: datetime, about: Round) -> Claim | None:
    """Take what is due for one address that nobody is writing to. None when there is nothing to send now."""
    for _attempt in range(50):
        with transaction.atomic():
            address = _lock_address(now, about.channels)
            if address is None:
                return None
            claim = _claim(address, about, now)
        if claim is not None:
            return claim
    return None


def _lock_address(now: datetime, channels: Sequence[str]) -> Address | None:
    """An address with something due, its row locked, the one that has waited longest first."""
    ready = Q(address__paused_until=None) | Q(address__paused_until__lte=now)
    rested = Q(address__sent_at=None) | Q(address__sent_at__lte=now - APART)
    first = (
        Delivery.objects.select_for_update(skip_locked=True, of=("address",))
        .select_related("address")
        .filter(
            ready & rested,
            ~BUSY,
            state=Delivery.State.QUEUED,
            due_at__lte=now,
            address__stopped_at=None,
            address__channel__in=channels,
        )
        .order_by("due_at", "id")
        .first()
    )
    return None if first is None else first.address


def _claim(address: Address, about: Round, now: datetime) -> Claim | None:
    """With the address locked: drop what is over, pack the rest, and mark what goes. None when nothing goes now."""
    singly = (
        Delivery.objects.filter(
            address=address, lead=None, sent_at__gt=now - SHIFT, state=Delivery.State.SENT
        )
        .exclude(notice__kind=DIGEST)
        .order_by()
        .values("address")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rows = list(
        Delivery.objects.select_for_update(of=("self",))
        .filter(address=address, state=Delivery.State.QUEUED, due_at__lte=now)
        .select_related(
            "notice__finding__stage",
            "notice__finding__manager",
            "notice__deal",
            "notice__answered_by",
            "employee",
        )
        .annotate(busy=BUSY, singly=Coalesce(Subquery(singly), 0))
        .order_by("due_at", "id")[:200]
    )
    if not rows or rows[0].busy:
        return None
    singles = rows[0].singly
    rows = [row for row in rows if _still_wanted(row, about, now)]
    if not rows:
        return None
    parcel = pack(
        [
            Due(row.pk, row.notice.kind, KINDS[row.notice.kind].urgent, row.due_at, _money(row))
            for row in rows
            if row.notice.kind in KINDS
        ],
        singles,
        address.sent_at,
        about.per_shift,
        now,
    )
    if parcel.hold_until is not None:
        Delivery.objects.filter(pk__in=parcel.deliveries).update(
            due_at=parcel.hold_until, reason="held back for the next heap"
        )
        return None
    by_id = {row.pk: row for row in rows}
    chosen = [by_id[pk] for pk in parcel.deliveries]
    key = uuid.uuid4()
    Delivery.objects.filter(pk__in=parcel.deliveries).update(
        state=Delivery.State.SENDING,
        claim=key,
        lease_until=locks.lease_until(lease()),
        handed_at=None,
        attempts=F("attempts") + 1,
        reason="",
        lead=None,
    )
    if parcel.deliveries[1:]:
        Delivery.objects.filter(pk__in=parcel.deliveries[1:]).update(lead=parcel.deliveries[0])
    Address.objects.filter(pk=address.pk).update(sent_at=now)
    return Claim(key, address, chosen)


def _money(row: Delivery) -> Decimal:
    deal = row.notice.deal
    return (deal.price if deal is not None else None) or Decimal(0)


def _still_wanted(row: Delivery, about: Round, now: datetime) -> bool:
    """The house is asked once more right before the sending; what is over is dropped, with a reason."""
    finding, reason = row.notice.finding, ""
    if row.notice.fixed_at is not None or is_over(row.notice, now):
        reason = FIXED_BEFORE
    elif row.expires_at is not None and row.expires_at <= now:
        reason = LATE
    elif about.silenced.covers(row.notice):
        reason = SILENCED
    elif about.mutes.cover(row.employee_id, row.notice.kind, row.notice.values):
        reason = MUTED
    elif row.notice.kind not in KINDS:
        reason = "there is no such kind any more"
    if reason:
        Delivery.objects.filter(pk=row.pk).update(state=Delivery.State.DROPPED, reason=reason)
        return False
    if finding is not None and not KINDS[row.notice.kind].ahead and finding.opens_at > now + OPEN_AT:
        Delivery.objects.filter(pk=row.pk).update(
            due_at=finding.opens_at
        )  # a norm has been changed meanwhile
        return False
    return True


def give_up_dead_claims() -> int:
    """What a sender left in hand when it died waits again, or is unknown if it was being handed over: then the class of
    the notice decides. What every sender dies of before it sends is given up, lest nothing else reach its address.
    Returns how many.
    """
    dead = Delivery.objects.filter(state=Delivery.State.SENDING, lease_until__lt=locks.lease_now())
    with transaction.atomic():
        rows = list(
            dead.select_for_update(skip_locked=True, of=("self",)).select_related("notice", "employee")
        )
        if not rows:
            return 0
        kept = Delivery.objects.filter(pk__in=[row.pk for row in rows if row.handed_at is None])
        kept.filter(attempts__gte=TRIES).update(
            state=Delivery.State.FAILED, lease_until=None, lead=None, reason=DIED_BEFORE
        )
        kept.filter(attempts__lt=TRIES).update(
            state=Delivery.State.QUEUED,
            lease_until=None,
            claim=None,
            lead=None,
            reason=DIED_BEFORE,
        )
        handed = [row for row in rows if row.handed_at is not None]
        Delivery.objects.filter(pk__in=[row.pk for row in handed]).update(
            state=Delivery.State.UNKNOWN, lease_until=None, reason="the sender died while it was sending"
        )
        failing.after_unknown(handed, moment.now(), repeats=failing.REPEATS_OF_THE_DEAD)
    for row in handed:
        log.warning("notice %s: the sender died while it was sending", row.pk)
    return len(rows)
