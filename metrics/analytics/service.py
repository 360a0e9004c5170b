"""Warranty and service: how many cases there are for a hundred sales, by month."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from core import account
from metrics.analytics.calendar import Cut, cut_time
from metrics.analytics.columns import Ints
from metrics.analytics.curves import wilson
from metrics.analytics.log import WON, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import Terms
from metrics.analytics.words import WHOLE

ALL = "all"


def find_entries(log: Log, service: set[int], selling: set[int]) -> tuple[Ints, Ints]:
    """(visits with which deals came into a service pipeline, visits with which they were won in one that sells)."""
    funnels = np.array([stage.pipeline for stage in log.stages], dtype=np.int64)
    own = funnels[log.stage] if len(log.stages) else log.stage
    inside = np.isin(own, np.array(sorted(service), dtype=np.int64))
    before = log.earlier
    came = inside & ((before < 0) | ~inside[np.maximum(before, 0)] | ~log.continues)
    won = (log.kind == WON) & np.isin(own, np.array(sorted(selling), dtype=np.int64))
    return np.flatnonzero(came), np.flatnonzero(won)


def find_share(log: Log, cut: Cut, cases: Ints, sales: Ints) -> Answer:
    at = log.since.copy()
    at[log.first] = log.created
    of_case, of_sale = cut.number(at[cases]), cut.number(at[sales])
    rows: list[dict[str, Any]] = []
    for place, label in enumerate([*cut.labels, ALL]):
        inside = slice(None) if label == ALL else place
        n_cases = int((of_case == inside).sum() if label != ALL else in_cut(of_case, cut).sum())
        n_sales = int((of_sale == inside).sum() if label != ALL else in_cut(of_sale, cut).sum())
        _share, low, high = wilson(n_cases, n_sales) if n_cases <= n_sales else (None, None, None)
        rows.append(
            {"period": label, "n": n_sales, "cases": n_cases, "won": n_sales}
            | {"share": n_cases / n_sales if n_sales else None, "lo": low, "hi": high}
        )
    return {"rows": rows, "n": len(log.ids)}


def in_cut(number: Ints, cut: Cut) -> Any:
    return (number >= 0) & (number < len(cut.labels))


def read_asked(terms: Terms) -> tuple[Log, Cut, Ints, Ints]:
    """Every pipeline, whatever the address chooses: a case comes to where nothing is sold."""
    log = read_log(Terms(terms.now, terms.zone, terms.period, terms.people), "alive", every=True)
    own = account.own()
    kinds = own.kinds
    service = {key for key, kind in kinds.items() if kind == "service"}
    selling = {stage.pipeline for stage in log.stages} - set(own.not_selling)
    if terms.pipeline is not None:
        selling &= {terms.pipeline}
    start = terms.start
    if start is None:
        start = int(log.created.min()) if len(log.ids) else terms.at
    return (
        log,
        cut_time(start, max(terms.end, start + 1), "month", terms.zone),
        *find_entries(log, service, selling),
    )


def answer(terms: Terms) -> Answer:
    log, cut, cases, sales = read_asked(terms)
    return find_share(log, cut, cases, sales)


def behind(terms: Terms, cell: Cell) -> Ints:
    log, cut, cases, sales = read_asked(terms)
    visits = cases if cell.get("what") == "cases" else sales
    at = log.since.copy()
    at[log.first] = log.created
    number = cut.number(at[visits])
    labels = {label: place for place, label in enumerate(cut.labels)}
    period = cell.get("period", ALL)
    mine = in_cut(number, cut) if period == ALL else number == labels.get(period, -2)
    return log.ids[log.of[visits[mine]]]


register(
    Report(
        code="service",
        title=_("Warranty share"),
        icon="shield-check",
        about=_(
            "Cases that came to pipelines of service ÷ sales of the same month. A case comes weeks after its sale, so "
            "a single month says little; which pipelines are of service an administrator has said."
        ),
        chooses=WHOLE,
        answer=answer,
        behind=behind,
    )
)
