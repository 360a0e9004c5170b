from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.spans import Spans
from qc.rules.checks import Breach, Check, Stretch, checks
from qc.rules.norms import Demand, Version, Versions
from qc.rules.parameters import OWNER, Flag, Length, parameter
from qc.rules.registry import AHEAD, DEAL, VIOLATION, WARN, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Brief, Fact, Requirement, Said, Standing
from qc.rules.terms import Terms
from timeline.timeline import WORK, Timeline


@dataclass(frozen=True)
class NextTask:
    demanded: bool = parameter(
        Flag(
            on=_("A next task is now demanded."),
            off=_("A next task is no longer demanded."),
            nonsense=_("Whether a next task is demanded must be yes or no."),
        ),
        _("A next task is demanded"),
        alias="needs_task",
        default=False,
    )
    grace: timedelta | None = parameter(
        Length(_("Grace without a task")), _("Time to plan it, by the owner's shifts"), alias="task_grace"
    )


def is_demanded(norm: NextTask) -> bool:
    return norm.demanded


def grace(norm: NextTask) -> timedelta | None:
    return (norm.grace or timedelta()) if norm.demanded else None


def demand(versions: Versions[NextTask]) -> Demand:
    return versions.demand(grace)


def fact(norm: NextTask) -> Fact:
    if not norm.demanded:
        return Fact(_("Next task"), Said(_("not demanded")))
    if norm.grace is None:
        return Fact(_("Next task"), Said(_("demanded at once")))
    words = {"grace": Brief(norm.grace, OWNER)}
    return Fact(_("Next task"), Said(_("demanded, %(grace)s of shifts to plan it"), words))


def pill(norm: NextTask) -> tuple[str, Said, Said | None] | None:
    return ("calendar-check", Said(_("next task")), None) if norm.demanded else None


def requirements(norm: NextTask, standing: Standing) -> list[Requirement]:
    if not norm.demanded:
        return []
    return [Requirement(Said(_("Have a next task")), standing.opens_at is None, standing.opens_at)]


@rule(
    "task.none",
    _("Open deal without a next task"),
    VIOLATION,
    clock=OWNER,
    icon="calendar-x-2",
    weight=2,
    mode=WARN,
    sentence=_("No next task since %(since)s: %(elapsed)s"),
    variants={AHEAD: _("No next task since %(since)s; it must be set by %(opens)s")},
    check="a deal in work on a stage that demands a task, owned for a part of the period",
    occasion=DEAL,
    norm=NextTask,
    facts=fact,
    pill=pill,
    requirements=requirements,
    reads_tasks=True,
)
def no_next_task(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A deal nobody has planned to touch goes cold unnoticed.

    Fix: put the next call or meeting into amoCRM.
    """
    demanding: list[tuple[datetime, datetime | None, Version[NextTask], Demand]] = []
    held: dict[int | None, list[Stretch]] = {}
    for visit in deal.visits:
        versions = terms.versions(NextTask, visit) if visit.kind == WORK else None
        if versions is None:
            continue
        if demanded := terms.demanded(NextTask, visit.stage, is_demanded):
            terms.held(visit.pieces, demanded, held)
        if asked := versions.kept(demand):
            begin = max(visit.since, asked[0][0] or visit.since)
            demanding.append((begin, visit.until, versions.last, asked))
    yield from checks(held, _breaches(deal, demanding, terms) if demanding else ())


def _breaches(
    deal: Timeline,
    demanding: list[tuple[datetime, datetime | None, Version[NextTask], Demand]],
    terms: Terms,
) -> Iterator[Breach]:
    for gap in (
        Spans([(since, until) for since, until, _version, _asked in demanding]) - deal.covered_by_tasks
    ):
        version, asked = next(
            (version, asked) for since, _until, version, asked in reversed(demanding) if since <= gap.start
        )
        opens_at = terms.deadline(deal.pieces, gap.start, asked, end=gap.end)
        if opens_at is None or (gap.end is not None and opens_at >= gap.end):
            continue
        piece = deal.piece_at(opens_at)
        assert piece is not None  # a gap lies inside of pieces
        values = {"grace": (version.norm.grace or timedelta()).total_seconds()}
        yield Breach(
            gap.start, opens_at, gap.end, piece.owner, piece.stage, values, regulation=version.regulation
        )
