from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from notices.kinds.registry import APPEAL, PERSON, Fact, Rung, Said, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import AppealSeen


def sentence(values: Mapping[str, Any]) -> Said:
    upheld = _("The finding is withdrawn. %(text)s")
    stays = _("The finding stays. %(text)s")
    return Said(upheld if values.get("upheld") else stays, {"text": ("text", values.get("text", ""))})


@kind(
    "appeal.decided",
    _("Appeal decided"),
    source=APPEAL,
    icon="gavel",
    tone="info",
    headline=_("Your appeal is decided"),
    many=ngettext_noop("%(count)s appeal decided", "%(count)s appeals decided"),
    says=sentence,
    rungs=(Rung(PERSON),),
    lives=timedelta(days=7),
)
def decided(seen: AppealSeen, terms: Terms) -> Iterable[Fact]:
    """Whoever has disagreed waits for an answer, and the answer may change his money."""
    yield Fact(
        f"appeal:{seen.id}",
        seen.decided_at,
        employee=seen.employee,
        finding=seen.finding,
        values={"upheld": seen.upheld, "text": seen.text},
    )
