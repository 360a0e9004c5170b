from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from qc.rules.checks import SHOWN, Breach, Check, checks
from qc.rules.norms import Version
from qc.rules.parameters import CALENDAR, Flag, parameter
from qc.rules.registry import REMARK, VISIT, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Fact, Said
from qc.rules.terms import Terms
from timeline.timeline import LOST, WON, WORK, Timeline, Visit, pipeline_of


@dataclass(frozen=True)
class Stop:
    demanded: bool = parameter(
        Flag(
            on=_("The stage may no longer be skipped."),
            off=_("The stage may be skipped now."),
            nonsense=_("Whether the stage may be skipped must be yes or no."),
        ),
        _("No deal may skip this stage"),
        default=False,
    )


def fact(norm: Stop) -> Fact | None:
    return Fact(_("Skipping"), Said(_("no deal may skip this stage"))) if norm.demanded else None


@rule(
    "stage.skipped",
    _("Stage was skipped"),
    REMARK,
    clock=CALENDAR,
    icon="skip-forward",
    weight=1,
    sentence=_("Came to “%(stage)s” on %(since)s past “%(stages)s”"),
    check="a move on past a stage that no deal may skip, or onto one behind it",
    occasion=VISIT,
    norm=Stop,
    facts=fact,
    beyond=True,
)
def skipped(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """What a stage was made for is not done when the deal has jumped over it.

    Fix: move the deal back and do what the skipped stage asks.
    """
    for run in deal.runs:
        yield from _judged(run, terms)


def _judged(run: Sequence[Visit], terms: Terms) -> Iterator[Check]:
    """A deal that comes from another pipeline, or begins in the middle, has skipped nothing here."""
    seen = set()
    first = terms.stages.get(run[0].stage)
    for number, visit in enumerate(run):
        seen.add(visit.stage)
        come = terms.stages.get(visit.stage)
        if not number or first is None or come is None or visit.kind == LOST or visit.until == visit.since:
            continue
        stops = _stops(visit, first.place, come.place, terms)
        if not stops:
            continue
        owner = visit.pieces[0].owner
        held = terms.asked_at(owner, visit.since)
        missed = {stage: version for stage, version in stops.items() if stage not in seen}
        breaches = []
        if missed:
            closes_at = min(visit.until or visit.since + SHOWN, visit.since + SHOWN)
            values = {"stages": [terms.stages[stage].name for stage in missed]}
            regulation = next(iter(missed.values())).regulation
            breaches.append(
                Breach(visit.since, visit.since, closes_at, owner, visit.stage, values, regulation=regulation)
            )
            seen.update(missed)  # told once
        yield from checks(
            held, breaches, stage=visit.stage, since=visit.since, until=visit.until, timed=False
        )


def _stops(visit: Visit, first: int, come: int, terms: Terms) -> dict[str, Version[Stop]]:
    """Stages between the first one of the run and this one that no deal may skip, in their order."""
    pipeline = pipeline_of(visit.stage)
    found = []
    for stage, version in terms.demanding(Stop, _demands, visit.since, pipeline):
        place = terms.stages.get(stage)
        if place is None or place.kind != WORK:
            continue
        if first < place.place and (visit.kind == WON or place.place < come):
            found.append((place.place, stage, version))
    return {stage: version for _place, stage, version in sorted(found, key=lambda one: one[:2])}


def _demands(norm: Stop) -> bool:
    return norm.demanded
