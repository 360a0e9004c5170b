"""Of those who came in a month, how many have come further within D days: only those watched for D days count."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.calendar import Cut, cut_time
from metrics.analytics.columns import Ints
from metrics.analytics.curves import wilson
from metrics.analytics.log import FAR, WON, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import DAY, Terms, no_stage, read_days
from metrics.analytics.words import FIRST_ENTRY

DAYS = "7,14,30,60"
ALL = "all"


def find_cohorts(log: Log, begin: Ints, reached: Ints, cut: Cut, now: int, days: list[int]) -> Answer:
    """``begin`` and ``reached``: when each deal came to the one and to the other, FAR where never.

    Both ends are inclusive.
    """
    came = begin != FAR
    number = np.where(came, cut.number(np.where(came, begin, 0)), -1)
    rows: list[dict[str, Any]] = []
    for length in days:
        followed = came & (begin + np.where(came, length * DAY, 0) <= now)
        hit = followed & (reached != FAR) & (reached >= begin) & (reached - begin <= length * DAY)
        for place, label in enumerate([*cut.labels, ALL]):
            mine = came if label == ALL else number == place
            n, hits = int((mine & followed).sum()), int((mine & hit).sum())
            share, low, high = wilson(hits, n)
            deals = int(mine.sum())
            rows.append(
                {"cohort": label, "days": length, "deals": deals, "n": n, "followed": n, "hit": hits}
                | {"rate": share, "lo": low, "hi": high}
            )
    return {"rows": rows, "n": int(came.sum())}


def find_periods(begin: Ints, reached: Ints, cut: Cut) -> list[dict[str, Any]]:
    """The conversion of each month by events: it compares what came with what went, and may exceed one."""
    rows = []
    came, went = cut.number(begin), cut.number(reached)
    for place, label in enumerate(cut.labels):
        into, out = int((came == place).sum()), int((went == place).sum())
        rows.append(
            {
                "cohort": label,
                "n": into,
                "into_from": into,
                "into_to": out,
                "rate": out / into if into else None,
            }
        )
    return rows


def read_ends(log: Log, terms: Terms) -> tuple[Ints, Ints]:
    """When each deal's clock began (within the period) and when it first came to what is asked."""
    begin, reached = _entries(log, terms, "stage", log.created), _entries(log, terms, "to_stage", None)
    inside = (begin < terms.end) & (begin >= (terms.start or -FAR))
    return np.where(inside, begin, FAR), reached


def _entries(log: Log, terms: Terms, name: str, default: Ints | None) -> Ints:
    asked = terms.options.get(name, "")
    if asked in ("", "won") and default is None:
        return log.entries([place for place, stage in enumerate(log.stages) if stage.kind == WON])
    if not asked and default is not None:
        return default
    if asked not in log.place:
        raise no_stage(name, asked)
    return log.entries([log.place[asked]])


def cohorts_of(begin: Ints, terms: Terms) -> Cut:
    known = begin[begin != FAR]
    if terms.start is not None:
        return cut_time(terms.start, max(terms.end, terms.start + 1), "month", terms.zone)
    if not len(known):
        return Cut([], np.zeros(1, dtype=np.int64))
    return cut_time(int(known.min()), terms.end, "month", terms.zone)


def read_asked(terms: Terms) -> Log:
    return read_log(terms, "alive" if terms.options.get("stage") else "created")


def answer(terms: Terms) -> Answer:
    log = read_asked(terms)
    begin, reached = read_ends(log, terms)
    cut = cohorts_of(begin, terms)
    return find_cohorts(log, begin, reached, cut, terms.at, read_days(terms.options.get("days") or DAYS))


def answer_periods(terms: Terms) -> Answer:
    """Both ends are asked of the same months, so the deals are those alive in the period, and not its newcomers."""
    log = read_log(terms, "alive")
    begin, reached = _entries(log, terms, "stage", log.created), _entries(log, terms, "to_stage", None)
    low, high = terms.start or -FAR, terms.end
    begin, reached = (
        np.where((moments >= low) & (moments < high), moments, FAR) for moments in (begin, reached)
    )
    return {"rows": find_periods(begin, reached, cohorts_of(begin, terms))}


def behind(terms: Terms, cell: Cell) -> Ints:
    log = read_asked(terms)
    begin, reached = read_ends(log, terms)
    came = begin != FAR
    mine = came
    if cell.get("cohort", ALL) != ALL:
        cut = cohorts_of(begin, terms)
        labels = {label: place for place, label in enumerate(cut.labels)}
        mine = came & (cut.number(np.where(came, begin, 0)) == labels.get(cell["cohort"], -2))
    if cell.get("what") in ("followed", "hit"):
        [length] = read_days(cell.get("days") or "30")
        mine = mine & (np.where(came, begin, 0) + length * DAY <= terms.at)
        if cell["what"] == "hit":
            mine = (
                mine
                & (reached != FAR)
                & (reached >= begin)
                & (reached - np.where(came, begin, 0) <= length * DAY)
            )
    return log.ids[mine]


OPTIONS = {
    "days": "days to follow, such as 7,14,30",
    "stage": "the cohort: who first entered it in the month; without it, who was created",
    "to_stage": "what is to be reached: won (the default) or a stage",
}
register(
    Report(
        code="cohorts",
        title=_("Cohorts"),
        icon="layers",
        about=_(
            "Of the deals of a month that have been followed for D days, how many got there within D days. Younger "
            "deals are left out of that cell: where nobody has been followed it is too early to say."
        ),
        chooses=FIRST_ENTRY,
        answer=answer,
        behind=behind,
        options=OPTIONS,
    )
)
register(
    Report(
        code="period-conversion",
        title=_("Conversion by month of event"),
        icon="percent",
        about=_(
            "First entries into the one in a month ÷ first entries into the other in the same month. Simple and "
            "comparable, but no probability: it may exceed 100 %."
        ),
        chooses=FIRST_ENTRY,
        answer=answer_periods,
        options={name: OPTIONS[name] for name in ("stage", "to_stage")},
    )
)
