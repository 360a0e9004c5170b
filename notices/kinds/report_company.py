from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from notices.kinds.registry import DIRECTOR, REPORT, Fact, Rung, Said, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import ReportSeen


def sentence(values: Mapping[str, Any]) -> Said:
    return Said(_("Report No. %(number)s: decisions, what became of earlier ones, whom to praise."), {
        "number": ("number", values["report"])
    })  # fmt: skip


@kind(
    "report.company",
    _("Report of the week or month"),
    source=REPORT,
    icon="newspaper",
    tone="info",
    for_chats=True,
    headline=_("The report is ready"),
    many=ngettext_noop("%(count)s report", "%(count)s reports"),
    says=sentence,
    rungs=(Rung(DIRECTOR),),
    urgent=True,
    lives=timedelta(days=2),
)
def company(seen: ReportSeen, terms: Terms) -> Iterable[Fact]:
    """One page a week says where to step in, with three decisions to take and what became of the last ones."""
    if seen.head is None:
        yield Fact(f"report:{seen.number}", seen.as_of, values={"report": seen.number})
