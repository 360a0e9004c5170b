"""Checks of visits on which a stage demands something of the deal's fields; on closing stages, too."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from qc.rules.checks import Breach, Check, Held, checks
from qc.rules.norms import Versions
from qc.rules.terms import Terms
from timeline.timeline import LOST, WON, Timeline, Visit

N = TypeVar("N")


def check_visits(
    deal: Timeline,
    terms: Terms,
    norm: type[N],
    demands: Callable[[N], Any],
    breaches: Callable[[Visit, Versions[N]], Iterable[Breach]],
) -> Iterator[Check]:
    """``demands``: whether a norm asks for anything; ``breaches``: of a visit whose last version does."""
    for visit in deal.visits:
        versions = terms.versions(norm, visit)
        if versions is None:
            continue
        held: Held
        asks = demands(versions.last.norm)
        is_last = visit.kind in (WON, LOST)  # a closing stage is never left: what counts is to come there
        if is_last:
            if not asks:
                continue
            held = terms.held(visit.pieces, None, {})
        elif demanded := terms.demanded(norm, visit.stage, demands):
            held = terms.holders(deal, visit, demanded)
        else:
            continue
        yield from checks(
            held,
            breaches(visit, versions) if asks else (),
            stage=visit.stage,
            since=visit.since,
            until=visit.until,
            once=is_last,
        )
