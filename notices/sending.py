"""Deliveries go out: what is claimed is put into words and handed over, and its row says what became of it."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from core import moment
from notices import digests, email, policy, sentences, wording
from notices.claiming import Claim, Round, claim_next
from notices.models import Address, Channel, ChannelState, Delivery
from notices.mutes import read_mutes
from notices.outcomes import Moved, NotNow, NotSent, Sent, Unknown
from notices.planning import DIGEST
from notices.settling import settle, settle_failure, settle_unsaid
from notices.silences import read_silenced
from notices.telegram.client import Bot, Message

log = logging.getLogger(__name__)


def send_next(bot: Bot | None, now: datetime | None = None, about: Round | None = None) -> bool:
    """Claim and send one message; False when nothing is due on a channel that works."""
    now = now or moment.now()
    about = about or look_around(now, bot)
    claim = claim_next(now, about) if about.channels else None
    if claim is None:
        return False
    send_claim(claim, bot, about, now)
    return True


def look_around(now: datetime, bot: Bot | None) -> Round:
    states = list(ChannelState.objects.all())
    resting = {one.channel for one in states if one.retry_at is not None and one.retry_at > now}
    open_ = [Channel.EMAIL.value] if settings.EMAIL_URL else []
    if bot is not None:
        open_.append(Channel.TELEGRAM.value)
    shaken = frozenset(one.channel for one in states if one.stopped_at or one.retry_at)
    channels = [one for one in open_ if one not in resting]
    allowed = policy.read_policy()
    return Round(channels, shaken, allowed.per_shift, read_silenced(now), read_mutes(allowed, now))


def send_claim(claim: Claim, bot: Bot | None, about: Round, now: datetime) -> None:
    try:
        composed = compose(claim.rows, now)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:  # a bug of ours, which no second try mends
        log.exception("a notice could not be put into words")
        broken = [row.pk for row in claim.rows if not _is_sayable(row, now)]
        settle_unsaid(claim, broken or [row.pk for row in claim.rows], error)
        return
    if not _hand_over_begins(claim):
        return
    try:
        sent = hand_over(claim, composed, bot)
    except NotSent as error:
        settle_failure(claim, error, composed, now)
        about.stale = True
    except Exception as error:  # a bug of ours: this message is given up, the others go on
        log.exception("a notice could not be sent")
        settle_failure(claim, Unknown(f"{type(error).__name__}"), composed, now)
    else:
        settle(claim, sent, composed)
        if claim.address.channel in about.shaken:
            about.stale = True
            ChannelState.objects.filter(channel=claim.address.channel).update(
                stopped_at=None, stopped_why="", retry_at=None
            )


def _hand_over_begins(claim: Claim) -> bool:
    """False when the lease ran out meanwhile and somebody else has the rows."""
    mine = Delivery.objects.filter(claim=claim.key, state=Delivery.State.SENDING)
    return bool(mine.update(handed_at=moment.now()))


def _is_sayable(row: Delivery, now: datetime) -> bool:
    try:
        compose([row], now)
    except (DatabaseError, InterfaceError):
        raise
    except Exception:
        return False
    return True


def compose(rows: Sequence[Delivery], now: datetime) -> wording.Composed:
    lead = rows[0]
    language = lead.employee.language if lead.employee is not None else sentences.TONGUE
    day = None
    if lead.notice.kind == DIGEST and lead.employee is not None:
        day = digests.count_day(lead.employee, digests.since_of(lead.employee, now), now)
    return wording.compose(rows, now, language=language, day=day)


def hand_over(claim: Claim, composed: wording.Composed, bot: Bot | None) -> Sent:
    """Raises NotSent."""
    address, lead = claim.address, claim.rows[0]
    if address.channel == Channel.EMAIL:
        text, html = wording.as_mail(composed)
        files = [("report.png", "image/png", composed.picture())] if composed.picture else ()
        return email.send_mail(address.value, composed.subject, text, html, f"notice-{lead.pk}", files)
    if bot is None:
        raise NotNow("Telegram is not set up", 60, whole=True)
    message = Message(composed.html, composed.buttons)
    try:
        remote, note = bot.send(address.value, message, address.thread)
    except Moved as error:
        Address.objects.filter(pk=address.pk).update(value=str(error.chat))
        address.value = str(error.chat)
        remote, note = bot.send(address.value, message, address.thread)
    return Sent(remote, _follow(bot, address, composed, remote) or note)


def _follow(bot: Bot, address: Address, composed: wording.Composed, remote: str) -> str:
    """Charts come after the message that they belong to. Without them it has been told all the same: a note says so."""
    if composed.picture is None:
        return ""
    photo = ("report.png", "image/png", composed.picture())
    text = wording.cut_caption(composed.caption)
    try:
        bot.send(address.value, Message(text, silent=True, photo=photo, reply_to=int(remote)), address.thread)
    except NotSent as error:
        return f"the picture was not sent: {error}"[:500]
    return ""
