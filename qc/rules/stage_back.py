from collections.abc import Iterable
from itertools import pairwise

from qc.rules.checks import SHOWN, Breach, Check, checks
from qc.rules.parameters import CALENDAR
from qc.rules.registry import REMARK, VISIT, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import WORK, Timeline


@rule(
    "stage.back",
    _("Deal moved back"),
    REMARK,
    clock=CALENDAR,
    icon="undo-2",
    weight=0,
    sentence=_("Moved back from “%(stages)s” to “%(stage)s” on %(since)s"),
    check="a move from one stage in work to another of the same pipeline",
    occasion=VISIT,
)
def moved_back(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A deal that goes back was moved on too early: what the stage names had not been reached.

    Fix: move a deal on only when the result of the stage is there.
    """
    for run in deal.runs:
        for before, visit in pairwise(run):
            places = terms.stages.get(before.stage), terms.stages.get(visit.stage)
            if before.kind != WORK or visit.kind != WORK or None in places or visit.until == visit.since:
                continue
            left, come = places
            assert left is not None and come is not None
            owner = visit.pieces[0].owner
            held = terms.asked_at(owner, visit.since)
            breaches = []
            if come.place < left.place:
                closes_at = min(visit.until or visit.since + SHOWN, visit.since + SHOWN)
                values = {"stages": [left.name]}
                breaches.append(Breach(visit.since, visit.since, closes_at, owner, visit.stage, values))
            yield from checks(
                held, breaches, stage=visit.stage, since=visit.since, until=visit.until, timed=False
            )
