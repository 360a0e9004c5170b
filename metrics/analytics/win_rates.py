"""Won of closed, by person, department, pipeline, month or any field, with Wilson's interval and no places awarded."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.utils.translation import gettext_lazy as _

from metrics.analytics.calendar import cut_time
from metrics.analytics.columns import Flags, Ints, read_columns
from metrics.analytics.curves import wilson
from metrics.analytics.cycle import closed_in
from metrics.analytics.log import NOBODY, OPEN, WON, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, money, register
from metrics.analytics.terms import EPOCH, Terms, no_choice
from metrics.analytics.words import CLOSED
from pipelines.models import CustomField, Person
from timeline.attribution import OWNER_AT_CLOSING

MOST_COMPARED = 50
MOST_VALUES = 200  # of a field
FEW = 10  # below it a share says nothing
Key = int | str | None


def find_rates(log: Log, keys: Sequence[Key], number: Ints) -> list[dict[str, Any]]:
    """One row for each key that has closed deals, the most first; ``number``: the key of each deal, by place."""
    won = log.result == WON
    n = np.bincount(number, minlength=len(keys))
    wins = np.bincount(number[won], minlength=len(keys))
    gained, missed = (np.zeros(len(keys), dtype=np.int64) for _ in range(2))
    np.add.at(gained, number[won], log.price[won])
    np.add.at(missed, number[~won], log.price[~won])
    rows = []
    for place in sorted(np.flatnonzero(n).tolist(), key=lambda place: (-n[place], str(keys[place]))):
        share, low, high = wilson(int(wins[place]), int(n[place]))
        rows.append(
            {
                "key": keys[place],
                "n": int(n[place]),
                "won": int(wins[place]),
                "lost": int(n[place] - wins[place]),
                "rate": share,
                "lo": low,
                "hi": high,
                "price_won": money(gained[place]),
                "price_lost": money(missed[place]),
            }
        )
    return rows


def find_separated(rows: Sequence[dict[str, Any]]) -> list[list[Key]]:
    """Pairs (higher, lower) whose intervals do not meet, among the rows with the most deals."""
    most = rows[:MOST_COMPARED]
    return [[one["key"], other["key"]] for one in most for other in most if one["lo"] > other["hi"]]


def judge_against(row: dict[str, Any], whole: float | None) -> str:
    """Whether it differs from the whole: above, below, few (too few to say) or unproven."""
    if row["n"] < FEW or whole is None:
        return "few"
    return "above" if row["lo"] > whole else "below" if row["hi"] < whole else "unproven"


# Who held a deal when it was closed, by the order of events within that second; null where nothing is told of it.
BY_EVENTS = """
    select coalesce(
        (select (o.after #>> '{}')::bigint from pipelines_event o
         where o.entity = 'deal' and o.entity_id = d.id and o.kind = 'owner' and (o.at, o.id) < (c.at, c.id)
         order by o.at desc, o.id desc limit 1),
        (select (o.before #>> '{}')::bigint from pipelines_event o
         where o.entity = 'deal' and o.entity_id = d.id and o.kind = 'owner' order by o.at, o.id limit 1))
    from pipelines_event c
    where c.entity = 'deal' and c.entity_id = d.id and c.kind = 'stage' and c.at = d.closed_at
    order by c.id desc limit 1"""
HANDED_OVER_THEN = """(
        select distinct c.id, c.closed_at from pipelines_event o
        join pipelines_deal c on c.id = o.entity_id and c.closed_at = o.at
        where o.entity = 'deal' and o.kind = 'owner' and o.at >= %(start)s and o.at < %(end)s
    ) d"""
THESE = "pipelines_deal d where d.id = any(%(ids)s)"


def find_owners_at_closing(log: Log) -> Ints:
    """Who held each deal when it was closed.

    Where it changed hands in that very second the order of events decides, unlike in pay, which credits the giver
    (`timeline.attribution`): the report is about who acted, and the log says so (docs/decisions).
    """
    before = log.earlier[log.last]
    known = (before >= 0) & (log.until[before] == log.closed) & (log.holder[before] != NOBODY)
    found = np.where(known, log.holder[before], NOBODY)
    over = log.result != OPEN
    if (unknown := ~known & over).any():
        _tell(log, found, THESE, OWNER_AT_CLOSING, {"ids": log.ids[unknown].tolist()})
    if not over.any():
        return found
    edges = log.closed[over].min(), log.closed[over].max() + 1
    first, last = (EPOCH + timedelta(microseconds=int(edge)) for edge in edges)
    _tell(log, found, HANDED_OVER_THEN, f"({BY_EVENTS})", {"start": first, "end": last})
    return found


def _tell(log: Log, found: Ints, source: str, expression: str, values: dict[str, Any]) -> None:
    """Put into ``found`` what the expression says of the deals ``d`` of the source; where it says nothing it stays."""
    told = read_columns(
        {"id": ("d.id", "int8"), "owner": (f"coalesce({expression}, -1)", "int8")}, f"from {source}", values
    )
    place, known = find_places(log.ids, told["id"])
    known &= told["owner"] >= 0
    found[place[known]] = told["owner"][known]


def find_places(ids: Ints, asked: Ints) -> tuple[Ints, Flags]:
    """(where in the sorted ``ids`` each of the asked stands, whether it is there at all)."""
    if not len(ids):
        return np.zeros(len(asked), dtype=np.int64), np.zeros(len(asked), dtype=bool)
    place = np.minimum(np.searchsorted(ids, asked), len(ids) - 1)
    return place, ids[place] == asked


def find_owners_on_entering(log: Log, stage: str) -> Ints:
    """Whose each deal was when it first came to a stage; -1 where it never did."""
    told = read_columns(
        {"id": ("s.deal_id", "int8"), "owner": ("coalesce(s.manager_id, 0)", "int8")},
        """from (select distinct on (deal_id) deal_id, manager_id from pipelines_stay
                 where stage_id = %(stage)s and entered_at = visit_since order by deal_id, visit) s""",
        {"stage": stage},
    )
    found = np.full(len(log.ids), -1)
    place, known = find_places(log.ids, told["id"])
    found[place[known]] = told["owner"][known]
    return found


def credit(log: Log, asked: str) -> Ints:
    """To whom each deal counts; -1 leaves it out."""
    if asked in ("", "closing"):
        return find_owners_at_closing(log)
    if asked == "now":
        return log.owner
    if asked.startswith("stage:") and (stage := asked.removeprefix("stage:")) in log.place:
        return find_owners_on_entering(log, stage)
    raise no_choice("credit", asked, ("closing", "now", "stage:…"))


def split(log: Log, who: Ints, by: str, terms: Terms) -> tuple[list[Key], Ints]:
    """(keys, the number of the key of each deal)."""
    if by == "all":
        return [None], np.zeros(len(log.ids), dtype=np.int64)
    if by == "manager":
        people, number = np.unique(who, return_inverse=True)
        return [int(person) or None for person in people], number
    if by == "group":
        groups = dict(Person.objects.values_list("pk", "group"))
        names = sorted({groups.get(int(person), "") for person in np.unique(who)})
        places = {name: place for place, name in enumerate(names)}
        people, number = np.unique(who, return_inverse=True)
        of_person = np.array([places[groups.get(int(person), "")] for person in people], dtype=np.int64)
        return [name or None for name in names], of_person[number] if len(people) else number
    if by == "pipeline":
        funnels = np.array([stage.pipeline for stage in log.stages], dtype=np.int64)
        values, number = np.unique(funnels[log.stage[log.last]], return_inverse=True)
        return [int(value) for value in values], number
    if by == "month":
        if not len(log.ids):
            return [], np.empty(0, dtype=np.int64)
        cut = cut_time(int(log.closed.min()), int(log.closed.max()) + 1, "month", terms.zone)
        return list(cut.labels), cut.number(log.closed)
    field = by.removeprefix("field:")
    if by.startswith("field:") and field.isdecimal() and CustomField.objects.filter(pk=field[:18]).exists():
        return split_by_field(log, field)
    raise no_choice("by", by, ("manager", "group", "pipeline", "month", "all", "field:…"))


def split_by_field(log: Log, field: str) -> tuple[list[Key], Ints]:
    """By what amoCRM's field holds, as text; the rare values beyond `MOST_VALUES` are one key, «…»."""
    number = np.zeros(len(log.ids), dtype=np.int64)
    keys: list[Key] = [None]
    with connection.cursor() as cursor:
        cursor.execute(
            """select fields ->> %s, array_agg(id) from pipelines_deal
               where deleted_at is null and fields ? %s group by 1 order by count(*) desc""",
            [field, field],
        )
        for value, ids in cursor.fetchall():
            place, known = find_places(log.ids, np.array(ids))
            mine = place[known]
            if not len(mine) or not value:
                continue
            if len(keys) <= MOST_VALUES:
                keys.append("…" if len(keys) == MOST_VALUES else str(value)[:120])
            number[mine] = len(keys) - 1
    return keys, number


def read_closed(terms: Terms) -> tuple[Log, Ints]:
    """Deals closed in the period, and to whom each counts; of the people asked about alone."""
    log = read_log(Terms(terms.now, terms.zone, terms.period, None, terms.pipeline), "alive")
    log = log.keep(closed_in(log, terms))
    who = credit(log, terms.options.get("credit", ""))
    mine = who >= 0
    if terms.people is not None:
        mine &= np.isin(who, np.array(sorted(terms.people), dtype=np.int64))
    return log.keep(mine), who[mine]


def answer(terms: Terms) -> Answer:
    by = terms.options.get("by") or "manager"
    log, who = read_closed(terms)
    keys, number = split(log, who, by, terms)
    rows = find_rates(log, keys, number)
    if by == "month":
        rows.sort(key=lambda row: str(row["key"]))
    totals = find_rates(log, [None], np.zeros(len(log.ids), dtype=np.int64))
    whole = totals[0] if totals else None
    rate = whole["rate"] if whole else None
    separated = find_separated(rows)
    compared = min(len(rows), MOST_COMPARED)
    value = (whole["price_won"] + whole["price_lost"]) if whole else 0
    return {
        "rows": [row | {"verdict": judge_against(row, rate)} for row in rows],
        "by": by,
        "n": len(log.ids),
        "overall": whole and whole | {"by_value": whole["price_won"] / value if value else None},
        "separated": separated,
        "passed_on": int((who != log.owner).sum()),
        "pairs": compared * (compared - 1) // 2,
    }


def behind(terms: Terms, cell: Cell) -> Ints:
    log, who = read_closed(terms)
    keys, number = split(log, who, terms.options.get("by") or "manager", terms)
    mine = np.ones(len(log.ids), dtype=bool)
    if "key" in cell:
        places = {"" if key is None else str(key): place for place, key in enumerate(keys)}
        mine = number == places.get(cell["key"], -1)
    if cell.get("what") in ("won", "lost"):
        mine &= (log.result == WON) == (cell["what"] == "won")
    return log.ids[mine]


register(
    Report(
        code="win-rates",
        version=2,
        title=_("Win rates"),
        icon="trophy",
        about=_(
            "Won ÷ (won + lost) with the 95 % interval of Wilson. Two differ only where their intervals do not meet: "
            "otherwise the difference is not proven, and nobody is ranked. Dead deals that are not closed are in none."
        ),
        chooses=CLOSED,
        answer=answer,
        behind=behind,
        options={
            "by": "manager (the default), group, pipeline, month, all or field: and the id of a field",
            "credit": "closing (the default: who held it then), now, or stage: and the key of a stage",
        },
    )
)
