"""What an address of the API may ask: names that are known, values that a database can hold, ranges with an end.

A parameter that is dropped in silence gives an answer to another question.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.views import APIView

from core import moment
from core.periods import Period, month_of
from core.zone import portal_zone
from metrics import LONGEST_PERIOD, is_too_long
from pipelines.models import Person, Pipeline
from team.holders import visible_people
from team.models import Employee
from web.frame.scope import (
    LONGEST,
    SAID,
    BadScope,
    no_person,
    no_pipeline,
    read_number,
    read_period,
    read_pipeline,
)

PAGES, MOST_FIELDS = ("page", "page_size"), 50


class KnownParameters(APIView):
    """A view that refuses whatever it does not know. ``parameters`` names what it reads, beside a list's filters."""

    parameters: tuple[str, ...] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in {"GET", "HEAD"}:
            check_names(request.query_params, self.known_parameters())

    def known_parameters(self) -> list[str]:
        return list(self.parameters)


class KnownFilters(KnownParameters):
    """The same of a list: its filters and its pages; of a single row, nothing."""

    def known_parameters(self) -> list[str]:
        if "pk" in self.kwargs:
            return []
        filters = getattr(self, "filterset_class", None)
        names = list(filters.base_filters) if filters else list(getattr(self, "filterset_fields", ()))
        return [*names, *PAGES]


def read_fields(query: QueryDict) -> list[str]:
    """Ids of custom fields in ``fields``, in order. Raises BadScope for what is no id, and for too many."""
    asked = [one.strip() for one in query.get("fields", "").split(",") if one.strip()]
    for one in asked:
        if not one.isdecimal() or len(one) > LONGEST:
            raise BadScope(_("“%(value)s” is not the number of a field.") % {"value": one[:SAID]})
    if len(asked) > MOST_FIELDS:
        raise BadScope(_("At most %(number)s fields can be asked at once.") % {"number": MOST_FIELDS})
    return list(dict.fromkeys(asked))


def check_names(query: QueryDict, known: Iterable[str]) -> None:
    """Raises BadScope for the first name that is not known, with the nearest that is."""
    names = list(known)
    for name in query:
        if name in names:
            continue
        shown = name[:60]
        if near := get_close_matches(name, names, 1):
            says = _("There is no parameter “%(name)s” here: did you mean “%(near)s”?")
            raise BadScope(says % {"name": shown, "near": near[0]})
        if not names:
            raise BadScope(_("There is no parameter “%(name)s” here, nor any other.") % {"name": shown})
        says = _("There is no parameter “%(name)s” here; there are: %(names)s.")
        raise BadScope(says % {"name": shown, "names": ", ".join(names)})


def bounded_period(query: QueryDict) -> Period | None:
    """The period that the address asks for, None without one. Raises BadScope when it would keep a worker busy."""
    period = read_period(query)
    if period is not None and is_too_long(period):
        says = _("A period may be of %(months)s months at most.")
        raise BadScope(says % {"months": LONGEST_PERIOD})
    return period


def period_of(request: Request) -> Period:
    """The period that the address asks for, or the present month."""
    return bounded_period(request.query_params) or month_of(moment.now(), portal_zone())


def read_people(request: Request) -> frozenset[int] | None:
    """Whom ``manager``, ``group`` and ``head`` leave of those that the reader sees; None: nobody was left out.

    ``head`` is the amoCRM user of a head: himself and who reports to him today.
    """
    query, sees = request.query_params, request.user.sees
    chosen: list[frozenset[int]] = [] if sees is None else [frozenset(sees)]
    if (manager := read_number(query, "manager", no_person)) is not None:
        if not Person.objects.filter(pk=manager).exists() or (sees is not None and manager not in sees):
            raise no_person(manager)
        chosen.append(frozenset([manager]))
    if (head := read_number(query, "head", no_person)) is not None:
        employee = Employee.objects.filter(person=head).first()
        if employee is None or (sees is not None and head not in sees):
            raise no_person(head)
        day = moment.now().astimezone(portal_zone()).date()
        chosen.append(visible_people(employee.pk, day, reports=True))
    if group := query.get("group", ""):
        members = frozenset(Person.objects.filter(group=group).values_list("pk", flat=True))
        if not members or (sees is not None and not members & frozenset(sees)):
            raise BadScope(_("There is no department “%(value)s”.") % {"value": group[:SAID]})
        chosen.append(members)
    return frozenset.intersection(*chosen) if chosen else None


def read_pipelines(query: QueryDict) -> frozenset[int] | None:
    """The one that ``pipeline`` names; None: all of them."""
    pipeline = read_pipeline(query)
    if pipeline is None:
        return None
    if not Pipeline.objects.filter(pk=pipeline).exists():
        raise no_pipeline(pipeline)
    return frozenset([pipeline])
