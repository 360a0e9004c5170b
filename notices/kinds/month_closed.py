from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from notices.kinds.registry import MONTH, PERSON, Fact, Rung, Said, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import MonthSeen


def sentence(values: Mapping[str, Any]) -> Said:
    words = {"month": ("month", values["month"]), "sum": ("money", values["total"])}
    return Said(_("%(month)s: %(sum)s"), words)


@kind(
    "month.closed",
    _("Month closed"),
    source=MONTH,
    icon="lock",
    tone="info",
    headline=_("Your month is closed"),
    many=ngettext_noop("%(count)s closed month", "%(count)s closed months"),
    says=sentence,
    rungs=(Rung(PERSON),),
    lives=timedelta(days=7),
)
def closed(seen: MonthSeen, terms: Terms) -> Iterable[Fact]:
    """The sum is final from now on, and its lines can be read one by one."""
    yield Fact(
        f"month:{seen.month.isoformat()}:{seen.person}",
        seen.closed_at,
        person=seen.person,
        values={"month": seen.month.isoformat(), "total": str(seen.total)},
    )
