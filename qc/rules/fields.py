from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import and_

from pipelines.timeline import Timeline
from qc.rules.registry import AHEAD, REMARK, Breach, gettext_noop, rule
from qc.rules.terms import OWNER, Demand, Norm, Terms, demand
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
        versions = terms.versions(visit)
        if not versions or not versions[-1].fields:
            continue
        norm = versions[-1]
        for field, _ in norm.fields:
            if field not in filled:
                filled[field] = deal.filled(field)
        begins: dict[str, datetime] = {}
        gaps, late = Spans(), Spans()
        for asked, fields in _by_demand(versions).items():
            begin = max(visit.since, asked[0][0] or visit.since)
            begins |= dict.fromkeys(fields, begin)
            empty = Spans([(begin, visit.until)]) - reduce(and_, (filled[field] for field in fields))
            deadline = terms.deadline(visit.pieces, begin, asked) if empty else None
            if deadline is not None:
                gaps, late = gaps | empty, late | (empty & Spans([(deadline, None)]))
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


def _by_demand(versions: Sequence[Norm]) -> dict[Demand, list[str]]:
    """The fields that the last version requires, by since when and with which grace each has been required."""
    found: dict[Demand, list[str]] = defaultdict(list)
    for field, _ in versions[-1].fields:
        found[demand(versions, partial(_grace, field))].append(field)
    return found


def _grace(field: str, norm: Norm) -> timedelta | None:
    return norm.fields_grace if any(field == required for required, _ in norm.fields) else None
