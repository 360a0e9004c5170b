"""Who gives deals to whom, how often a deal changes hands, and what happens after it is closed."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.columns import Flags, Ints
from metrics.analytics.in_work import Changes, read_changes
from metrics.analytics.log import NOBODY, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import BadQuestion, Terms
from metrics.analytics.words import CREATED

MOST_PAIRS = 100


def find_pairs(changes: Changes) -> list[dict[str, Any]]:
    """The most first; of equal ones those of the lower ids."""
    pairs, counts = np.unique(np.column_stack((changes.before, changes.after)), axis=0, return_counts=True)
    rows: list[dict[str, Any]] = [
        {"from": int(before) or None, "to": int(after) or None, "n": int(n)}
        for (before, after), n in zip(pairs.tolist(), counts.tolist(), strict=True)
    ]
    rows.sort(key=lambda row: (-row["n"], row["from"] or 0, row["to"] or 0))
    return rows


def find_hand_overs(log: Log, changes: Changes) -> Answer:
    """``per_deal`` is over all deals, those that never changed hands included."""
    per_deal = np.bincount(changes.deal, minlength=len(log.ids))
    n, pairs = len(log.ids), find_pairs(changes)
    return {
        "rows": pairs[:MOST_PAIRS],
        "pairs_in_all": len(pairs),
        "n": n,
        "changes": len(changes.deal),
        "deals_with_any": int((per_deal > 0).sum()),
        "after_the_close": int(changes.late.sum()),
        "per_deal": {
            "mean": float(per_deal.mean()) if n else None,
            "median": float(np.percentile(per_deal, 50)) if n else None,
            "p90": float(np.percentile(per_deal, 90)) if n else None,
            "max": int(per_deal.max()) if n else None,
        },
    }


def without_people(changes: Changes, text: str) -> Changes:
    """Without changes from or to these (robots that hand deals out)."""
    if not text:
        return changes
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 20 or not all(part.isdecimal() and len(part) <= 18 for part in parts):
        raise BadQuestion(
            _("without: “%(value)s” must be up to twenty ids of people, such as 112,113.")
            % {"value": text[:60]}
        )
    gone = np.array([int(part) for part in parts], dtype=np.int64)
    mine = ~np.isin(changes.before, gone) & ~np.isin(changes.after, gone)
    return changes.keep(mine)


def read_asked(terms: Terms) -> tuple[Log, Changes]:
    """Deals that the people asked about own, gave or took, and the changes that they gave or took."""
    log = read_log(Terms(terms.now, terms.zone, terms.period, None, terms.pipeline), "created")
    changes = read_changes(log, terms.period.start if terms.period else None)
    changes = without_people(changes, terms.options.get("without", ""))
    if terms.people is None:
        return log, changes
    known = np.array(sorted(terms.people), dtype=np.int64)
    mine: Flags = np.isin(changes.before, known) | np.isin(changes.after, known)
    changes = changes.keep(mine)
    wanted = np.isin(log.owner, known)
    wanted[changes.deal] = True
    number = np.cumsum(wanted) - 1
    return log.keep(wanted), changes._replace(deal=number[changes.deal])


def answer(terms: Terms) -> Answer:
    return find_hand_overs(*read_asked(terms))


def behind(terms: Terms, cell: Cell) -> Ints:
    log, changes = read_asked(terms)
    mine = np.ones(len(changes.deal), dtype=bool)
    for column, name in ((changes.before, "from"), (changes.after, "to")):
        if name in cell:
            mine &= column == (int(cell[name][:18]) if cell[name].isdecimal() else NOBODY)
    return log.ids[changes.deal[mine]]


register(
    Report(
        code="hand-overs",
        version=2,
        title=_("Hand-overs between people"),
        icon="arrow-left-right",
        about=_(
            "Each change of a deal’s owner counts, and after the close as well. A deal that goes from hand to hand is "
            "read anew by everybody, and the client tells his story again."
        ),
        chooses=CREATED,
        answer=answer,
        behind=behind,
        options={"without": "ids of robots, such as 112: changes from and to them do not count"},
    )
)
