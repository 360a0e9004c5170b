from collections.abc import Iterable
from datetime import timedelta

from notices.kinds.registry import (
    ACCEPT,
    DIRECTOR,
    DISPUTE,
    FINDING,
    HEAD,
    LATER,
    OPEN,
    PERSON,
    Fact,
    Rung,
    Terms,
    kind,
    ngettext_noop,
)
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import FindingSeen

HOUR = timedelta(hours=1)


@kind(
    "task.overdue",
    _("Task overdue"),
    source=FINDING,
    icon="clock-alert",
    tone="bad",
    headline=_("A task is overdue"),
    many=ngettext_noop("%(count)s overdue task", "%(count)s overdue tasks"),
    rungs=(Rung(PERSON), Rung(HEAD, 2 * HOUR), Rung(DIRECTOR, 10 * HOUR)),
    buttons=(ACCEPT, LATER, DISPUTE, OPEN),
    rules=("task.overdue",),
    repeats=True,
    fixed=_("The task is done"),
)
def overdue(seen: FindingSeen, terms: Terms) -> Iterable[Fact]:
    """A promise to a client is being broken at this moment, and one call mends it."""
    yield Fact(f"finding:{seen.id}", seen.opens_at, person=seen.person, finding=seen.id, deal=seen.deal)
