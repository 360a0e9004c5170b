from collections.abc import Iterable
from datetime import timedelta

from notices.kinds.registry import FINDING, OPEN, PERSON, Fact, Rung, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import FindingSeen


@kind(
    "task.soon",
    _("Task will be overdue soon"),
    source=FINDING,
    icon="alarm-clock",
    tone="warn",
    headline=_("A task is due soon"),
    many=ngettext_noop("%(count)s task due soon", "%(count)s tasks due soon"),
    rungs=(Rung(PERSON),),
    buttons=(OPEN,),
    rules=("task.overdue",),
    ahead=timedelta(minutes=30),
    loud=False,
    fixed=_("The task is done"),
)
def due_soon(seen: FindingSeen, terms: Terms) -> Iterable[Fact]:
    """amoCRM rings about its own tasks as well, so this stands behind the bell only, unless somebody wants more."""
    yield Fact(
        f"finding:{seen.id}",
        seen.opens_at - terms.ahead,
        until=seen.opens_at,
        person=seen.person,
        finding=seen.id,
        deal=seen.deal,
    )
