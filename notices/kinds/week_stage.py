from collections.abc import Iterable
from datetime import timedelta

from notices.kinds.registry import ALERT, DIRECTOR, Fact, Rung, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import AlertSeen
from notices.kinds.week_person import sentence, tell


@kind(
    "week.stage",
    _("A stage’s week is unlike its others"),
    source=ALERT,
    icon="trending-up-down",
    tone="info",
    for_chats=True,
    headline=_("A stage’s week unlike the others"),
    many=ngettext_noop("%(count)s unlike week of a stage", "%(count)s unlike weeks of stages"),
    says=sentence,
    rungs=(Rung(DIRECTOR),),
    lives=timedelta(days=2),
)
def of_stage(seen: AlertSeen, terms: Terms) -> Iterable[Fact]:
    """What has changed on a stage for everybody is no matter of one person's diligence: whoever directs looks first."""
    if seen.person is None:
        yield tell(seen)
