"""What an answer means for the rows of a message, for its address and for the whole channel."""

import logging
import random
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from core import moment
from notices import failing
from notices.claiming import TRIES, Claim
from notices.models import Address, ChannelState, Delivery
from notices.outcomes import AddressStopped, ChannelStopped, NotNow, NotSent, Refused, Sent, Unknown
from notices.wording import Composed

log = logging.getLogger(__name__)


def settle(claim: Claim, sent: Sent, composed: Composed) -> None:
    rows = Delivery.objects.filter(
        claim=claim.key, state__in=(Delivery.State.SENDING, Delivery.State.UNKNOWN)
    )
    rows.update(
        state=Delivery.State.SENT,
        sent_at=moment.now(),
        lease_until=None,
        remote_id=sent.remote_id,
        text=composed.html,
        reason=sent.note,
    )


def settle_unsaid(claim: Claim, broken: Collection[int], error: Exception) -> None:
    """Of a message that could not be put into words: the ``broken`` rows are given up, the others wait again."""
    rows = Delivery.objects.filter(claim=claim.key, state=Delivery.State.SENDING)
    rows.filter(pk__in=broken).update(
        state=Delivery.State.FAILED, lease_until=None, lead=None, reason=type(error).__name__
    )
    rows.update(state=Delivery.State.QUEUED, lease_until=None, claim=None, lead=None)


def settle_failure(claim: Claim, error: NotSent, composed: Composed, now: datetime) -> None:
    """What an answer means for the rows, for the address and for the channel."""
    rows = Delivery.objects.filter(claim=claim.key, state=Delivery.State.SENDING)
    why, address = str(error)[:500], claim.address
    with transaction.atomic():
        if isinstance(error, NotNow):
            _wait(claim, error, now)
        elif isinstance(error, ChannelStopped):
            failing.stop_channel(address.channel, why, now)
            rows.update(state=Delivery.State.QUEUED, lease_until=None, claim=None, lead=None, reason=why)
            failing.replace(claim.rows, why, now)
        elif isinstance(error, AddressStopped):
            rows.update(
                state=Delivery.State.FAILED, lease_until=None, lead=None, reason=why, text=composed.html
            )
            failing.stop_address(address, why, now)
            failing.fall_over(claim.rows, address.channel, why, now)
        elif isinstance(error, Unknown):
            rows.update(state=Delivery.State.UNKNOWN, lease_until=None, reason=why, text=composed.html)
            failing.after_unknown(claim.rows, now)
        else:
            assert isinstance(error, Refused | NotSent)
            rows.update(
                state=Delivery.State.FAILED, lease_until=None, lead=None, reason=why, text=composed.html
            )
            failing.fall_over(claim.rows, address.channel, why, now)
    log.warning("notice %s to address %s: %s", claim.rows[0].pk, address.pk, why)


def _wait(claim: Claim, error: NotNow, now: datetime) -> None:
    """Surely not taken: the same rows again, after what the other side asks for and a little more by chance."""
    rows = Delivery.objects.filter(claim=claim.key, state=Delivery.State.SENDING)
    pause = timedelta(seconds=error.after + random.uniform(0, min(error.after, 30) / 10 + 0.2))
    until, why = now + pause, str(error)[:500]
    if error.whole:
        # A door that stays shut is knocked at ever more seldom, up to a minute.
        ChannelState.objects.update_or_create(
            channel=claim.address.channel, defaults={"retry_at": now + min(pause, timedelta(minutes=1))}
        )
    else:
        Address.objects.filter(pk=claim.address.pk).update(paused_until=until)
    tired = max(row.attempts + 1 for row in claim.rows) >= TRIES and not error.whole
    rows.update(
        state=Delivery.State.FAILED if tired else Delivery.State.QUEUED,
        lease_until=None,
        claim=None,
        lead=None,
        reason=why,
    )
    waited = now - min(row.due_at for row in claim.rows)
    if tired:
        failing.fall_over(claim.rows, claim.address.channel, why, now)
    elif pause > failing.LONG or waited > failing.LONG:
        failing.replace(claim.rows, why, now)
