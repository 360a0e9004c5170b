from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from notices.kinds.registry import ALERT, DIRECTOR, HEAD, Fact, Rung, Said, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import AlertSeen


def sentence(values: Mapping[str, Any]) -> Said:
    better = _(
        "%(who)s, better than usual: %(what)s at %(rate)s in the week from %(day)s, usually %(usual)s (median of "
        "%(weeks)s weeks)."
    )
    worse = _(
        "%(who)s, worse than usual: %(what)s at %(rate)s in the week from %(day)s, usually %(usual)s (median of "
        "%(weeks)s weeks)."
    )
    words = {
        "who": ("text", values["who"]),
        "what": ("measure", values["measure"]),
        "rate": ("rate", (values["measure"], values["rate"])),
        "usual": ("rate", (values["measure"], values["usual"])),
        "weeks": ("number", values["weeks"]),
        "day": ("day", values["week"]),
    }
    return Said(better if values["good"] else worse, words)


def tell(seen: AlertSeen) -> Fact:
    """The same of a person and of a stage."""
    values = {
        "who": seen.who,
        "measure": seen.measure,
        "rate": seen.rate,
        "usual": seen.usual,
        "weeks": seen.weeks,
        "week": seen.week.isoformat(),
        "good": seen.good,
        "about": seen.about,
    }
    return Fact(f"{seen.about}:{seen.week.isoformat()}", seen.found_at, person=seen.person, values=values)


@kind(
    "week.person",
    _("Somebody’s week is unlike his others"),
    source=ALERT,
    icon="trending-up-down",
    tone="info",
    for_chats=True,
    headline=_("A week unlike the others"),
    many=ngettext_noop("%(count)s unlike week", "%(count)s unlike weeks"),
    says=sentence,
    rungs=(Rung(HEAD), Rung(DIRECTOR)),
    lives=timedelta(days=2),
)
def of_person(seen: AlertSeen, terms: Terms) -> Iterable[Fact]:
    """Who has changed is seen a week later, and not at the end of the quarter; a good week wants praise as soon."""
    if seen.person is not None:
        yield tell(seen)
