from collections.abc import Iterator
from datetime import datetime
from functools import reduce
from operator import and_, or_

from core.spans import Spans
from qc.rules.norms import OWNER
from qc.rules.registry import AHEAD, REMARK, Breach, gettext_noop, rule
from qc.rules.terms import Terms
from timeline.timeline import Timeline


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
        versions = terms.versions(visit)
        if versions is None or not versions.last.fields:
            continue
        norm = versions.last
        for field, _ in norm.fields:
            if field not in filled:
                filled[field] = deal.filled(field)
        begins: dict[str, datetime] = {}
        empty: list[Spans] = []
        overdue: list[Spans] = []
        for demand, fields in versions.fields.items():
            begin = max(visit.since, demand[0][0] or visit.since)
            begins |= dict.fromkeys(fields, begin)
            gap = Spans([(begin, visit.until)]) - reduce(and_, (filled[field] for field in fields))
            deadline = terms.deadline(visit.pieces, begin, demand) if gap else None
            if deadline is not None:
                empty.append(gap)
                overdue.append(gap & Spans([(deadline, visit.until)]))
        if not any(overdue):
            continue
        gaps, late = reduce(or_, empty), reduce(or_, overdue)
        told: set[datetime] = set()
        for opens_at, closes_at in late:
            since = next(gap.start for gap in gaps if gap.end is None or opens_at < gap.end)
            if since in told:  # one field was filled in time, another is late by itself
                since = opens_at
            told.add(since)
            piece = deal.piece_at(opens_at)
            # While a gap is open, what counts is what is still empty; afterwards, what was empty when it opened.
            missing = [
                [field, name]
                for field, name in norm.fields
                if (
                    begins[field] <= opens_at and opens_at not in filled[field]
                    if closes_at
                    else all(span.end for span in filled[field])
                )
            ]
            owner = piece.owner if piece else None
            values = {"fields": missing}
            yield Breach(since, opens_at, closes_at, owner, visit.stage, values, regulation=norm.regulation)
