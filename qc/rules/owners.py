from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from core.spans import Spans
from qc.rules.norms import CALENDAR
from qc.rules.registry import VIOLATION, Breach, gettext_noop, rule
from qc.rules.terms import Terms
from timeline.timeline import WORK, Timeline

NOBODY = "nobody"


@rule(
    "owner.gone",
    gettext_noop("Deal in work belongs to somebody who has left"),
    VIOLATION,
    clock=CALENDAR,
    sentence=gettext_noop("The owner no longer works here: nobody has led the deal since %(since)s"),
    variants={NOBODY: gettext_noop("Nobody has led the deal since %(since)s")},
)
def owner_gone(deal: Timeline, terms: Terms) -> Iterator[Breach]:
    """Nobody calls a client whose manager has left, and nobody notices.

    Fix: the head of sales gives the deal to somebody who works.
    """
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
