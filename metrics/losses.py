"""What was lost: by whom, from which stage, for which reason, from which source, on which day; the day unlike others;
and what seems lost by mistake. `find_unlike` and `find_burst` are pure.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Exists, F, Func, OuterRef, QuerySet, TextField, Value
from msgspec import msgpack
from redis.exceptions import RedisError

from core import account, redis
from core.periods import Period
from metrics.sources import LOST, stage_before
from pipelines.models import CustomField, Deal, Touch
from timeline.attribution import owner_at_closing, results

SOURCE = r"^(источник|source|utm_source|канал)"
UNLIKE_TIMES, UNLIKE_LEAST, UNLIKE_SPREADS = 3, 15, 6.0
BURST = timedelta(minutes=60)
SLOW, KEPT_FOR = 1.0, 300  # seconds
VERSION = 2  # grows whenever a loss gets another shape or is found in another way
MASS, CAME_BACK = "mass", "came back"


class Loss(NamedTuple):
    deal: int
    at: datetime
    manager: int | None
    stage: str | None
    pipeline: int | None
    reason: int | None
    source: str | None
    price: Decimal
    came_back: bool = False  # the client called or wrote after it was closed


def lost_deals(period: Period) -> QuerySet[Any]:
    """Deals lost in the period, as the list of deals counts them, with ``closer`` and the stage they were lost from."""
    rows = Deal.objects.alive().alias(**results())
    rows = rows.filter(result=LOST, closing__gte=period.start, closing__lt=period.end)
    found: QuerySet[Any] = rows.annotate(
        closer=owner_at_closing("closing"), lost_from=stage_before("closed_at")
    )
    return found


def find_source() -> CustomField | None:
    """The field that says where a deal came from, by its name."""
    return CustomField.objects.filter(name__iregex=SOURCE).order_by("id").first()


def source_of(field: int) -> Func:
    """The field's value as text. Django's own key transform would take a key of digits for a place in a list."""
    return Func(
        F("fields"), Value(str(field)), function="jsonb_extract_path_text", output_field=TextField(null=True)
    )


def list_losses(period: Period, source: int | None) -> list[Loss]:
    """Every lost deal of the period, in no order; one query."""
    later = Touch.objects.filter(
        deal=OuterRef("pk"),
        at__gt=OuterRef("closed_at"),
        kind__in=[Touch.Kind.CALL_IN, Touch.Kind.MESSAGE_IN],
    )
    known = Value(None, output_field=TextField(null=True)) if source is None else source_of(source)
    rows = lost_deals(period).annotate(source=known, came_back=Exists(later))
    names = (
        "id",
        "closed_at",
        "closer",
        "lost_from",
        "pipeline_id",
        "loss_reason_id",
        "source",
        "price",
        "came_back",
    )
    return [Loss(*row) for row in rows.order_by().values_list(*names)]


class KeptLosses(NamedTuple):
    as_of: datetime
    rows: list[Loss]


def key_of(period: Period, source: int | None) -> str:
    """Under which the answer to a question is kept: by all that it depends on beside the deals."""
    asked = (VERSION, period.start.tzinfo, period.first, period.last, source, *account.own().not_selling)
    return f"losses:{connection.settings_dict['NAME']}:{':'.join(map(str, asked))}"


def read_losses(now: datetime, period: Period, source: int | None) -> KeptLosses:
    """Those of `list_losses`; where reading them takes a second or more they are kept for `KEPT_FOR` seconds."""
    key = key_of(period, source)
    with suppress(RedisError):
        kept: Any = redis.client().get(key)
        if kept:
            return msgpack.decode(kept, type=KeptLosses)
    began = time.perf_counter()
    found = KeptLosses(now, list_losses(period, source))
    if time.perf_counter() - began >= SLOW:
        with suppress(RedisError):
            redis.client().set(key, msgpack.encode(found), ex=KEPT_FOR)
    return found


@dataclass
class Heap:
    deals: int = 0
    money: Decimal = Decimal(0)

    def add(self, loss: Loss) -> None:
        self.deals += 1
        self.money += loss.price


def group_by(losses: Iterable[Loss], name: str) -> dict[Any, Heap]:
    """By one column, the most deals first."""
    found: dict[Any, Heap] = defaultdict(Heap)
    for loss in losses:
        found[getattr(loss, name)].add(loss)
    return dict(sorted(found.items(), key=lambda item: (-item[1].deals, -item[1].money, str(item[0]))))


def find_unlike(counts: Mapping[date, int]) -> list[date]:
    """Days whose count is far from the others': at least 15, three times the usual day's, and six times as far from it
    as days usually are (the median's own distance); the most unlike first. ``counts`` has every day, zeros too.

    Counted is the busiest hour of a day, not the day: a flood of leads makes long days, but only one who clears his
    table closes a dozen deals in an hour."""
    if not counts:
        return []
    usual = median(counts.values())
    spread = median(abs(count - usual) for count in counts.values()) or 1.0
    found = [
        day
        for day, count in counts.items()
        if count >= UNLIKE_LEAST
        and count >= UNLIKE_TIMES * usual
        and count - usual >= UNLIKE_SPREADS * spread
    ]
    return sorted(found, key=lambda day: (-counts[day], day))


class Burst(NamedTuple):
    """The hour in which most of a day's losses came: ``losses`` of ``[since, until]``."""

    since: datetime
    until: datetime
    losses: list[Loss]

    @property
    def minutes(self) -> int:
        return max(1, round((self.until - self.since) / timedelta(minutes=1)))

    @property
    def people(self) -> dict[int | None, int]:
        found: dict[int | None, int] = defaultdict(int)
        for loss in self.losses:
            found[loss.manager] += 1
        return dict(sorted(found.items(), key=lambda item: (-item[1], str(item[0]))))


def find_burst(losses: Iterable[Loss], length: timedelta = BURST) -> Burst | None:
    """The span of at most ``length`` with the most losses; of equals the first."""
    ordered = sorted(losses, key=lambda loss: (loss.at, loss.deal))
    best, first = (0, 0), 0
    for last, loss in enumerate(ordered):
        while loss.at - ordered[first].at > length:
            first += 1
        if last + 1 - first > best[1] - best[0]:
            best = first, last + 1
    chosen = ordered[best[0] : best[1]]
    return Burst(chosen[0].at, chosen[-1].at, chosen) if chosen else None


def find_mistakes(losses: Iterable[Loss], bursts: Sequence[Burst]) -> dict[str, list[Loss]]:
    """Those that may have been lost by mistake, by the reason to think so: the client called or wrote afterwards, or it
    was closed in a burst. One reason each, the one that speaks most for a mistake first."""
    in_burst = {one.deal for burst in bursts for one in burst.losses}
    found: dict[str, list[Loss]] = {CAME_BACK: [], MASS: []}
    for one in losses:
        if one.came_back:
            found[CAME_BACK].append(one)
        elif one.deal in in_burst:
            found[MASS].append(one)
    return found
