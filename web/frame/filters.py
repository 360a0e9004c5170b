"""What filters of lists are made of, the same on pages and in the API. Nonsense is refused with a sentence."""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from datetime import date, datetime, time
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ModelChoiceField
from drf_spectacular.drainage import set_override

from pipelines.models import Person, Stage

SENSIBLE_YEARS = range(1970, 2201)
NO_SUCH = {"invalid_choice": _("there is no such value: %(value)s")}


A_MOMENT = {"oneOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
A_PERSON_OR_NOBODY = {"oneOf": [{"type": "integer"}, {"type": "string", "enum": ["none"]}]}


def describe(one: filters.Filter, schema: dict[str, Any], says: Any = None) -> None:
    """What its values are, for the API's schema, which would call them strings and name its choices for a page."""
    set_override(one, "field", schema | {"description": says or one.label})


class FlagField(forms.TypedChoiceField):
    def clean(self, value: Any) -> bool | None:
        text = str(value or "").lower()
        return super().clean({"true": "1", "false": "0"}.get(text, text))


class Flag(filters.Filter):
    """Yes or no: 1, 0, true or false; left empty it does not filter. ``method`` gets a bool."""

    field_class = FlagField

    def __init__(self, method: str, yes: Any = None, no: Any = None, **options: Any) -> None:
        options |= {
            "choices": [("", _("all")), ("1", yes or _("yes")), ("0", no or _("no"))],
            "coerce": lambda text: text == "1",
            "empty_value": None,
            "error_messages": NO_SUCH,
        }
        super().__init__(method=method, **options)
        says = format_lazy("{}: {} (1), {} (0)", self.label, yes, no) if yes and no else self.label
        describe(self, {"type": "boolean"}, says)


class One(filters.ModelChoiceFilter):
    """One row of a dictionary, by its id."""

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages=NO_SUCH, **options)


class StageField(ModelChoiceField):
    def label_from_instance(self, stage: Stage) -> str:
        return f"{stage.pipeline} · {stage}" if stage.pipeline else str(stage)


class OneStage(One):
    field_class = StageField


