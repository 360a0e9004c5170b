"""What every list page does: filter by its address, say what was wrong with it, cut into pages, offer shortcuts."""

from collections.abc import Callable
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Aggregate, Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django_filters import FilterSet

from core import moment
from web.frame import live

PAGE_SIZE = 50
Choices = list[tuple[Any, dict[str, str]]]  # label → the filters it sets


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
    totals: dict[str, Aggregate] | None = None,
    more: Callable[[Page], dict[str, Any]] = lambda page: {},
) -> HttpResponse:
    """The page of a list, or its rows alone when they draw themselves anew.

    ``template`` extends parts/rows.html. ``defaults`` are filters that the address does not name, ``order`` the column
    (as in ``?sort=``) by which ``visible`` is sorted already, ``label`` what the shortcuts choose.
    """
    data = request.GET.copy()
    if not data.get("sort"):
        data.pop("sort", None)
    for name, value in defaults.items():
        data.setdefault(name, value)
    chosen = filters(data, visible, request=request)
    found = chosen.qs if chosen.is_valid() else visible.none()
    sums = found.order_by().aggregate(count=Count("*"), **(totals or {}))
    shown = page_of(request, found, sums["count"])
    wrong = filter_problems(chosen)
    context = {
        "title": title,
        "label": label,
        "form": chosen.form,
        "problems": wrong,
        "page": shown,
        "totals": sums,
        "count": sums["count"],
        "sort": chosen.data.get("sort") or order,
        "shortcuts": shortcuts(request, choices),
        "now": moment.now(),
    }
    context |= more(shown)
    part = live.draw_part(request, template, context, id="rows", url=request.get_full_path(), css="card")
    bare = live.SEEN in request.headers
    return live.answer_part(
        request, part, "parts/list.html", context, bare=bare, status=422 if wrong else 200
    )


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
