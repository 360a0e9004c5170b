from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import and_, or_

from core.spans import Spans
from qc.rules.checks import Breach, Check
from qc.rules.filling import check_visits
from qc.rules.norms import Demand, Versions
from qc.rules.parameters import OWNER, DealFields, Length, parameter
from qc.rules.registry import AHEAD, REMARK, VISIT, WARN, ngettext_noop, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Brief, Fact, Field, Fields, Requirement, Said, Standing
from qc.rules.terms import Terms
from timeline.timeline import Timeline, Visit


@dataclass(frozen=True)
class RequiredFields:
    """``fields``: ids of required fields with their names."""

    fields: tuple[tuple[str, str], ...] = parameter(
        DealFields(
            added=_("Now required: %(fields)s."),
            removed=_("No longer required: %(fields)s."),
            nonsense=_("Required fields must be a list of ids of deal fields."),
        ),
        _("Required fields"),
        alias="required_fields",
        default=(),
    )
    grace: timedelta | None = parameter(
        Length(_("Grace to fill fields")),
        _("Time to fill them in, by the owner's shifts"),
        alias="fields_grace",
    )


def is_demanded(norm: RequiredFields) -> bool:
    return bool(norm.fields)


def grace(field: str, norm: RequiredFields) -> timedelta | None:
    asked = any(field == required for required, _ in norm.fields)
    return (norm.grace or timedelta()) if asked else None


def demands(versions: Versions[RequiredFields]) -> dict[Demand, list[str]]:
    """The required fields, by since when and with which graces each has been required."""
    found: dict[Demand, list[str]] = defaultdict(list)
    for field, _name in versions.last.norm.fields:
        found[versions.demand(partial(grace, field))].append(field)
    return found


def fact(norm: RequiredFields) -> Fact:
    if not norm.fields:
        return Fact(_("Required fields"), Said(_("none")))
    also = None
    if norm.grace is not None:
        also = Said(_("%(grace)s of shifts to fill them in"), {"grace": Brief(norm.grace, OWNER)})
    ids = Fields(tuple(field for field, _ in norm.fields))
    return Fact(_("Required fields"), Said("%(fields)s", {"fields": ids}), also)


def pill(norm: RequiredFields) -> tuple[str, Said, Said | None] | None:
    if not norm.fields:
        return None
    count = len(norm.fields)
    one, many = ngettext_noop("%(counter)s field", "%(counter)s fields")
    return "file-pen-line", Said(one, {"counter": count}, many, count), None


def requirements(norm: RequiredFields, standing: Standing) -> list[Requirement]:
    return [
        Requirement(
            Said(_("Fill in “%(field)s”"), {"field": Field(field)}),
            standing.is_filled(field),
            standing.opens_at,
        )
        for field, _name in norm.fields
    ]


@rule(
    "field.missing",
    _("Required fields of the stage are empty"),
    REMARK,
    clock=OWNER,
    icon="file-pen-line",
    weight=1,
    mode=WARN,
    sentence=_("Not filled in on the stage “%(stage)s”: %(fields)s"),
    variants={AHEAD: _("To be filled in on the stage “%(stage)s” by %(opens)s: %(fields)s")},
    check="a visit to a stage with required fields, owned for a part of the period; on a closing stage one "
    "that began in the period, or whose finding opened in it",
    occasion=VISIT,
    norm=RequiredFields,
    facts=fact,
    pill=pill,
    requirements=requirements,
    on_closing=True,
)
def missing_fields(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """What is not written down on a stage has to be asked again on the next one, and no report can count it.

    Fix: fill the named fields in on the deal's card.
    """
    filled: dict[str, Spans] = {}
    return check_visits(
        deal,
        terms,
        RequiredFields,
        is_demanded,
        lambda visit, versions: _breaches(deal, visit, versions, filled, terms),
    )


def _breaches(
    deal: Timeline, visit: Visit, versions: Versions[RequiredFields], filled: dict[str, Spans], terms: Terms
) -> Iterator[Breach]:
    norm = versions.last.norm
    for field, _name in norm.fields:
        if field not in filled:
            filled[field] = deal.filled(field)
    begins: dict[str, datetime] = {}
    empty: list[Spans] = []
    overdue: list[Spans] = []
    by_demand = versions.kept(demands)
    end = visit.until if len(by_demand) == 1 else None  # what is late is told of all that is empty
    for demand, fields in by_demand.items():
        begin = max(visit.since, demand[0][0] or visit.since)
        begins |= dict.fromkeys(fields, begin)
        full = filled[fields[0]] if len(fields) == 1 else reduce(and_, [filled[field] for field in fields])
        if full.covers(begin, visit.until):
            continue
        deadline = terms.deadline(visit.pieces, begin, demand, end=end)
        if deadline is not None:
            gap = Spans([(begin, visit.until)]) - full
            empty.append(gap)
            overdue.append(gap & Spans([(deadline, visit.until)]))
    if not any(overdue):
        return
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
        yield Breach(
            since, opens_at, closes_at, owner, visit.stage, values, regulation=versions.last.regulation
        )
