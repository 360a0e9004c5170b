"""Which month and whose money the address asks for, within what the reader may see."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.db.models import Min, Q, QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import formats, moment
from core.periods import Period, month_of
from core.zone import portal_zone
from pipelines.models import Person
from team.models import Employee, Role
from web.frame.scope import BadScope, no_person, read_month, read_person

MONTHS = 24  # in the drop-down


@dataclass(frozen=True)
class Choice:
    """``person`` is None for an overview of ``people``, those whose money the reader may see."""

    period: Period
    person: Person | None
    people: list[Person]
    months: list[Period]

    @property
    def is_present(self) -> bool:
        return moment.now() in self.period

    @property
    def earlier(self) -> str | None:
        return self.period.previous.label if self.period.start > self.months[-1].start else None

    @property
    def later(self) -> str | None:
        return self.period.next.label if self.period != self.months[0] else None


def read_choice(request: HttpRequest) -> Choice:
    """One query. Raises BadScope for nonsense, Http404 for somebody who is out of sight."""
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    now, period = month_of(moment.now(), portal_zone()), read_month(request.GET)
    if period.start > now.start:
        raise BadScope(_("%(month)s has not begun yet.") % {"month": _capital(period.first)})
    people = list(_payable(user))
    person = _person(read_person(request.GET), people, user)
    return Choice(period, person, people, list(_months(now, period, people)))


def _payable(user: Employee) -> QuerySet[Any]:
    """Managers, and whoever has ever had a statement; ``first`` is the month of the first one."""
    managers = Employee.objects.filter(role=Role.MANAGER).values("person")
    rows = Person.objects.annotate(first=Min("statements__period"))
    rows = rows.filter(Q(pk__in=managers) | Q(first__isnull=False))
    return rows if user.sees is None else rows.filter(pk__in=user.sees)


def _person(asked: int | None, people: list[Person], user: Employee) -> Person | None:
    if asked is None:
        return next((one for one in people if user.role == Role.MANAGER and one.pk == user.person_id), None)
    found = next((one for one in people if one.pk == asked), None)
    if found is None and user.sees is not None:
        raise Http404
    if found is None:
        raise no_person(asked)
    return found


def _months(now: Period, chosen: Period, people: list[Any]) -> Iterator[Period]:
    """From the present back to the first statement, and the chosen one."""
    first = min((one.first for one in people if one.first), default=now.first)
    shown = now
    for _number in range(MONTHS):
        if shown.first < first:
            break
        yield shown
        shown = shown.previous
    if chosen.start <= shown.start:
        yield chosen


def _capital(day: date) -> str:
    text = formats.month(day, get_language() or "en")
    return text[:1].upper() + text[1:]


class ChoiceForm(forms.Form):
    """The choice as selects; a manager has only the months."""

    def __init__(self, choice: Choice, user: Employee, **options: Any) -> None:
        chosen = {"period": choice.period.label, "manager": choice.person.pk if choice.person else ""}
        super().__init__(initial=chosen, **options)
        months = [(one.label, _capital(one.first)) for one in choice.months]
        self.fields["period"] = forms.ChoiceField(label=_("Month"), choices=months)
        if user.role != Role.MANAGER:
            people = [("", _("All managers")), *((str(one.pk), one.name) for one in choice.people)]
            self.fields["manager"] = forms.ChoiceField(label=_("Manager"), choices=people, required=False)
