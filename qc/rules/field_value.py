from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import or_
from typing import Any, NamedTuple

from core.spans import Spans
from qc.rules.checks import Breach, Check
from qc.rules.filling import check_visits
from qc.rules.norms import Demand, Versions
from qc.rules.parameters import OWNER, Length, Listed, Options, parameter
from qc.rules.registry import AHEAD, REMARK, VISIT, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Allowed, Brief, Fact, Requirement, Said, Standing
from qc.rules.terms import Terms
from timeline.timeline import Timeline, Visit, is_filled


@dataclass(frozen=True)
class AllowedValues:
    """``values``: which options of the deal's lists are allowed; a list that is not named holds what it likes."""

    values: tuple[Listed, ...] = parameter(
        Options(_("Allowed values of lists")), _("Allowed values of lists"), default=()
    )
    grace: timedelta | None = parameter(
        Length(_("Grace to correct values")), _("Time to correct them, by the owner's shifts")
    )


def is_demanded(norm: AllowedValues) -> bool:
    return bool(norm.values)


def texts(norm: AllowedValues) -> Mapping[str, frozenset[str]]:
    return {one.field: one.texts for one in norm.values}


def texts_of(versions: Versions[AllowedValues]) -> Mapping[str, frozenset[str]]:
    """What the version that judges allows, by field."""
    return texts(versions.last.norm)


def strange(value: Any, allowed: frozenset[str]) -> list[str]:
    """What of a list's value is not allowed; nothing chosen is for other rules to tell."""
    chosen = value if isinstance(value, list) else [value]
    return [text for one in chosen if is_filled(one) and (text := str(one).strip()) not in allowed]


def grace(field: str, value: Any, norm: AllowedValues) -> timedelta | None:
    """How long a field might hold a value by this norm; None: as long as it likes."""
    allowed = texts(norm).get(field)
    return None if allowed is None or not strange(value, allowed) else norm.grace or timedelta()


def fact(norm: AllowedValues) -> Fact | None:
    if not norm.values:
        return None
    also = None
    if norm.grace is not None:
        also = Said(_("%(grace)s of shifts to correct them"), {"grace": Brief(norm.grace, OWNER)})
    return Fact(_("Allowed values"), Said("%(values)s", {"values": Allowed(norm.values)}), also)


def requirements(norm: AllowedValues, standing: Standing) -> list[Requirement]:
    return [
        Requirement(
            Said(_("Only in the list — %(values)s"), {"values": Allowed((one,))}),
            not strange(standing.value_of(one.field), one.texts),
            standing.opens_at,
        )
        for one in norm.values
    ]


@rule(
    "field.value",
    _("A value that the stage does not allow"),
    REMARK,
    clock=OWNER,
    icon="list-checks",
    weight=1,
    sentence=_("Not allowed on the stage “%(stage)s”: %(wrong)s"),
    variants={AHEAD: _("Not allowed on the stage “%(stage)s”, to be corrected by %(opens)s: %(wrong)s")},
    check="a visit to a stage on which values of lists are limited, owned for a part of the period; on a closing "
    "stage one that began in the period, or whose finding opened in it",
    occasion=VISIT,
    norm=AllowedValues,
    facts=fact,
    requirements=requirements,
    on_closing=True,
)
def other_value(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """What has not been agreed on as the stage demands comes back as a dispute when it is to be paid or delivered.

    Fix: agree on one of the allowed values and choose it on the deal's card, or move the deal to where it stands.
    """
    return check_visits(
        deal,
        terms,
        AllowedValues,
        is_demanded,
        lambda visit, versions: _breaches(deal, visit, versions, terms),
    )


class Wrong(NamedTuple):
    """A time in which a field held nothing but values that are not allowed, and since when that is too long."""

    field: str
    since: datetime
    until: datetime | None
    opens_at: datetime | None

    def holds(self, moment: datetime | None) -> bool:
        """Whether it stands at a moment; None: to the end."""
        return self.until is None if moment is None else self.since <= moment < (self.until or moment.max)


def _breaches(
    deal: Timeline, visit: Visit, versions: Versions[AllowedValues], terms: Terms
) -> Iterator[Breach]:
    found: list[Wrong] = []
    names = {one.field: one.name for one in versions.last.norm.values}
    last: dict[str, list[tuple[datetime, datetime | None, list[str]]]] = {}
    for field, allowed in versions.kept(texts_of).items():
        last[field] = []
        begun: list[tuple[datetime, datetime | None, Demand]] = []
        for since, until, value in deal.values(field):
            if not (said := strange(value, allowed)):
                continue
            asked = versions.demand(partial(grace, field, value))
            begin = max(visit.since, since, asked[0][0] or since)
            stop = (
                visit.until if until is None or (visit.until is not None and visit.until < until) else until
            )
            if stop is not None and stop <= begin:
                continue
            last[field].append((begin, stop, said))
            if begun and begun[-1][1] == begin:  # from one wrong value to another
                begun[-1] = (begun[-1][0], stop, begun[-1][2])
            else:
                begun.append((begin, stop, asked))
        for begin, stop, asked in begun:
            found.append(Wrong(field, begin, stop, terms.deadline(visit.pieces, begin, asked, end=stop)))
    late = Spans(
        (one.opens_at, one.until)
        for one in found
        if one.opens_at is not None and (one.until is None or one.opens_at < one.until)
    )
    if not late:
        return
    gaps = reduce(or_, [Spans([(one.since, one.until)]) for one in found])
    told: set[datetime] = set()
    for opens_at, closes_at in late:
        since = next(gap.start for gap in gaps if gap.end is None or opens_at < gap.end)
        if since in told:  # one field was corrected in time, another is late by itself
            since = opens_at
        told.add(since)
        piece = deal.piece_at(opens_at)
        # While it stands, what counts is what is wrong now; afterwards, what was wrong when it opened.
        shown = opens_at if closes_at is not None else None
        wrong = [
            [field, names[field], ", ".join(said)]
            for field, spans in last.items()
            for begin, stop, said in spans
            if Wrong(field, begin, stop, None).holds(shown)
        ]
        values = {"wrong": wrong}
        owner = piece.owner if piece else None
        yield Breach(
            since, opens_at, closes_at, owner, visit.stage, values, regulation=versions.last.regulation
        )
