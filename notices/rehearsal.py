"""What would have been said in the last days: the whole machine on a stopped clock, and nothing of it stays.

For an admin before he switches notices on, and for whoever wants to know how many messages a shift brings.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from django.conf import settings
from django.db import transaction

from core import moment
from core.zone import local_day
from notices import failing, noting, sending
from notices.models import Address, Channel, Delivery, Notice, Policy
from notices.policy import row
from notices.telegram.client import Bot, Message
from team.models import Employee
from team.schedules import load_clocks


class Paper(Bot):
    """A bot that writes into a list."""

    def __init__(self) -> None:
        self._numbers, self.said = count(1), list[tuple[datetime, str, str]]()

    def send(self, chat: str, message: Message, thread: int | None = None) -> tuple[str, str]:
        self.said.append((moment.now(), chat, message.html))
        return str(next(self._numbers)), ""

    def close(self) -> None:
        return


@dataclass
class Rehearsed:
    """``messages``: how many went to whom on which day; ``kinds``: what they were about, by the leading notice;
    ``rungs``: by how high they went; ``facts``: notices by kind; ``texts``: some, to be read."""

    messages: Counter[tuple[str, date]] = field(default_factory=Counter)
    roles: dict[str, str] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    rungs: Counter[int] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)
    heaps: int = 0
    merged: int = 0
    dropped: int = 0
    mended_within: dict[str, Counter[str]] = field(default_factory=dict)
    texts: list[tuple[datetime, str, str]] = field(default_factory=list)


def rehearse(
    since: datetime, until: datetime, step: timedelta, tell: Callable[[datetime], None]
) -> Rehearsed:
    """Run from ``since`` to ``until`` in steps; findings are those that stand in the house now.

    Digests count tasks as they are now, so their numbers are not those of that day; how many there are is right.
    """
    result, token = Rehearsed(), settings.TELEGRAM_BOT_TOKEN
    with transaction.atomic():
        try:
            settings.TELEGRAM_BOT_TOKEN = token or "1:paper"  # what a chat would get, before there is a bot
            _run(since, until, step, tell, result)
        finally:
            settings.TELEGRAM_BOT_TOKEN = token
            transaction.set_rollback(True)
            moment.fix(settings.FIXED_NOW or None)
    return result


def _run(
    since: datetime, until: datetime, step: timedelta, tell: Callable[[datetime], None], result: Rehearsed
) -> None:
    Notice.objects.all().delete()
    row()
    Policy.objects.update(started_at=since)
    names = {}
    Address.objects.all().delete()
    for one in Employee.objects.filter(is_active=True):
        if not one.has_left:
            Address.objects.create(
                channel=Channel.TELEGRAM, value=str(one.pk), employee=one, linked_at=since, confirmed_at=since
            )
            names[str(one.pk)] = str(one)
            result.roles[str(one)] = one.role
    paper, clocks, now, day = Paper(), load_clocks(), since, None
    while now < until:
        moment.fix(now.isoformat())
        noting.note_facts(now, clocks=clocks)
        noting.follow_facts(now)
        noting.climb_steps(now, clocks=clocks)
        about = sending.look_around(now, paper)
        while sending.send_next(paper, now, about):
            pass
        failing.rescue_waiting(now)
        if local_day(now) != day:
            day = local_day(now)
            tell(now)
        now += step
    for at, chat, html in paper.said:
        result.messages[names[chat], local_day(at)] += 1
        result.texts.append((at, names[chat], html))
    _count(result, until)


def _count(result: Rehearsed, until: datetime) -> None:
    sent = Delivery.objects.filter(channel=Channel.TELEGRAM, state=Delivery.State.SENT)
    for row_ in sent.filter(lead=None).select_related("notice").prefetch_related("members"):
        result.kinds[row_.notice.kind] += 1
        result.rungs[row_.step] += 1
        result.heaps += bool(row_.members.all()) and row_.notice.kind != "digest"
    result.merged = sent.exclude(lead=None).count()
    result.dropped = Delivery.objects.filter(channel=Channel.TELEGRAM, state=Delivery.State.DROPPED).count()
    result.facts.update(Notice.objects.values_list("kind", flat=True))
    told: Any = sent.filter(step=0, notice__finding__isnull=False).select_related("notice__finding")
    for one in told:
        closes = one.notice.finding.closes_at
        after = None if closes is None else closes - one.sent_at
        within = (
            "open"
            if after is None or closes > until
            else "same shift"
            if after < timedelta(hours=10)
            else "later"
        )
        result.mended_within.setdefault(one.notice.kind, Counter())[within] += 1
