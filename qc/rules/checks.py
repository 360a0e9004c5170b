"""What a rule says of a deal: the occasions on which it could be broken, and the stretches in which it was."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

Stretch = tuple[datetime, datetime | None]  # half-open; None goes on; a moment alone is (moment, moment)
SHOWN = timedelta(
    days=14
)  # for how long something that cannot be mended stands open: afterwards nobody remembers
Held = Mapping[int | None, Sequence[Stretch]]  # by person


class Breach(Struct, frozen=True, gc=False):
    """A time in which a rule is broken: since ``since``, held against ``owner`` in ``[opens_at, closes_at)``.

    ``values`` fill the sentence, and ``values["case"]`` may name one of the rule's variants. ``regulation`` is the
    version judged by. ``deals``: where the rule is not about one deal, those that it is about.
    """

    since: datetime
    opens_at: datetime
    closes_at: datetime | None
    owner: int | None
    stage: str | None
    values: Mapping[str, Any]
    task: int | None = None
    regulation: int | None = None
    deals: tuple[int, ...] = ()


class Check(Struct, frozen=True, gc=False):
    """One occasion on which ``person`` could break a rule, and how he broke it: kept when ``breaches`` are none.

    ``spans`` are the times in which it was up to him: the deal (task) was his, he worked here, the norm was in force.
    Without any he is asked nothing, but what is broken stands. The occasion is told from others of the deal by ``task``
    or by its own extent ``[since, until)``, in which its breaches begin. ``once``: the occasion is to come here, so it
    counts in the period in which it began or was broken, and its time in none. ``counted`` and ``timed``: whether
    quality by count and by time ask for it. ``clock``: that of its time, where the rule leaves it to the norm.
    """

    person: int | None
    spans: tuple[Stretch, ...]
    breaches: tuple[Breach, ...] = ()
    stage: str | None = None
    task: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    once: bool = False
    counted: bool = True
    timed: bool = True
    clock: str = ""


def checks(
    held: Held,
    breaches: Iterable[Breach] = (),
    stage: str | None = None,
    task: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    once: bool = False,
    counted: bool = True,
    timed: bool = True,
    clock: str = "",
) -> list[Check]:
    """The checks of one occasion: one for everybody who held it, each with what is held against him."""
    against: dict[int | None, list[Breach]] = {}
    for breach in breaches:
        against.setdefault(breach.owner, []).append(breach)
    found = []
    for person, spans in held.items():
        own = tuple(against.pop(person, ())) if against else ()
        found.append(Check(person, tuple(spans), own, stage, task, since, until, once, counted, timed, clock))
    for person, rest in against.items():
        found.append(Check(person, (), tuple(rest), stage, task, since, until, once, counted, timed, clock))
    return found
