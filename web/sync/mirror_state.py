"""How the mirror is doing: every entity's cursor, the speed of a load in progress, and the hooks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from redis import RedisError

from core import redis
from pipelines.account import budget, credentials
from pipelines.mirror import comparisons, freshness, quarantine
from pipelines.mirror.freshness import Freshness
from pipelines.models import Account, Cursor, Hook
from web.sync import restarts
from web.sync.own_settings import zone_in_words
from web.sync.restarts import Restart

NEWS = timedelta(days=1)  # how long a restart is told of
PARTS: dict[str, Promise] = {
    "web": gettext_lazy("the web server"),
    "beat": gettext_lazy("the schedule"),
    "worker-amo": gettext_lazy("the reader of amoCRM"),
    "worker-hooks": gettext_lazy("the answering of hooks"),
    "worker-work": gettext_lazy("judging and pay"),
    "sandbox": gettext_lazy("the stand-in for amoCRM, whose company begins anew"),
}


@dataclass(frozen=True)
class Progress:
    """One entity: how fresh it is and, while it loads, how far and how fast it goes. Rates are per second."""

    cursor: Cursor
    freshness: Freshness
    now: datetime

    @property
    def loading(self) -> bool:
        return self.cursor.state == Cursor.State.LOADING

    @property
    def share(self) -> float | None:
        """0–1 of the rows expected; null when amoCRM did not say how many there are."""
        if not self.cursor.expected_rows:
            return None
        return min(self.cursor.rows / self.cursor.expected_rows, 1.0)

    @property
    def rate(self) -> float | None:
        if not self.loading or self.cursor.started_at is None:
            return None
        seconds = (self.now - self.cursor.started_at).total_seconds()
        return self.cursor.rows / seconds if seconds > 0 else None

    @property
    def left(self) -> timedelta | None:
        if not self.rate or self.cursor.expected_rows is None:
            return None
        return timedelta(seconds=max(self.cursor.expected_rows - self.cursor.rows, 0) / self.rate)


def restarted(now: datetime) -> list[dict[str, Any]]:
    """Parts of the portal that were started again: which, when and why."""
    try:
        found = restarts.read(redis.client())
    except RedisError:
        return []
    return [
        {"part": PARTS.get(one.part, one.part), "at": one.at, "why": why(one)}
        for one in found
        if one.at > now - NEWS
    ]


def why(one: Restart) -> str:
    if one.signal:
        return _("it was killed by signal %(number)s") % {"number": one.signal}
    if one.code:
        return _("it ended with code %(number)s") % {"number": one.code}
    return _("it did not answer")


def read_mirror_state(now: datetime) -> dict[str, Any]:
    """The context of the sync page."""
    cursors = {cursor.entity: cursor for cursor in Cursor.objects.all()}
    entities = [
        Progress(cursors[one.entity], one, now)
        for one in freshness.read_freshness(now)
        if one.entity in cursors
    ]
    waiting = Q(handled_at=None)
    hooks = Hook.objects.filter(received_at__gt=now - timedelta(days=1)).aggregate(
        received=Count("pk"),
        last=Max("received_at"),
        waiting=Count("pk", waiting),
        failed=Count("pk", waiting & ~Q(error="")),
    )
    account = Account.objects.first()
    rest = budget.rest(account.base_url) if account else None
    return {
        "own": zone_in_words(),
        "restarted": restarted(now),
        "rest": rest,
        "rest_until": now + timedelta(seconds=rest.seconds) if rest else None,
        "entities": entities,
        "loading": any(one.loading for one in entities),
        "failed": [one for one in entities if one.cursor.state == Cursor.State.FAILED],
        "denied": [one for one in entities if one.cursor.state == Cursor.State.DENIED],
        "endless": [one for one in entities if one.cursor.state == Cursor.State.READY and one.cursor.error],
        "hooks": hooks,
        "comparison": comparisons.read_comparison(),
        "refused": quarantine.list_set_aside(),
        "changing": freshness.CHANGING,
        "dictionary": freshness.DICTIONARY,
        "hook_errors": Hook.objects.filter(waiting).exclude(error="").order_by("-id")[:5],
        "account": account,
        "by_consent": credentials.is_by_consent(account),
        "fixed": settings.AMO_BASE_URL,
    }
