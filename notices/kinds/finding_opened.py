from collections.abc import Iterable

from notices.kinds.registry import (
    ACCEPT,
    DISPUTE,
    FINDING,
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

QUESTION = "question"


@kind(
    "finding.opened",
    _("Another rule is broken"),
    source=FINDING,
    icon="shield-alert",
    tone="warn",
    for_chats=True,
    headline=_("Something is out of order"),
    many=ngettext_noop("%(count)s new finding", "%(count)s new findings"),
    rungs=(Rung(PERSON),),
    buttons=(ACCEPT, LATER, DISPUTE, OPEN),
    loud=False,
    fixed=_("Mended"),
)
def opened(seen: FindingSeen, terms: Terms) -> Iterable[Fact]:
    """Whatever costs quality should be known on the day it happens, not at the end of the month.

    It can wait for the next look at the portal or for the morning's digest, so it does not ring."""
    if seen.severity != QUESTION:
        yield Fact(f"finding:{seen.id}", seen.opens_at, person=seen.person, finding=seen.id, deal=seen.deal)
