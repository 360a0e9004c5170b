"""When each deal first had an outgoing call or message of a person, when it became his, and when he first left a trace.

Of a deal whose visits each had one owner, all of it inside of the log's scope, the log tells whose it was when; the
contact is the earliest of the touches that are read at once. All others are looked up one by one. A contact on the
client's card is one of each deal of his that is open then (docs/decisions/0028).
"""

from functools import partial
from typing import Any

import numpy as np

from core.beside import ask_beside
from metrics.analytics.columns import Flags, Ints, read_columns, write_array
from metrics.analytics.log import ELSEWHERE, FAR, NOBODY, Log
from metrics.analytics.terms import EPOCH, Terms
from metrics.analytics.win_rates import find_places
from timeline.attribution import OPEN_AT_TOUCH

Contacts = tuple[Ints, Ints, Ints]
MEETS = "t.kind in ('call_out', 'message_out') and t.manager_id is not null"
MANY = 20_000  # deals to look up: for fewer a second connection is not worth its cost
ON_CARD = f"t.contact_id = d.contact_id and t.deal_id is null and {MEETS} and t.at >= d.created_at and {OPEN_AT_TOUCH}"
# Beside the touches, with nobody as their author, the deals that changed hands in a visit.
TOUCHES = f"""
    from (
        select t.deal_id, t.at, t.manager_id from pipelines_touch t
        where {MEETS} and t.deal_id is not null and t.at >= %(start)s and t.at < %(now)s
        union all
        select d.id, t.at, t.manager_id from pipelines_touch t join pipelines_deal d on {ON_CARD}
        where t.at >= %(start)s and t.at < %(now)s
        union all
        select s.deal_id, 'infinity', %(nobody)s from pipelines_stay s where s.entered_at > s.visit_since
    ) t"""
TOUCH = {"deal": ("t.deal_id", "int8"), "at": ("t.at", "timestamptz"), "person": ("t.manager_id", "int8")}
# Deals that are looked up whole, and, with no contact beside them, those of which the trace alone is not known.
# Moments are numbers of the log's here and there; within a deal its few events lie side by side in the index.
LOOKED_UP = f"""
    from (
        select d.id, met.at as met, least(greatest(coalesce(given.at, d.created_at), d.created_at), met.at) as given,
               coalesce(traced.at, met.at) as traced
        from unnest(%(odd)s::bigint[]) asked (id)
        join pipelines_deal d on d.id = asked.id
        cross join lateral (
            select t.at, t.manager_id from (
                select t.id, t.at, t.manager_id from pipelines_touch t
                where t.deal_id = d.id and {MEETS} and t.at >= d.created_at and t.at < %(now)s
                union all
                select t.id, t.at, t.manager_id from pipelines_touch t where {ON_CARD} and t.at < %(now)s
            ) t order by t.at, t.id limit 1
        ) met
        left join lateral (
            select min(s.entered_at) as at from pipelines_stay s
            where s.deal_id = d.id and s.manager_id = met.manager_id and s.entered_at <= met.at
        ) given on true
        left join lateral (
            select min(e.at) as at from pipelines_event e
            where e.entity = 'deal' and e.entity_id = d.id and e.author_id = met.manager_id
              and e.at >= greatest(given.at, d.created_at) and e.at <= met.at
        ) traced on true
        union all
        select asked.id, 'infinity', 'infinity', traced.at
        from unnest(%(ids)s::bigint[], %(people)s::bigint[], %(given)s::bigint[], %(met)s::bigint[])
            asked (id, person, given, met)
        cross join lateral (
            select min(e.at) as at from pipelines_event e
            where e.entity = 'deal' and e.entity_id = asked.id and e.author_id = asked.person
              and e.at >= %(epoch)s + asked.given * interval '1 microsecond'
              and e.at <= %(epoch)s + asked.met * interval '1 microsecond'
        ) traced
        where traced.at is not null
    ) found"""
COLUMNS = {
    "id": ("found.id", "int8"),
    **{name: (f"found.{name}", "timestamptz") for name in ("met", "given", "traced")},
}


def read_touches(terms: Terms) -> dict[str, Ints]:
    """What `read_contacts` begins with, whichever deals it is about. One statement."""
    start = terms.period.start if terms.period else EPOCH
    return read_columns(TOUCH, TOUCHES, {"start": start, "now": terms.now, "nobody": NOBODY})


def read_contacts(log: Log, terms: Terms, read: dict[str, Ints]) -> Contacts:
    """(contact, became his, first trace) of each deal of the log; FAR where nobody has called. Two statements more."""
    met, given, traced = (np.full(len(log.ids), FAR) for _ in range(3))
    place, known = find_places(log.ids, read["deal"])
    odd = find_odd(log, place[known & (read["person"] == NOBODY)])
    known &= (read["person"] != NOBODY) & (read["at"] >= log.created[place])
    place, at, person = place[known], read["at"][known], read["person"][known]
    first = np.full(len(log.ids), FAR)
    np.minimum.at(first, place, at)
    earliest = at == first[place]
    who, ties = np.full(len(log.ids), NOBODY), np.bincount(place[earliest], minlength=len(log.ids)) > 1
    who[place[earliest]] = person[earliest]
    odd |= ties
    plain = (first != FAR) & ~odd
    met[plain] = first[plain]
    given[plain] = find_given(log, met, who)[plain]
    traced[plain] = met[plain]
    asked = np.flatnonzero(plain & (given < met))
    numbers = {"odd": log.ids[odd], "ids": log.ids[asked], "people": who[asked]}
    numbers |= {"given": given[asked], "met": met[asked]}
    rows = look_up(numbers, terms)
    place, _known = find_places(log.ids, rows["id"])
    traced[place] = rows["traced"]
    whole = rows["met"] != FAR
    met[place[whole]] = rows["met"][whole]
    given[place[whole]] = rows["given"][whole]
    return met, given, traced


def look_up(numbers: dict[str, Ints], terms: Terms) -> dict[str, Ints]:
    """Of very many deals one half beside the other: each costs a look into several indexes, which one core does."""

    def read(parts: list[Ints]) -> dict[str, Ints]:
        values: dict[str, Any] = dict(zip(numbers, map(write_array, parts), strict=True))
        return read_columns(COLUMNS, LOOKED_UP, values | {"now": terms.now, "epoch": EPOCH})

    if len(numbers["ids"]) < MANY:
        return read(list(numbers.values()))
    halves = zip(*(np.array_split(column, 2) for column in numbers.values()), strict=True)
    first, second = (list(half) for half in halves)
    beside = ask_beside(partial(read, second))
    rows = read(first), beside()
    return {name: np.concatenate([part[name] for part in rows]) for name in COLUMNS}


def find_odd(log: Log, handed: Ints) -> Flags:
    """Deals of which the log does not tell whose they were when: they were elsewhere, or changed hands in a visit (at
    these places of the log)."""
    found = np.zeros(len(log.ids), dtype=bool) if log.foreign is None else log.foreign.copy()
    found[handed] = True
    found[log.of[log.following == ELSEWHERE]] = True
    return found


def find_given(log: Log, met: Ints, who: Ints) -> Ints:
    """When the deal came to whoever made the contact, not before its creation; its creation where it never was his."""
    his = (log.holder == who[log.of]) & (log.since <= met[log.of])
    since = np.full(len(log.ids), FAR)
    np.minimum.at(since, log.of[his], log.since[his])
    found: Ints = np.minimum(np.maximum(np.where(since == FAR, log.created, since), log.created), met)
    return found
