from collections.abc import Iterator, Sequence
from datetime import datetime

from qc.rules.norms import CLIENT, NORM, OWNER, Norm
from qc.rules.registry import VIOLATION, Breach, gettext_noop, rule
from qc.rules.terms import Terms
from timeline.timeline import LOST, WON, Timeline, Visit

NEW_NORM = "new"


@rule(
    "deal.stuck",
    gettext_noop("Deal stays on a stage longer than the norm"),
    VIOLATION,
    clock=NORM,
    sentence=gettext_noop(
        "On the stage “%(stage)s” for %(elapsed)s with a norm of %(norm)s: since %(since)s"
    ),
    variants={
        OWNER: gettext_noop(
            "On the stage “%(stage)s” since %(since)s; the norm of %(hours)s of the owner's shifts ends on %(opens)s"
        ),
        CLIENT: gettext_noop(
            "On the stage “%(stage)s” since %(since)s; the norm of %(hours)s of company hours ends on %(opens)s"
        ),
        NEW_NORM: gettext_noop(
            "On the stage “%(stage)s” since %(since)s, longer than the norm that is in force since %(opens)s"
        ),
    },
)
def stuck(deal: Timeline, terms: Terms) -> Iterator[Breach]:
    """A deal that outlives its stage rarely moves on by itself, and the money in it stands still.

    Fix: do the stage's next step and move the deal, or close it with a reason.
    """
    for visit in deal.visits:
        versions = terms.versions(visit)
        if versions is None or versions.last.max_stay is None or visit.kind in (WON, LOST):
            continue
        norm, stay = versions.last, versions.last.max_stay
        opens_at = outlived(visit, versions.norms, terms)
        if opens_at is None or (visit.until is not None and opens_at >= visit.until):
            continue
        owner = next(p.owner for p in reversed(visit.pieces) if p.since <= opens_at or p is visit.pieces[0])
        values: dict[str, object] = {"norm": stay.total_seconds(), "case": norm.stay_clock}
        if opens_at == norm.published_at:
            values["case"] = NEW_NORM
        if visit.pieces[0].inferred:
            values["inferred"] = True
        yield Breach(
            visit.since, opens_at, visit.until, owner, visit.stage, values, regulation=norm.regulation
        )


def outlived(visit: Visit, versions: Sequence[Norm], terms: Terms) -> datetime | None:
    """Since when the visit has outlived its norm, the last version; None = never.

    A version takes effect when it is published: what was longer than its norm by then opens at that moment, or earlier
    if it had outlived the version before, too.
    """
    opens_at = earliest = None
    for norm in reversed(versions):
        if norm.max_stay is None:
            break
        runs_out = terms.runs_out(norm.stay_clock, visit.pieces, visit.since, norm.max_stay)
        if runs_out is None or (opens_at is not None and runs_out >= opens_at):
            break
        earliest = earliest or runs_out
        opens_at = max(runs_out, norm.published_at or runs_out)
        if norm.published_at is None or runs_out > norm.published_at:
            break
    return max(opens_at, earliest) if opens_at and earliest else None
