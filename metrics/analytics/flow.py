"""The flow of the funnel by month or week: what was there, what came, what went, what is there. It reconciles."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.calendar import Cut, clip, cut_time, local_moment
from metrics.analytics.columns import Ints, read_columns
from metrics.analytics.log import ELSEWHERE, FAR, LOST, STANDS, WON, WORK, Log, read_log
from metrics.analytics.moves import (
    CREATED,
    PROGRESSED,
    REGRESSED,
    REOPENED,
    SIGNS,
    TO_LEFT,
    TO_LOST,
    TO_WON,
    Moves,
    Prices,
    list_moves,
    list_repricing,
    price_at,
)
from metrics.analytics.report import Answer, Cell, Report, money, register
from metrics.analytics.stage_times import stage_order
from metrics.analytics.terms import Terms, no_choice, no_stage
from metrics.analytics.words import WHOLE

COLUMNS = {
    "created": CREATED,
    "reopened": REOPENED,
    "progressed": PROGRESSED,
    "regressed": REGRESSED,
    "won": TO_WON,
    "lost": TO_LOST,
    "left": TO_LEFT,
}
NO_PRICES = Prices(*(np.empty(0, dtype=np.int64) for _ in range(4)))


def find_flow(log: Log, moves: Moves, cut: Cut, prices: Prices | None = None) -> list[dict[str, Any]]:
    """``end = start + created + reopened + repriced − won − lost − left`` in every period, in deals or in money.

    ``prices`` None: in deals. ``created`` has those that ``arrived`` from elsewhere; progressed and regressed are moves
    within a pipeline and change nothing.
    """
    weights = np.ones(len(moves.deal), dtype=np.int64)
    changed = changed_at = np.empty(0, dtype=np.int64)
    if prices is not None:
        weights = price_at(log, prices, moves.deal, moves.at)
        _, changed_at, changed = list_repricing(log, moves, prices)
    periods = len(cut.labels)
    number, number_of_change = cut.number(moves.at), cut.number(changed_at)
    shown = (lambda value: int(value)) if prices is None else money

    def sums(kind: int, *, only_arrived: bool = False) -> Ints:
        mine = (moves.kind == kind) & (number >= 0) & (number < periods)
        if only_arrived:
            mine &= moves.arrived
        return add_up(number[mine], weights[mine], periods)

    inside = (number_of_change >= 0) & (number_of_change < periods)
    repriced = add_up(number_of_change[inside], changed[inside], periods)
    found = {name: sums(kind) for name, kind in COLUMNS.items()} | {"repriced": repriced}
    found["arrived"] = sums(CREATED, only_arrived=True)
    earlier = number < 0
    start = int((SIGNS[moves.kind] * weights)[earlier].sum()) + int(changed[number_of_change < 0].sum())
    rows: list[dict[str, Any]] = []
    for place, label in enumerate(cut.labels):
        parts = {name: int(column[place]) for name, column in found.items()}
        end = start + parts["created"] + parts["reopened"] + parts["repriced"]
        end -= parts["won"] + parts["lost"] + parts["left"]
        rows.append(
            {"period": label, "start": shown(start)}
            | {name: shown(value) for name, value in parts.items()}
            | {"end": shown(end)}
        )
        start = end
    return rows


def add_up(number: Ints, weights: Ints, periods: int) -> Ints:
    """Whole sums by period: floats would lose the last hundredths of large ones."""
    found = np.zeros(periods, dtype=np.int64)
    np.add.at(found, number, weights)
    return found


def narrow_to_stage(log: Log, place: int) -> Moves:
    """The stock of one stage: its entries are created there; exits to other stages, and elsewhere, leave it."""
    mine = np.flatnonzero(log.stage == place)
    entered = np.where(log.earlier[mine] < 0, log.created[log.of[mine]], log.since[mine])
    gone = mine[log.following[mine] != STANDS]
    to = np.where(log.following[gone] >= 0, log.kinds[log.following[gone]], WORK)
    kinds = np.where(to == WON, TO_WON, np.where(to == LOST, TO_LOST, TO_LEFT))
    until = log.until[gone]
    ends = log.last[log.of[gone]]
    final = (to != WORK) & (gone + 1 == ends) & (log.until[ends] == FAR)
    until = np.where(final, log.closed[log.of[gone]], until)
    sorts, pipelines = stage_order(log)
    after = np.where(log.following[gone] >= 0, log.following[gone], place)
    near = (to == WORK) & (log.following[gone] != ELSEWHERE) & (pipelines[after] == pipelines[place])
    ahead, back = gone[near & (sorts[after] > sorts[place])], gone[near & (sorts[after] < sorts[place])]
    visits = np.concatenate((mine, gone, ahead, back))
    kind = np.concatenate(
        (np.full(len(mine), CREATED), kinds, np.full(len(ahead), PROGRESSED), np.full(len(back), REGRESSED))
    )
    at = np.concatenate((entered, until, log.until[ahead], log.until[back]))
    order = np.lexsort((np.where(kind == CREATED, 0, 1), visits))
    arrived = (kind == CREATED) & (log.earlier[visits] >= 0)
    return Moves(kind[order], log.of[visits][order], at[order], arrived[order])


PRICES = {
    "deal": ("e.entity_id", "int8"),
    "at": ("e.at", "timestamptz"),
    "before": ("(e.before #>> '{}')::numeric * 100", "int8"),
    "after": ("(e.after #>> '{}')::numeric * 100", "int8"),
}


def read_prices(log: Log) -> Prices:
    """What history tells of the prices of the log's deals."""
    rows = read_columns(
        PRICES,
        """from (select * from pipelines_event where kind = 'price' and entity = 'deal'
                 and before #>> '{}' ~ '^-?[0-9]{1,15}([.][0-9]+)?$'
                 and after #>> '{}' ~ '^-?[0-9]{1,15}([.][0-9]+)?$') e""",
        {},
    )
    if not len(rows["deal"]) or not len(log.ids):
        return NO_PRICES
    place = np.minimum(np.searchsorted(log.ids, rows["deal"]), len(log.ids) - 1)
    known = log.ids[place] == rows["deal"]
    order = np.lexsort((rows["at"][known], place[known]))
    return Prices(place[known][order], *(rows[name][known][order] for name in ("at", "before", "after")))


