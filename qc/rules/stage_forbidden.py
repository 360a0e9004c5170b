from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from qc.rules.checks import SHOWN, Breach, Check, checks
from qc.rules.parameters import CALENDAR, Stages, parameter
from qc.rules.registry import VIOLATION, VISIT, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Fact, Said
from qc.rules.sentences import Stages as StageNames
from qc.rules.terms import Terms
from timeline.timeline import LOST, WORK, Timeline


@dataclass(frozen=True)
class Onward:
    stages: tuple[str, ...] = parameter(
        Stages(_("Where deals may go from here")),
        _("Where deals may go from here (nothing chosen: anywhere)"),
        default=(),
    )


def fact(norm: Onward) -> Fact | None:
    if not norm.stages:
        return None
    return Fact(_("Where deals may go from here"), Said("%(stages)s", {"stages": StageNames(norm.stages)}))


@rule(
    "stage.forbidden",
    _("Moved to a stage that is not allowed"),
    VIOLATION,
    clock=CALENDAR,
    icon="ban",
    weight=1,
    sentence=_("Moved from “%(stages)s” to “%(stage)s” on %(since)s, where it may not go from there"),
    check="a move from a stage that says where deals may go",
    occasion=VISIT,
    norm=Onward,
    facts=fact,
)
def forbidden(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """Some moves make no sense: from «Invoice sent» to «New lead» a deal gets only by mistake or to hide something.

    Fix: move the deal to where it belongs. Closing as lost is always allowed.
    """
    for before, visit in pairwise(deal.visits):
        versions = terms.versions_at(Onward, before.stage, visit.since) if before.kind == WORK else None
        if (
            versions is None
            or not versions.last.norm.stages
            or visit.kind == LOST
            or visit.until == visit.since
        ):
            continue
        owner = visit.pieces[0].owner
        held = terms.asked_at(owner, visit.since)
        breaches = []
        if visit.stage not in versions.last.norm.stages:
            left = terms.stages.get(before.stage)
            values = {"stages": [left.name if left is not None else before.stage]}
            closes_at = min(visit.until or visit.since + SHOWN, visit.since + SHOWN)
            breaches.append(
                Breach(
                    visit.since,
                    visit.since,
                    closes_at,
                    owner,
                    visit.stage,
                    values,
                    regulation=versions.last.regulation,
                )
            )
        yield from checks(
            held, breaches, stage=visit.stage, since=visit.since, until=visit.until, timed=False
        )
