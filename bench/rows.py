"""The rows of the bench by name."""

from collections.abc import Callable, Iterable

from bench import analytics, first_load, intake, judging, monday, pages, statements, store, sync, wire
from bench.report import Line
from bench.setting import Setting

MEASURES: dict[str, Callable[[Setting], Iterable[Line]]] = {
    "full-sync": sync.full,
    "page-way": sync.page_way,
    "store": store.pages,
    "intake": intake.hooks,
    "intake-busy": intake.among_others,
    "monday": monday.nine_o_clock,
    "pages-small": pages.small,
    "wire": wire.bytes_,
    "statements": statements.month,
    "judge-one": judging.one,
    "judge-all": judging.everything,
    "judge-load": judging.load,
    "backtest": judging.backtest,
    "publish": judging.publish,
    "pages": pages.big,
    "analytics": analytics.reports,
    "first-load": first_load.by_two,
    "first-load-killed": first_load.killed,
}
