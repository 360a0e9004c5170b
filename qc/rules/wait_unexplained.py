from collections.abc import Iterable, Iterator
from datetime import timedelta

from core.spans import Spans
from qc.rules.checks import Breach, Check, checks
from qc.rules.norms import Demand, Versions
from qc.rules.parameters import CALENDAR, OWNER
from qc.rules.registry import AHEAD, VIOLATION, VISIT, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Brief, Fact, Fields, Requirement, Said, Standing
from qc.rules.terms import Terms
from qc.rules.waiting import Waiting, explained, names_fields
from timeline.timeline import Timeline, Visit


def grace(norm: Waiting) -> timedelta | None:
    return (norm.grace or timedelta()) if names_fields(norm) else None


def demand(versions: Versions[Waiting]) -> Demand:
    return versions.demand(grace)


def fact(norm: Waiting) -> Fact | None:
    fields = tuple(field for field in (norm.reason, norm.promised) if field is not None)
    if not fields and norm.longest is None:
        return None
    also = None
    if norm.longest is not None:
        also = Said(_("at most %(longest)s in all"), {"longest": Brief(norm.longest, CALENDAR)})
    if not fields:
        return Fact(_("Waiting"), also or Said(""))
    if norm.grace is None:
        return Fact(_("Waiting"), Said(_("with %(fields)s"), {"fields": Fields(fields)}), also)
    words = {"fields": Fields(fields), "grace": Brief(norm.grace, OWNER)}
    return Fact(_("Waiting"), Said(_("with %(fields)s, %(grace)s of shifts to write them down"), words), also)


def requirements(norm: Waiting, standing: Standing) -> list[Requirement]:
    if not names_fields(norm):
        return []
    says = Said(_("Wait with a reason and a promised date"))
    return [Requirement(says, standing.opens_at is None, standing.opens_at)]


@rule(
    "wait.unexplained",
    _("Waiting without a reason or a promised date"),
    VIOLATION,
    clock=OWNER,
    icon="circle-question-mark",
    weight=1,
    sentence=_(
        "Waits on the stage “%(stage)s” since %(since)s, and nobody has written what for and until when"
    ),
    variants={
        AHEAD: _(
            "On the stage “%(stage)s” it must be written by %(opens)s what the client waits for, and until when"
        )
    },
    check="a visit to a stage on which deals wait with a reason, owned for a part of the period",
    occasion=VISIT,
    norm=Waiting,
    facts=fact,
    requirements=requirements,
)
def unexplained(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A base of clients who «wait» becomes a graveyard, unless each of them waits for something until some day.

    Fix: write down what the client waits for and the date he has named, or close the deal.
    """
    for visit, versions, held in terms.asked(deal, Waiting, names_fields):
        yield from checks(
            held,
            _breaches(deal, visit, versions, terms),
            stage=visit.stage,
            since=visit.since,
            until=visit.until,
        )


def _breaches(deal: Timeline, visit: Visit, versions: Versions[Waiting], terms: Terms) -> Iterator[Breach]:
    asked = versions.kept(demand)
    if not asked:
        return
    begin = max(visit.since, asked[0][0] or visit.since)
    told = Spans(one.span for one in explained(deal, visit, versions.last.norm, terms))
    for gap in Spans([(begin, visit.until)]) - told:
        opens_at = terms.deadline(visit.pieces, gap.start, asked, end=gap.end)
        if opens_at is None or (gap.end is not None and opens_at >= gap.end):
            continue
        piece = deal.piece_at(opens_at)
        owner = piece.owner if piece else None
        yield Breach(
            gap.start, opens_at, gap.end, owner, visit.stage, {}, regulation=versions.last.regulation
        )
