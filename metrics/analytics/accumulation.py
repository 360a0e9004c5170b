"""When those who come buy: the wins of each month's newcomers, by how many months later they were won."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.calendar import Cut, cut_time
from metrics.analytics.columns import Ints
from metrics.analytics.log import FAR, OPEN, WON, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, money, register
from metrics.analytics.terms import Terms
from metrics.analytics.words import CREATED

OFFSETS = 12


def find_accumulation(log: Log, cut: Cut, now: int) -> Answer:
    """Months are the local ones; ``complete``: that month is over, so no more wins can come to it."""
    born, won = cut.number(log.created), log.result == WON
    sold = cut.number(np.where(won, log.closed, 0))
    rows: list[dict[str, Any]] = []
    for place, cohort in enumerate(cut.labels):
        mine = born == place
        deals, wins = int(mine.sum()), int((mine & won).sum())
        offsets, so_far = [], 0
        for offset in range(min(OFFSETS, len(cut.labels) - place)):
            bought = mine & won & (sold == place + offset)
            n = int(bought.sum())
            so_far += n
            offsets.append(
                {
                    "offset": offset,
                    "won": n,
                    "share_of_wins": n / wins if wins else None,
                    "share_of_deals": so_far / deals if deals else None,
                    "price_won": money(log.price[bought].sum()),
                    "complete": bool(cut.edges[place + offset + 1] <= now),
                }
            )
        rows.append(
            {
                "cohort": cohort,
                "n": deals,
                "deals": deals,
                "won": wins,
                "open": int((mine & (log.result == OPEN)).sum()),
            }
            | {"offsets": offsets, "won_later": wins - so_far}
        )
    return {"rows": rows}


def read_cut(log: Log, terms: Terms) -> Cut:
    if not len(log.ids):
        return Cut([], np.zeros(1, dtype=np.int64))
    return cut_time(int(log.created.min()), terms.at + 1, "month", terms.zone)


def answer(terms: Terms) -> Answer:
    log = read_log(terms, "created")
    return find_accumulation(log, read_cut(log, terms), terms.at)


def behind(terms: Terms, cell: Cell) -> Ints:
    log = read_log(terms, "created")
    cut = read_cut(log, terms)
    labels = {label: place for place, label in enumerate(cut.labels)}
    place = labels.get(cell.get("cohort", ""), FAR)
    mine = cut.number(log.created) == place
    if cell.get("what") == "won":
        mine &= log.result == WON
    if cell.get("offset", "").isdecimal():
        sold = cut.number(np.where(log.result == WON, log.closed, 0))
        mine &= (log.result == WON) & (sold == place + int(cell["offset"][:3]))
    return log.ids[mine]


register(
    Report(
        code="accumulation",
        title=_("Accumulation"),
        icon="archive",
        about=_(
            "Of the deals of each month, when the won ones were won. Those who did not buy at once buy in later "
            "months, while new ones keep coming: that is the work that piles up on a manager."
        ),
        chooses=CREATED,
        answer=answer,
        behind=behind,
    )
)
