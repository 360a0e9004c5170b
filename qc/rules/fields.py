from collections.abc import Iterator
from functools import reduce
from operator import and_

from pipelines.timeline import Timeline
from qc.rules.registry import AHEAD, REMARK, Breach, rule
from qc.rules.terms import OWNER, Terms
from salesops.lib.spans import Spans


@rule(
    "field.missing",
    "Required fields of the stage are empty",
    REMARK,
    clock=OWNER,
    sentence="Not filled in on the stage “%(stage)s”: %(fields)s",
    variants={AHEAD: "To be filled in on the stage “%(stage)s” by %(opens)s: %(fields)s"},
)
def missing_fields(deal: Timeline, terms: Terms) -> Iterator[Breach]:
    """What is not written down on a stage has to be asked again on the next one, and no report can count it.

    Fix: fill the named fields in on the deal's card.
    """
    for visit in deal.visits:
        norm = terms.norm(visit)
        if norm is None or not norm.fields:
            continue
        filled = {field: deal.filled(field) for field, _ in norm.fields}
        gaps = Spans([(visit.since, visit.until)]) - reduce(and_, filled.values())
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
                (field, name)
                for field, name in norm.fields
                if (opens_at not in filled[field] if gap.end else all(span.end for span in filled[field]))
            ]
            yield Breach(
                gap.start,
                opens_at,
                gap.end,
                piece.owner if piece else None,
                visit.stage,
                {"fields": dict(empty)},
                regulation=norm.regulation,
            )
