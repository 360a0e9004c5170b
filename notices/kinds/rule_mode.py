from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from notices.kinds.registry import HEAD, PERSON, RULE, Fact, Rung, Said, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import RuleSeen

MONEY = "money"


def sentence(values: Mapping[str, Any]) -> Said:
    counts = _("From now on “%(rule)s” counts in money.")
    no_more = _("“%(rule)s” does not count in money any more.")
    return Said(counts if values["after"] == MONEY else no_more, {"rule": ("rule", values["rule"])})


@kind(
    "rule.mode",
    _("A rule costs money, or stopped to"),
    source=RULE,
    icon="scale",
    tone="info",
    for_chats=True,
    headline=_("A rule has changed"),
    many=ngettext_noop("%(count)s rule changed", "%(count)s rules changed"),
    says=sentence,
    rungs=(Rung(PERSON), Rung(HEAD)),
    lives=timedelta(days=3),
)
def mode_changed(seen: RuleSeen, terms: Terms) -> Iterable[Fact]:
    """People must know what counts in their money from the day on which it does."""
    if (seen.before == MONEY) != (seen.after == MONEY):
        yield Fact(
            f"rule:{seen.rule}:{seen.since.isoformat()}",
            seen.since,
            values={"rule": seen.rule, "before": seen.before, "after": seen.after},
        )
