from collections.abc import Iterator
from functools import reduce
from operator import and_

from pipelines.timeline import Timeline
from qc.rules.registry import AHEAD, REMARK, Breach, gettext_noop, rule
from qc.rules.terms import OWNER, Terms
from salesops.lib.spans import Spans


@rule(
    "field.missing",
    gettext_noop("Required fields of the stage are empty"),
    REMARK,
    clock=OWNER,
    sentence=gettext_noop("Not filled in on the stage “%(stage)s”: %(fields)s"),
    variants={AHEAD: gettext_noop("To be filled in on the stage “%(stage)s” by %(opens)s: %(fields)s")},
)
def missing_fields(deal: Timeline, terms: Terms) -> Iterator[Breach]:
    """What is not written down on a stage has to be asked again on the next one, and no report can count it.

    Fix: fill the named fields in on the deal's card.
    """
    filled: dict[str, Spans] = {}
    for visit in deal.visits:
        norm = terms.norm(visit)
        if norm is None or not norm.fields:
            continue
        for field, _ in norm.fields:
            if field not in filled:
                filled[field] = deal.filled(field)
        gaps = Spans([(visit.since, visit.until)]) - reduce(and_, (filled[field] for field, _ in norm.fields))
        if not gaps:
            continue
        deadline = terms.runs_out(OWNER, visit.pieces, visit.since, norm.fields_grace)
        if deadline is None:
            continue
        for gap in gaps:
            opens_at = max(gap.start, deadline)
            if gap.end is not None and opens_at >= gap.end:
                continue
            piece = deal.piece_at(opens_at)
            # While a gap is open, what counts is what is still empty; afterwards, what was empty when it opened.
            empty = [
                [field, name]
                for field, name in norm.fields
                if (opens_at not in filled[field] if gap.end else all(span.end for span in filled[field]))
            ]
            yield Breach(
                gap.start,
                opens_at,
                gap.end,
                piece.owner if piece else None,
                visit.stage,
                {"fields": empty},
                regulation=norm.regulation,
            )
