from collections.abc import Iterator

from pipelines.timeline import LOST, WON, Timeline
from qc.rules.registry import VIOLATION, Breach, gettext_noop, rule
from qc.rules.terms import CLIENT, NORM, OWNER, Terms


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
    },
)
def stuck(deal: Timeline, terms: Terms) -> Iterator[Breach]:
    """A deal that outlives its stage rarely moves on by itself, and the money in it stands still.

    Fix: do the stage's next step and move the deal, or close it with a reason.
    """
    for visit in deal.visits:
        norm = terms.norm(visit)
        if norm is None or norm.max_stay is None or visit.kind in (WON, LOST):
            continue
        opens_at = terms.runs_out(norm.stay_clock, visit.pieces, visit.since, norm.max_stay)
        if opens_at is None or (visit.until is not None and opens_at >= visit.until):
            continue
        owner = next(p.owner for p in reversed(visit.pieces) if p.since <= opens_at or p is visit.pieces[0])
        values: dict[str, object] = {"norm": norm.max_stay.total_seconds(), "case": norm.stay_clock}
        if visit.pieces[0].inferred:
            values["inferred"] = True
        yield Breach(
            visit.since, opens_at, visit.until, owner, visit.stage, values, regulation=norm.regulation
        )
