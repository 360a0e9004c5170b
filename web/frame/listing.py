"""What every list page does: filter by its address, say what was wrong with it, cut into pages, offer shortcuts."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Aggregate, Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_filters import FilterSet

from core import account, kept, moment
from web.frame import live, tables, totals

PAGE_SIZE = 50
MOST_ROWS = 20_000  # of a file
Choices = list[tuple[Any, dict[str, str]]]  # label → the filters it sets
Columns = Sequence[tuple[Any, Callable[[Any], Any]]]  # of a file: title, and the cell of a row


def filter_problems(chosen: FilterSet) -> list[str]:
    """One sentence for each filter that makes no sense."""
    form = chosen.form
    return [
        _("Filter “%(filter)s”: %(problem)s") % {"filter": form.fields[name].label, "problem": problem}
        for name, errors in form.errors.items()
        for problem in errors
    ]


def page_of(request: HttpRequest, rows: QuerySet, count: int) -> Page:
    """The page the address asks for, or the nearest there is; ``count`` saves asking the database again."""
    paginator = Paginator(rows, PAGE_SIZE)
    paginator.count = count
    page = paginator.get_page(request.GET.get("page"))
    # The page is chosen by keys, which an index can hold; whole rows are read of what it shows.
    chosen: Any = page.object_list  # of a queryset, its slice
    keys = chosen.select_related(None).values("pk")
    page.object_list = rows.filter(pk__in=keys)
    return page


def show_list(
    request: HttpRequest,
    template: str,
    filters: type[FilterSet],
    visible: QuerySet,
    *,
    title: Any,
    label: Any,
    choices: Choices,
    defaults: dict[str, str],
    order: str = "",
    sums: dict[str, Aggregate] | None = None,
    count_rows: Callable[[Any, Any], int] | None = None,
    more: Callable[[Page], dict[str, Any]] = lambda page: {},
    columns: Columns = (),
    drawn: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows,
    source: str = "",
) -> HttpResponse:
    """The page of a list, or its rows alone when they draw themselves anew.

    ``template`` extends parts/rows.html. ``defaults`` are filters that the address does not name, ``order`` the column
    (as in ``?sort=``) by which ``visible`` is sorted already, ``label`` what the shortcuts choose. With ``columns`` the
    whole list is a file, too (``?export=xlsx``), of what ``drawn`` makes of its rows; ``source``: a list that can be
    made a decision, by its route; ``count_rows`` counts what the filters found faster than a count of it all would.
    """
    data = request.GET.copy()
    if not data.get("sort"):
        data.pop("sort", None)
    for name, value in defaults.items():
        data.setdefault(name, value)
    chosen = filters(data, visible, request=request)
    found = chosen.qs if chosen.is_valid() else visible.none()
    form = asked_file(request)
    if columns and form and chosen.is_valid():
        return export_rows(str(title), form, found, columns, drawn)

    def count() -> dict[str, Any]:
        if count_rows is not None:
            return {"count": count_rows(chosen, found)}
        return found.order_by().aggregate(count=Count("*"), **(sums or {}))

    question = totals.ask_totals(request, data, count)
    counted, is_kept = kept.find_answer(question)
    shown = page_of(request, found, counted.count)
    if is_kept and not shown.object_list:  # the last page has gone since
        counted, is_kept = kept.find_anew(question), False
        shown = page_of(request, found, counted.count)
    wrong = filter_problems(chosen)
    context = {
        "title": title,
        "label": label,
        "form": chosen.form,
        "problems": wrong,
        "page": shown,
        "totals": {"count": counted.count, **counted.sums},
        "count": counted.count,
        "counted_at": counted.as_of if is_kept else None,
        "sort": chosen.data.get("sort") or order,
        "shortcuts": shortcuts(request, choices),
        "now": moment.now(),
        "verbs": verbs(request, source) if columns and counted.count else {},
    }
    context |= more(shown)
    part = live.draw_part(request, template, context, id="rows", url=request.get_full_path(), css="card")
    bare = live.SEEN in request.headers
    return live.answer_part(
        request, part, "parts/list.html", context, bare=bare, status=422 if wrong else 200
    )


def return_to(request: HttpRequest, route: str) -> HttpResponse:
    """Back to a list after something was done to one of its rows, filtered as the browser shows it."""
    home, (path, query) = reverse(route), live.read_here(request)
    return redirect(f"{home}?{query}" if query and path == home else home)


def shortcuts(request: HttpRequest, choices: Choices) -> list[tuple[Any, str, bool]]:
    """Choices of ``parts/switch.html``: each sets its own parameters and takes away those of the others."""
    keys = {key for _label, values in choices for key in values}
    here = {key: request.GET[key] for key in keys if request.GET.get(key)}
    return [(label, _address(request, keys, values), values == here) for label, values in choices]


def _address(request: HttpRequest, keys: set[str], values: dict[str, str]) -> str:
    query = request.GET.copy()
    for key in keys | {"page"}:
        query.pop(key, None)
    query.update(values)
    return f"{request.path}?{query.urlencode()}" if query else request.path


def asked_file(request: HttpRequest) -> str:
    """In which form the address wants the table as a file (``?export=xlsx``); empty for a page."""
    form = request.GET.get("export", "")
    return form if form in tables.TYPES else ""


def export_rows(
    title: str,
    form: str,
    found: QuerySet | Sequence[Any],
    columns: Columns,
    drawn: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows,
    *others: tables.Table,
) -> HttpResponse:
    """What a list shows, as a file; of a longer one the first rows, and its last line says so. ``others`` are further
    sheets of a workbook."""
    return tables.answer_file(title, form, [write_table(title, found, columns, drawn), *others])


def write_table(
    title: str,
    found: QuerySet | Sequence[Any],
    columns: Columns,
    drawn: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows,
) -> tables.Table:
    """The same as a sheet."""
    rows = list(found[: MOST_ROWS + 1])
    cells: list[list[Any]] = [[cell(row) for _title, cell in columns] for row in drawn(rows[:MOST_ROWS])]
    if len(rows) > MOST_ROWS:
        says = _("Only the first %(n)s rows. Narrow the list by its filters.") % {"n": MOST_ROWS}
        cells.append([says, *[None] * (len(columns) - 1)])
    return tables.Table(title, [str(name) for name, _cell in columns], cells)


def file_addresses(request: HttpRequest) -> dict[str, str]:
    """Where the table of this page is a file, filtered as it is."""
    query = request.GET.copy()
    query.pop("page", None)
    found = {}
    for form in (tables.XLSX, tables.CSV):
        query["export"] = form
        found[form] = f"{request.path}?{query.urlencode()}"
    return found


def verbs(request: HttpRequest, source: str) -> dict[str, str]:
    """Addresses of what can be done with the whole list as it is filtered."""
    query = request.GET.copy()
    for name in ("export", "page"):
        query.pop(name, None)
    found = file_addresses(request)
    if source and request.user.directs:
        query["source"] = source
        found["decide"] = f"{reverse('decision-new')}?{query.urlencode()}"
    if source == "deals" and (address := address_in_amo(request.GET)):
        found["amo"] = address
    return found


SAYABLE = {"pipeline", "stage", "manager", "open", "sort", "page"}  # what amoCRM's own filters can say


def address_in_amo(query: Any) -> str:
    """The same list of deals in amoCRM; empty where its filters cannot say what this one's do."""
    said = {name: value for name, value in query.items() if value}
    stage, pipeline = said.get("stage", ""), said.get("pipeline", "")
    if said.keys() - SAYABLE or not (pipeline or stage) or said.get("open") == "0":
        return ""
    base = account.own().address
    home, _colon, status = stage.partition(":")
    if not base or (stage and pipeline not in ("", home)):
        return ""
    of = home or pipeline
    filters = {"useFilter": "y"}
    if status:
        filters[f"filter[pipe][{of}][]"] = status
    if person := said.get("manager"):
        if not person.isdecimal():
            return ""
        filters["filter[main_user][]"] = person
    return f"{base}/leads/list/pipeline/{of}/?{urlencode(filters)}"
