from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from notices.kinds.registry import DECISION, PERSON, Fact, Rung, Said, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import DecisionSeen


def sentence(values: Mapping[str, Any]) -> Said:
    words = {"title": ("text", values["title"]), "day": ("day", values["due"]), "n": ("number", values["n"])}
    return Said(_("%(title)s. Until %(day)s, list: %(n)s."), words)


@kind(
    "decision.taken",
    _("Decision to carry out"),
    source=DECISION,
    icon="gavel",
    tone="info",
    headline=_("You answer for a decision"),
    many=ngettext_noop("%(count)s decision", "%(count)s decisions"),
    says=sentence,
    rungs=(Rung(PERSON),),
    lives=timedelta(days=7),
)
def taken(seen: DecisionSeen, terms: Terms) -> Iterable[Fact]:
    """Whoever answers for something by a day has to know it, and the list it is about."""
    if seen.overdue_at is None:
        yield Fact(
            f"decision:{seen.id}:{seen.employee}",
            seen.taken_at,
            employee=seen.employee,
            values={"decision": seen.id, "title": seen.title, "due": seen.due_on.isoformat(), "n": seen.n},
        )
