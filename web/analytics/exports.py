"""A report as a file: the table of its page, and beside it the very rows of the API, unrounded."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from metrics.analytics import Report
from web.analytics.cells import Figure
from web.analytics.cells import Table as Shown
from web.frame import tables
from web.frame.listing import MOST_ROWS


def answer_report(one: Report, form: str, shown: Shown | None, answer: Mapping[str, Any]) -> HttpResponse:
    """Both are sheets of a workbook; a CSV holds the page's table, or the API's rows of a report that has none."""
    sheets = [] if shown is None else [_page(str(one.title), shown)]
    return tables.answer_file(str(one.title), form, [*sheets, _rows(one.code, answer)])


def _page(title: str, shown: Shown) -> tables.Table:
    rows = [[_cell(figure) for figure in row] for row in shown.rows[:MOST_ROWS]]
    return tables.Table(title, [str(head) for head in shown.heads], rows)


def _cell(figure: Figure) -> Any:
    """A number where rows are counted; what is rounded for the eye stays as it is read."""
    if figure.n is not None and not figure.note:
        return figure.n
    return f"{figure.text} ({figure.note})" if figure.note else figure.text


def _rows(code: str, answer: Mapping[str, Any]) -> tables.Table:
    """Fields of the API by their names there; what is itself a list or an object is left out."""
    found = [row for row in answer.get("rows") or () if isinstance(row, dict)][:MOST_ROWS]
    names = list(dict.fromkeys(name for row in found for name, value in row.items() if _is_plain(value)))
    cells = [[value if _is_plain(value := row.get(name)) else None for name in names] for row in found]
    return tables.Table(code, names or [_("Nothing to count")], cells)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)
