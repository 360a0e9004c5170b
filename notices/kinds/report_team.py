from collections.abc import Iterable
from datetime import timedelta

from notices.kinds.registry import PERSON, REPORT, Fact, Rung, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.report_company import sentence
from notices.kinds.sources import ReportSeen


@kind(
    "report.team",
    _("Weekly report of a department"),
    source=REPORT,
    icon="newspaper",
    tone="info",
    for_chats=True,
    headline=_("The report of your department is ready"),
    many=ngettext_noop("%(count)s report", "%(count)s reports"),
    says=sentence,
    rungs=(Rung(PERSON),),
    urgent=True,
    lives=timedelta(days=2),
)
def team(seen: ReportSeen, terms: Terms) -> Iterable[Fact]:
    """Whoever heads people hears of theirs what the director hears of all."""
    if seen.head is not None:
        yield Fact(
            f"report:{seen.number}",
            seen.as_of,
            employee=seen.head,
            values={"report": seen.number, "head": seen.head},
        )
