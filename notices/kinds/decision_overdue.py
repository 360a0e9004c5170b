from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from notices.kinds.registry import DECISION, DIRECTOR, PERSON, Fact, Rung, Said, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import DecisionSeen


def sentence(values: Mapping[str, Any]) -> Said:
    words = {"title": ("text", values["title"]), "day": ("day", values["due"]), "n": ("number", values["n"])}
    return Said(_("%(title)s. It was to be done by %(day)s, list: %(n)s."), words)


@kind(
    "decision.overdue",
    _("Decision overdue"),
    source=DECISION,
    icon="clock-alert",
    tone="bad",
    headline=_("The term of a decision is over"),
    many=ngettext_noop("%(count)s overdue decision", "%(count)s overdue decisions"),
    says=sentence,
    rungs=(Rung(PERSON), Rung(DIRECTOR, timedelta(hours=8))),
    lives=timedelta(days=7),
)
def overdue(seen: DecisionSeen, terms: Terms) -> Iterable[Fact]:
    """A decision that nobody asks about again has not been taken: its owner first, then whoever directs."""
    if seen.overdue_at is not None:
        yield Fact(
            f"decision:{seen.id}:{seen.due_on.isoformat()}",
            seen.overdue_at,
            employee=seen.employee,
            values={"decision": seen.id, "title": seen.title, "due": seen.due_on.isoformat(), "n": seen.n},
        )
