from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from core.spans import Spans
from qc.rules.checks import Breach, Check, checks
from qc.rules.parameters import CALENDAR
from qc.rules.registry import VIOLATION, WARN, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import WORK, Timeline

NOBODY = "nobody"


@rule(
    "owner.gone",
    _("Deal in work belongs to somebody who has left"),
    VIOLATION,
    clock=CALENDAR,
    icon="user-x",
    weight=1,
    mode=WARN,
    sentence=_("The owner no longer works here: nobody has led the deal since %(since)s"),
    variants={NOBODY: _("Nobody has led the deal since %(since)s")},
    check="none: it is the head's matter and counts in nobody's quality",
)
def owner_gone(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """Nobody calls a client whose manager has left, and nobody notices.

    Fix: the head of sales gives the deal to somebody who works.
    """
    return checks({}, _breaches(deal, terms))


def _breaches(deal: Timeline, terms: Terms) -> Iterator[Breach]:
    ownerless: dict[int | None, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for piece in deal.pieces:
        if piece.kind != WORK:
            continue
        if piece.owner is None:
            ownerless[None].append((piece.since, piece.until))
        elif piece.owner in terms.gone:
            left_at = terms.gone[piece.owner]
            if left_at is not None:
                ownerless[piece.owner].append((max(piece.since, left_at), piece.until))
            elif piece.until is None:  # left nobody knows when: only what he still holds is certain
                ownerless[piece.owner].append((piece.since, None))
    for owner, spans in ownerless.items():
        for span in Spans(spans):
            held = deal.piece_at(span.start)
            values = {} if owner is not None else {"case": NOBODY}
            yield Breach(span.start, span.start, span.end, owner, held.stage if held else None, values)