def read_cut(log: Log, moves: Moves, terms: Terms, by: str) -> Cut:
    start = terms.start
    if start is None:
        start = int(moves.at.min()) if len(moves.at) else terms.at
    return cut_from(start, terms, by)


def cut_from(start: int, terms: Terms, by: str) -> Cut:
    return clip(cut_time(start, max(terms.end, start + 1), by, terms.zone), terms.start, terms.end)


def read_moves(terms: Terms) -> tuple[Log, Moves]:
    log, stage = read_log(terms, "alive"), terms.options.get("stage", "")
    if not stage:
        return log, list_moves(log)
    if stage not in log.place:
        raise no_stage("stage", stage)
    return log, narrow_to_stage(log, log.place[stage])


def answer(terms: Terms) -> Answer:
    by, value = terms.options.get("by") or "month", terms.options.get("value") or "count"
    if by not in ("month", "week"):
        raise no_choice("by", by, ("month", "week"))
    if value not in ("count", "price"):
        raise no_choice("value", value, ("count", "price"))
    log, moves = read_moves(terms)
    cut = read_cut(log, moves, terms, by)
    counted = find_flow(log, moves, cut)
    n = [row["start"] + row["created"] + row["reopened"] for row in counted]
    rows = counted if value == "count" else find_flow(log, moves, cut, read_prices(log))
    spans = [
        {"n": count, "from": local_moment(begin, terms.zone), "to": local_moment(end, terms.zone)}
        for count, begin, end in zip(n, cut.edges[:-1].tolist(), cut.edges[1:].tolist(), strict=True)
    ]
    return {"rows": [row | span for row, span in zip(rows, spans, strict=True)], "value": value}


def behind(terms: Terms, cell: Cell) -> Ints:
    log, moves = read_moves(terms)
    cut = read_cut(log, moves, terms, terms.options.get("by") or "month")
    labels = {label: place for place, label in enumerate(cut.labels)}
    place, what = labels.get(cell.get("period", "")), cell.get("what", "")
    if place is None:
        return log.ids[:0]
    if what in ("start", "end"):
        edge = cut.edges[place + (what == "end")]
        stock = np.zeros(len(log.ids), dtype=np.int64)
        mine = moves.at < edge
        np.add.at(stock, moves.deal[mine], SIGNS[moves.kind[mine]])
        return log.ids[stock > 0]
    if what not in COLUMNS:
        return log.ids[:0]
    return log.ids[moves.deal[(moves.kind == COLUMNS[what]) & (cut.number(moves.at) == place)]]


register(
    Report(
        code="flow",
        version=2,
        title=_("Flow of the funnel"),
        icon="waves",
        about=_(
            "Start + created + reopened + repriced − won − lost − left = end, in every period. Each closing and each "
            "reopening is one move; money is what the deal cost at that moment."
        ),
        chooses=WHOLE,
        answer=answer,
        behind=behind,
        options={
            "by": "month (the default) or week",
            "value": "count (the default) or price",
            "stage": "the stock of one stage",
        },
    )
)
