from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from qc.rules.bursts import find_bursts
from qc.rules.checks import SHOWN, Breach, Check, checks
from qc.rules.parameters import ALL_UNITS, CALENDAR, Count, Length, parameter
from qc.rules.registry import QUESTION, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.subjects import Deed
from timeline.timeline import Timeline

CODE = "deal.pingpong"


@dataclass(frozen=True)
class Throws:
    count: int = parameter(
        Count(_("Moves between pipelines"), least=2), _("Moves between pipelines, from"), default=4
    )
    window: timedelta | None = parameter(
        Length(_("Within what time"), ALL_UNITS), _("Within what time"), default=timedelta(days=30)
    )


@rule(
    CODE,
    _("Deal is thrown from pipeline to pipeline"),
    QUESTION,
    clock=CALENDAR,
    icon="arrow-left-right",
    weight=0,
    sentence=_(
        "Moved between pipelines again and again since %(since)s: %(count)s times. Who leads this client?"
    ),
    check="none: a question is answered, and counts in nobody's quality",
    norm=Throws,
    everywhere=True,
)
def pingpong(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """Two departments each give the client to the other, and both have done their part on paper.

    Fix: agree on whose client it is, and finish the deal there.
    """
    return checks({}, _breaches(deal, terms)) if len(deal.runs) > 2 else ()


def _breaches(deal: Timeline, terms: Terms) -> Iterator[Breach]:
    throws = [Deed(run[0].since, deal.id) for _before, run in pairwise(deal.runs)]
    for row, full in find_bursts(throws, lambda at: terms.portal_norm(Throws, CODE, at)):
        piece = deal.piece_at(full.at)
        owner, stage = (piece.owner, piece.stage) if piece else (None, None)
        yield Breach(row[0].at, full.at, full.at + SHOWN, owner, stage, {"count": len(row)})
