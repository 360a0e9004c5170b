"""Who is to be told what, and when: from facts, people and terms to steps and deliveries. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from notices.kinds.registry import Fact, Kind, Terms
from team.clock import CALENDAR, AnyClock

PAGE = "page"
ROUNDS = 4  # between a shift and hours of quiet: more than that and somebody is never reachable


class StepPlan(NamedTuple):
    """A rung of a chain with its moment."""

    number: int
    audience: str
    due_at: datetime


@dataclass(frozen=True)
class Recipient:
    """Somebody who may be told (or, with ``address``, a group chat): ``channels`` that reach him, in his order.

    ``muted`` kinds do not ring; from ``quiet[0]`` to ``quiet[1]``, by ``zone``, nothing does. What does not ring stands
    behind the bell all the same; a group chat has none.
    """

    key: str
    employee: int | None
    address: int | None = None
    clock: AnyClock = CALENDAR
    channels: tuple[str, ...] = ()
    muted: frozenset[str] = frozenset()
    quiet: tuple[time, time] | None = None
    zone: tzinfo | None = field(default=None, compare=False)


class Wanted(NamedTuple):
    """A delivery that shall be."""

    recipient: Recipient
    channel: str
    due_at: datetime
    expires_at: datetime | None


def plan_steps(one: Kind, terms: Terms, fact: Fact, clock: AnyClock, now: datetime) -> list[StepPlan]:
    """The chain of a fact, each rung after so much working time of ``clock`` (that of whom the fact is about).

    Nobody is told of a fact that was stale before anybody could, nor warned when more than half of the time for it had
    gone: that is no warning. A rung that never comes is left out.
    """
    if not terms.on or (fact.until is not None and fact.until <= now):
        return []
    if terms.ahead and now > fact.at + terms.ahead / 2:
        return []
    begins = clock.resumes(fact.at)
    if begins is None:
        return []
    steps = []
    for number, rung in enumerate(terms.rungs):
        due_at = clock.after(begins, rung.after)
        if due_at is not None:
            steps.append(StepPlan(number, rung.audience, due_at))
    return steps


def plan_deliveries(
    one: Kind, terms: Terms, fact: Fact, due_at: datetime, recipients: Iterable[Recipient], now: datetime
) -> list[Wanted]:
    """What a step that is due at ``due_at`` tells these recipients.

    Behind the bell at once; on the first of his channels when he is next at work and does not want quiet, if that is
    not too late.
    """
    wanted = []
    for recipient in recipients:
        if recipient.address is None:
            wanted.append(Wanted(recipient, PAGE, due_at, None))
        if not terms.loud or one.code in recipient.muted or not recipient.channels:
            continue
        moment = find_moment(recipient, max(due_at, now) if due_at < now else due_at)
        if moment is None or (fact.until is not None and moment >= fact.until):
            continue
        expires_at = fact.until or moment + one.lives
        wanted.append(Wanted(recipient, recipient.channels[0], moment, expires_at))
    return wanted


def find_moment(recipient: Recipient, moment: datetime) -> datetime | None:
    """When somebody may next be reached from ``moment`` on: at work, and not in his hours of quiet. None: never."""
    for _round in range(ROUNDS):
        at_work = recipient.clock.resumes(moment)
        if at_work is None:
            return None
        moment = end_of_quiet(at_work, recipient.quiet, recipient.zone)
        if moment == at_work:
            return moment
    return None


def end_of_quiet(moment: datetime, quiet: tuple[time, time] | None, zone: tzinfo | None) -> datetime:
    """``moment`` itself unless it lies in the hours of quiet, which may go over midnight; then their end."""
    if quiet is None or zone is None or quiet[0] == quiet[1]:
        return moment
    starts, ends = quiet
    local = moment.astimezone(zone)
    hour = local.time()
    inside = starts <= hour < ends if starts < ends else hour >= starts or hour < ends
    if not inside:
        return moment
    day = local.date() if hour < ends else local.date() + timedelta(days=1)
    return max(datetime.combine(day, ends, zone).astimezone(moment.tzinfo), moment)


class Due(NamedTuple):
    """A queued delivery of an address that may go out now; ``money`` is the price of its deal."""

    id: int
    kind: str
    urgent: bool
    due_at: datetime
    money: Decimal = Decimal(0)


class Parcel(NamedTuple):
    """What goes out as one message (the first leads), or, with ``hold_until``, does not go yet."""

    deliveries: tuple[int, ...]
    hold_until: datetime | None = None


DIGEST = "digest"
ALONE = 2  # so many at once still go out singly
REST = timedelta(hours=4)  # between heaps once the shift's single messages are used up


def pack(due: Sequence[Due], sent: int, last: datetime | None, per_shift: int, now: datetime) -> Parcel:
    """The next message to one address, from all that is due for it.

    The dearest deal leads and is told first. A digest takes everything along. More than two at once are one heap.
    Whoever has had his single messages of the shift (``sent`` of ``per_shift``) gets a heap every four hours after the
    ``last`` one; what is urgent does not wait.
    """
    due = sorted(due, key=lambda one: (-one.money, one.due_at, one.id))
    for one in due:
        if one.kind == DIGEST:
            rest = tuple(other.id for other in due if other.id != one.id)
            return Parcel((one.id, *rest))
    for one in due:
        if one.urgent:
            return Parcel((one.id,))
    if sent >= per_shift and last is not None and now < last + REST:
        return Parcel(tuple(one.id for one in due), last + REST)
    if len(due) > ALONE or sent >= per_shift:
        return Parcel(tuple(one.id for one in due))
    return Parcel((due[0].id,))


def is_repeated(one: Kind, copies: int, expires_at: datetime | None, now: datetime, most: int = 1) -> bool:
    """Whether what nobody knows to have arrived is sent again: by the class of its kind, while it is news, and at
    most so often: a chat whose answers get lost is not filled with repeats.
    """
    return one.repeats and copies < most and (expires_at is None or now < expires_at)
