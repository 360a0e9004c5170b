from collections.abc import Iterable, Mapping
from typing import Any

from core.zone import local_day
from notices.kinds.registry import ADMIN, MIRROR, Fact, Rung, Said, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import MirrorSeen


def sentence(values: Mapping[str, Any]) -> Said:
    one, many = ngettext_noop(
        "%(rows)s row is missing in all numbers.", "%(rows)s rows are missing in all numbers."
    )
    return Said(one, {"rows": ("number", values["rows"])}, many, int(values["rows"]))


@kind(
    "mirror.set_aside",
    _("Rows set aside"),
    source=MIRROR,
    icon="package-x",
    tone="warn",
    headline=_("Rows of amoCRM could not be stored"),
    many=ngettext_noop("%(count)s heap of rows set aside", "%(count)s heaps of rows set aside"),
    says=sentence,
    rungs=(Rung(ADMIN),),
)
def set_aside(seen: MirrorSeen, terms: Terms) -> Iterable[Fact]:
    """What stands aside is missing from every number; once a day is often enough to hear of it."""
    if seen.set_aside:
        day = local_day(seen.now).isoformat()
        yield Fact(f"aside:{day}", seen.now, values={"rows": seen.set_aside})