class MomentInput(forms.DateInput):
    """A date picker; for a full moment that came in a link, a picker of local date and time, to the second."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        shown = widget["value"] or ""
        widget["type"] = "date" if len(shown) in (0, len("2026-11-20")) else "text"
        if widget["type"] == "text":
            with suppress(ValueError, OverflowError):  # in the portal's zone the year may be another
                moment = datetime.fromisoformat(shown)
                local = timezone.make_naive(moment) if moment.tzinfo else moment
                widget["value"], widget["type"] = local.isoformat(timespec="seconds"), "datetime-local"
                widget["attrs"]["step"] = "1"
        return context


class MomentField(forms.Field):
    """A date (its first moment, in the portal's time zone) or an ISO moment with an offset."""

    widget = MomentInput

    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        try:
            parsed = (
                datetime.combine(date.fromisoformat(value), time.min)
                if len(value) == 10
                else datetime.fromisoformat(value)
            )
            if parsed.year not in SENSIBLE_YEARS:
                raise ValueError
        except ValueError:
            raise forms.ValidationError(
                _("“%(value)s” is not a date such as 2026-11-20."), params={"value": value}
            ) from None
        return parsed if parsed.tzinfo else timezone.make_aware(parsed)


def write_moment(moment: datetime) -> str:
    """As `MomentField` reads it back: a day that begins with it as a date."""
    local = timezone.localtime(moment)
    return local.date().isoformat() if local.time() == time.min else local.isoformat()


class Since(filters.Filter):
    """The lower or (``lookup_expr="lt"``) the upper end of a half-open period."""

    field_class = MomentField

    def __init__(self, field_name: str, lookup_expr: str = "gte", **options: Any) -> None:
        super().__init__(field_name, lookup_expr, **options)
        describe(self, A_MOMENT)


class Number(filters.Filter):
    field_class = forms.IntegerField


class Sort(filters.ChoiceFilter):
    """``?sort=price`` or ``?sort=-price`` by the columns named; what is not known stands last either way."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self.columns = columns
        choices = [(sign + name, sign + name) for name in columns for sign in ("", "-")]
        super().__init__(choices=choices, label=_("Order"), widget=forms.HiddenInput, error_messages=NO_SUCH)

    def filter(self, rows: QuerySet, value: str) -> QuerySet:
        if not value:
            return rows
        falling, column = value.startswith("-"), self.columns[value.removeprefix("-")]
        order = column.desc(nulls_last=True) if falling else column.asc(nulls_last=True)
        return rows.order_by(order, "-pk" if falling else "pk")


def groups() -> list[tuple[str, str]]:
    names = Person.objects.exclude(group="").order_by("group").values_list("group", flat=True).distinct()
    return [(name, name) for name in names]


def people(request: HttpRequest | None) -> QuerySet[Person]:
    """Whom the reader may choose from, in the chosen department."""
    rows = Person.objects.all()
    if request is None:
        return rows
    if request.user.sees is not None:
        rows = rows.filter(pk__in=request.user.sees)
    group = request.GET.get("group")
    return rows.filter(group=group) if group else rows


def stages(request: HttpRequest | None) -> QuerySet[Stage]:
    """Stages of the chosen pipeline, or all of them."""
    rows = (
        Stage.objects.filter(deleted_at=None)
        .select_related("pipeline")
        .order_by("pipeline__sort", "pipeline_id", "sort", "pk")
    )
    pipeline = request.GET.get("pipeline", "") if request else ""
    return rows.filter(pk__startswith=f"{pipeline}:") if pipeline.isdecimal() else rows


def owner(**options: Any) -> One:
    made = One(
        queryset=people,
        empty_label=_("All managers"),
        null_label=_("No owner"),
        null_value="none",
        **{"label": _("Manager"), **options},
    )
    describe(made, A_PERSON_OR_NOBODY)
    return made


class Filters(OrderedDict[str, filters.Filter]):
    """Of a set; a request gets copies of its own. To copy all that they hold as well, labels and choices, takes eight
    times as long."""

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, filters.Filter]:
        return {name: copy_filter(one) for name, one in self.items()}


def copy_filter(one: filters.Filter) -> filters.Filter:
    made = copy(one)
    made.extra = dict(one.extra)  # the rows to choose from are put there for each reader
    made.method = one.method  # it is bound to its filter
    return made


class FilterSet(filters.FilterSet):
    @classmethod
    def get_filters(cls) -> Filters:
        return Filters(super().get_filters())


class Cascading(FilterSet):
    """When a wider choice changes, the narrower one that no longer fits it is dropped.

    That is a stage of another pipeline, and a person of another department.

    ``RARE`` filters are shown in the form only while they are used.
    """

    RARE: tuple[str, ...] = ()

    def __init__(self, data: QueryDict | None = None, *args: Any, **options: Any) -> None:
        data = QueryDict(mutable=True) if data is None else data.copy()
        pipeline, stage = data.get("pipeline", ""), data.get("stage", "")
        if pipeline.isdecimal() and ":" in stage and not stage.startswith(f"{pipeline}:"):
            del data["stage"]
        group, manager = data.get("group"), data.get("manager", "")
        if group and manager.isdecimal() and not Person.objects.filter(pk=manager, group=group).exists():
            del data["manager"]
        super().__init__(data, *args, **options)

    @cached_property
    def form(self) -> forms.Form:
        form = super().form
        for name in self.RARE:
            if not self.data.get(name):
                form.fields[name].widget = forms.HiddenInput()
        return form


def department(**options: Any) -> filters.ChoiceFilter:
    return filters.ChoiceFilter(
        choices=groups,
        empty_label=_("All departments"),
        error_messages=NO_SUCH,
        **{"field_name": "manager__group", "label": _("Department"), **options},
    )
