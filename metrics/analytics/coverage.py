"""What the other reports stand on: how much is told of deals, and what of it is missing or had to be inferred."""

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.calendar import local_moment
from metrics.analytics.columns import Ints, read_columns
from metrics.analytics.log import FAR, OPEN, WORK, Log, read_log
from metrics.analytics.moves import REOPENED, list_moves
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import Terms
from metrics.analytics.words import CREATED

LAST_EVENT = (
    "from (select at from pipelines_event where entity = 'deal' and at <= %(now)s order by at desc limit 1) e"
)
INFERRED = "from pipelines_stay s where s.inferred and s.entered_at = s.visit_since"


def find_counts(log: Log, inferred: Ints) -> dict[str, Ints]:
    """By name the places of the deals, once for each time that something was counted."""
    visits = np.arange(len(log.of))
    work = (log.kind == WORK) & log.ended
    moves, n = list_moves(log), np.arange(len(log.ids))
    return {
        "deals": n,
        "visits": log.of[visits],
        "instant": log.of[work & (log.until == log.since)],
        "backwards": log.of[log.ended & (log.until < log.since)],
        "same_stage": log.of[log.ended & (log.following == log.stage)],
        "inferred": inferred,
        "never_moved": n[log.first == log.last],
        "closed_at_once": n[(log.first == log.last) & (log.result != OPEN)],
        "without_price": n[log.price == 0],
        "reopened": moves.deal[moves.kind == REOPENED],
    }


def read_counts(terms: Terms) -> tuple[Log, dict[str, Ints]]:
    log = read_log(terms, "created")
    told = read_columns({"deal": ("s.deal_id", "int8")}, INFERRED, {})["deal"]
    places = np.searchsorted(log.ids, told)
    known = places < len(log.ids)
    known[known] = log.ids[places[known]] == told[known]
    return log, find_counts(log, places[known])


def answer(terms: Terms) -> Answer:
    log, counts = read_counts(terms)
    last = read_columns({"at": ("e.at", "timestamptz")}, LAST_EVENT, {"now": terms.now})["at"]
    edges = {
        "first_created": log.created.min(initial=FAR),
        "last_created": log.created.max(initial=-FAR),
        "last_event": max([*last.tolist(), *log.closed[log.closed != FAR].tolist(), -FAR]),
    }
    known = len(log.ids) > 0
    return {
        "rows": [{"what": name, "n": len(deals)} for name, deals in counts.items()],
        "n": len(log.ids),
        **{
            name: local_moment(int(edge), terms.zone) if known and edge != -FAR else None
            for name, edge in edges.items()
        },
        "moved_now": int((log.since[log.last] == terms.at).sum()) if known else 0,
    }


def behind(terms: Terms, cell: Cell) -> Ints:
    log, counts = read_counts(terms)
    return log.ids[counts.get(cell.get("what", ""), np.empty(0, dtype=np.int64))]


register(
    Report(
        code="coverage",
        title=_("What is known"),
        icon="database",
        about=_(
            "What all reports stand on. Inferred: the move into the stage was never told and follows from what came "
            "later. Instant: left in the second of the entry, by a robot or by whoever drags a card through."
        ),
        chooses=CREATED,
        answer=answer,
        behind=behind,
    )
)
