from collections.abc import Iterable
from datetime import timedelta

from notices.kinds.registry import PERSON, SHIFT, Fact, Rung, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import ShiftSeen


@kind(
    "digest",
    _("Digest at the shift's start"),
    source=SHIFT,
    icon="sunrise",
    tone="info",
    headline=_("Good morning! Today:"),
    many=ngettext_noop("%(count)s digest", "%(count)s digests"),
    rungs=(Rung(PERSON),),
    urgent=True,
    lives=timedelta(hours=6),
)
def digest(seen: ShiftSeen, terms: Terms) -> Iterable[Fact]:
    """One message at the shift's start says what the day asks for, instead of many that rang at night."""
    yield Fact(
        f"digest:{seen.employee}:{seen.day.isoformat()}",
        seen.starts_at,
        until=seen.ends_at,
        person=seen.person,
        employee=seen.employee,
        values={"day": seen.day.isoformat(), "until": seen.ends_at.isoformat()},
    )
