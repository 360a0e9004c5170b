"""What every list page does: filter by its address, say what was wrong with it, cut into pages, offer shortcuts."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django_filters import FilterSet

PAGE_SIZE = 50


def problems(chosen: FilterSet) -> list[str]:
    """One sentence for each filter that makes no sense."""
    form = chosen.form
    return [
        _("Filter “%(filter)s”: %(problem)s") % {"filter": form.fields[name].label, "problem": problem}
        for name, errors in form.errors.items()
        for problem in errors
    ]


def page(request: HttpRequest, rows: QuerySet, count: int) -> Page:
    """The page the address asks for, or the nearest there is; ``count`` saves asking the database again."""
    paginator = Paginator(rows, PAGE_SIZE)
    paginator.count = count
    return paginator.get_page(request.GET.get("page"))


def answer(request: HttpRequest, template: str, chosen: FilterSet, context: dict[str, Any]) -> HttpResponse:
    wrong = problems(chosen)
    return render(
        request, template, context | {"form": chosen.form, "problems": wrong}, status=422 if wrong else 200
    )


def shortcuts(request: HttpRequest, choices: list[tuple[Any, dict[str, str]]]) -> list[tuple[Any, str, bool]]:
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
