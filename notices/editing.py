"""Messages that stand in chats are changed when their fact is: a copy of a change does no harm, so none is lost."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from core import moment
from notices import failing
from notices.models import Address, Channel, Delivery
from notices.outcomes import AddressStopped, ChannelStopped, NotNow, NotSent
from notices.sending import compose
from notices.telegram.client import Bot, Message
from notices.telegram.errors import Unchanged

log = logging.getLogger(__name__)

AGAIN = timedelta(seconds=30)  # after an answer that nobody understands
TRIES = 6
EDITABLE = timedelta(hours=47)  # the other side refuses older ones


def edit_next(bot: Bot, now: datetime | None = None) -> bool:
    """Bring one message up to date; False when none is to be changed now."""
    now = now or moment.now()
    with transaction.atomic():
        ready = Q(address__paused_until=None) | Q(address__paused_until__lte=now)
        rested = Q(address__sent_at=None) | Q(address__sent_at__lte=now - timedelta(seconds=1))
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        lead = (
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(
                ready & rested & free,
                ~Q(wanted=F("shown")),
                state=Delivery.State.SENT,
                channel=Channel.TELEGRAM,
                address__stopped_at=None,
            )
            .order_by("id")
            .first()
        )
        if lead is None:
            return False
        if lead.sent_at is None or not lead.remote_id or lead.sent_at < now - EDITABLE:
            Delivery.objects.filter(pk=lead.pk).update(shown=lead.wanted)
            return True
        # The revision is read before the house is: what changes meanwhile wants another edit.
        Delivery.objects.filter(pk=lead.pk).update(lease_until=now + AGAIN)
        Address.objects.filter(pk=lead.address_id).update(sent_at=now)
    _edit(lead, bot, now)
    return True


def _edit(lead: Delivery, bot: Bot, now: datetime) -> None:
    rows = list(
        Delivery.objects.filter(Q(pk=lead.pk) | Q(lead=lead.pk)).select_related(
            "notice__finding__stage",
            "notice__finding__manager",
            "notice__deal",
            "notice__answered_by",
            "employee",
            "address",
        )
    )
    rows.sort(key=lambda row: (row.pk != lead.pk, row.due_at, row.pk))
    address = rows[0].address
    assert address is not None
    composed = compose(rows, now)
    mine = Delivery.objects.filter(pk=lead.pk)
    try:
        bot.edit(address.value, lead.remote_id, Message(composed.html, composed.buttons))
    except Unchanged:
        pass
    except NotNow as error:
        until = now + timedelta(seconds=error.after)
        Address.objects.filter(pk=address.pk).update(paused_until=until)
        mine.update(lease_until=None)
        return
    except AddressStopped as error:
        failing.stop_address(address, str(error), now)
        return
    except ChannelStopped as error:
        failing.stop_channel(address.channel, str(error), now)
        return
    except NotSent as error:
        tries = lead.attempts + 1
        log.warning("message %s could not be changed: %s", lead.pk, error)
        if tries >= TRIES or error.__class__.__name__ == "NotFoundToEdit":
            mine.update(shown=lead.wanted, lease_until=None, reason=str(error)[:500])
        else:
            mine.update(attempts=tries)
        return
    mine.update(shown=lead.wanted, lease_until=None, text=composed.html)
