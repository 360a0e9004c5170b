"""«Что сделать сначала»: piles by what they may bring, then the dearest single deals; each with a verb."""

from datetime import datetime
from typing import Any

from metrics.snapshot import Snapshot
from web.desk.today import list_cases
from web.frame.deeds import draw_proposals, list_within
from web.frame.scope import Scope

PILES, SINGLES, ON_PHONE = 7, 3, 4


def list_deeds(
    snapshot: Snapshot, scope: Scope, reader: Any, now: datetime, *, whole: bool
) -> dict[str, Any]:
    """A deal stands in one pile; single deals are those that stand in none of them. Seven statements."""
    proposals, counted_at = list_within(scope, reader)
    shown = proposals if whole else proposals[:PILES]
    piled = {deal for one in proposals for deal in one.deals}
    singles = [one for one in list_cases(snapshot, scope, now) if one.deal.pk not in piled]
    return {
        "deeds": draw_proposals(shown, now),
        "singles": singles[: None if whole else SINGLES],
        "more": len(proposals) - len(shown),
        "expected": sum(one.expected for one in proposals),
        "deals": len(piled),
        "counted_at": counted_at,
        "on_phone": ON_PHONE,
    }
