"""Rotas, company hours and holiday calendars. A change holds from a day; days before it stay as they were."""

from datetime import date
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import get_language, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from holidays import list_supported_countries
from unfold.admin import TabularInline
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from core.zone import portal_zone
from team import hours, rosters
from team.models import CalendarDay, CompanyHours, HolidayCalendar, Rota
from team.models.dated import HELD_ALREADY
from team.patterns import laid, without
from web.admin.team import JudgedAgain
from web.frame.day_fields import DayField

# What a rota is besides its name: a change of it changes days.
SUBSTANCE = {"pattern", "anchor", "starts", "ends", "breaks", "special", "time_zone", "calendar"}
SAY_FROM_WHEN = _(
    "Days are worked by this rota: say from which day the change holds, or that it was a mistake."
)
NEAR = ("RU", "KZ", "BY", "UZ", "KG", "AM", "AZ", "GE")  # where amoCRM is at home stands first


class HoursField(forms.CharField):
    """«13:00–14:00, 17:00–17:15» ↔ the pairs that are kept."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else hours.write(value or [])

    def to_python(self, value: Any) -> Any:
        return read_hours(super().to_python(value) or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or self.to_python("")))
        except forms.ValidationError:
            return True


class SpecialField(HoursField):
    """A line for each day of the pattern that has hours of its own, «5: 09:00–17:00»."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return value
        return "\n".join(
            f"{place}: {hours.write(kept)}" for place, kept in sorted((value or {}).items(), key=_place)
        )

    def to_python(self, value: Any) -> Any:
        found: dict[str, hours.Kept] = {}
        for line in (forms.CharField.to_python(self, value) or "").splitlines():
            if line.strip():
                place, _colon, text = line.partition(":")
                if not place.strip().isdecimal() or not int(place) or not text.strip():
                    raise forms.ValidationError(
                        _("“%(line)s” is not a day of the pattern with its hours, such as 5: 09:00–17:00."),
                        params={"line": line.strip()},
                    )
                if str(int(place)) in found:
                    raise forms.ValidationError(
                        _("Day %(day)s stands here twice."), params={"day": int(place)}
                    )
                found[str(int(place))] = read_hours(text)
        return found


def read_hours(text: str) -> hours.Kept:
    try:
        kept = hours.read(text)
    except hours.NotHours as error:
        raise forms.ValidationError(
            _("“%(text)s” is not hours such as 09:00–13:00, 14:00–18:00."), params={"text": str(error)}
        ) from None
    if not hours.fit_in_a_day(kept):
        raise forms.ValidationError(
            _("“%(text)s”: hours overlap, or do not follow each other within one day."),
            params={"text": text.strip()},
        )
    return kept


class RotaForm(forms.ModelForm):
    breaks = HoursField(
        label=_("breaks"), required=False, help_text=_("cut out of every shift, such as 13:00–14:00")
    )
    special = SpecialField(
        label=_("days with other hours"),
        required=False,
        help_text=_(
            "a line for each, by its number in the pattern: 5: 09:00–17:00 is a shorter Friday of 1111100"
        ),
    )
    holds_from = DayField(
        label=_("the change holds from"),
        required=False,
        widget=UnfoldAdminDateWidget,
        help_text=_("days before it stay as they were"),
    )
    past_too = forms.BooleanField(
        label=_("it was a mistake: the past changes, too"), required=False, widget=UnfoldBooleanWidget
    )

    class Meta:
        model = Rota
        fields = ["name", "pattern", "anchor", "starts", "ends", "breaks", "special", "time_zone", "calendar"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["time_zone"].initial = portal_zone().key
        self.in_use = bool(self.instance.pk) and self.instance.assignments.exists()
        if not self.in_use:
            del self.fields["holds_from"], self.fields["past_too"]

    def clean_pattern(self) -> str:
        pattern: str = self.cleaned_data["pattern"]
        if not pattern or set(pattern) - {"0", "1"}:
            raise forms.ValidationError(_("A pattern is written with 1 and 0 only, such as 111000."))
        if "1" not in pattern:
            raise forms.ValidationError(_("This pattern has no shift at all."))
        return pattern

    def clean_time_zone(self) -> str:
        zone: str = self.cleaned_data["time_zone"]
        if zone not in available_timezones():
            raise forms.ValidationError(
                _("There is no time zone “%(zone)s”; write one such as Europe/Moscow."), params={"zone": zone}
            )
        return zone

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if {"pattern", "starts", "ends", "breaks", "special"} <= values.keys():
            self._check_days(values)
        undated = bool(values.get("holds_from")) == bool(values.get("past_too"))
        if self.in_use and SUBSTANCE & set(self.changed_data) and not self.errors and undated:
            self.add_error("holds_from", SAY_FROM_WHEN)
        return values

    def _check_days(self, values: dict[str, Any]) -> None:
        pattern, special = values["pattern"], values["special"]
        breaks, usual = hours.spans(values["breaks"]), (values["starts"], values["ends"])
        for place in sorted(map(int, special)):
            if place > len(pattern):
                words = ngettext_lazy(
                    "The pattern has %(count)d day, there is no day %(day)d.",
                    "The pattern has %(count)d days, there is no day %(day)d.",
                    "count",
                )
                self.add_error("special", words % {"count": len(pattern), "day": place})
            elif pattern[place - 1] == "0":
                self.add_error("special", _("Day %(day)d is a day off in this pattern.") % {"day": place})
        if not all(without(laid(day), breaks) for day in ((usual,), *map(hours.spans, special.values()))):
            self.add_error("breaks", _("The breaks leave nothing of a shift."))


@admin.register(Rota)
class RotaAdmin(JudgedAgain):
    form = RotaForm
    list_display = ["name", "pattern", "anchor", "starts", "ends", "calendar"]
    list_select_related = ["calendar"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        used = obj is not None and obj.assignments.exists()
        return [*RotaForm.Meta.fields, *(["holds_from", "past_too"] if used else [])]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        since = form.cleaned_data.get("holds_from")
        if not since or not SUBSTANCE & set(form.changed_data):
            super().save_model(request, obj, form, change)
            return
        old = Rota.objects.get(pk=obj.pk)
        old.name = f"{old.name[:40]} (→ {since:%d.%m.%Y})"
        old.save(update_fields=["name"])
        obj.pk, obj._state.adding = None, True
        super().save_model(request, obj, form, change)
        rosters.supersede(old, obj, since)


class CompanyHoursForm(forms.ModelForm):
    class Meta:
        model = CompanyHours
        fields = ["since", "rota"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["rota"].required = True
        self.fields["rota"].help_text = ""

    def clean_since(self) -> date | None:
        since: date | None = self.cleaned_data["since"]
        if CompanyHours.objects.exclude(pk=self.instance.pk).filter(since=since).exists():
            raise forms.ValidationError(HELD_ALREADY)
        return since


@admin.register(CompanyHours)
class CompanyHoursAdmin(JudgedAgain):
    form = CompanyHoursForm
    list_display = ["rota", "since"]
    list_select_related = ["rota"]
    ordering = ["since"]


class CalendarDayInline(TabularInline):
    model = CalendarDay
    extra = 0
    fields = ["day", "kind", "minutes"]


def countries() -> list[tuple[str, str]]:
    """Those whose holidays are known, by their names in the reader's language; first those near by."""
    names = Locale.parse(get_language() or "en", sep="-").territories
    listed = sorted(
        ((code, str(names.get(code, code))) for code in list_supported_countries() if len(code) == 2),
        key=lambda one: (NEAR.index(one[0]) if one[0] in NEAR else len(NEAR), one[1]),
    )
    return [("", str(_("none: only the days listed below"))), *listed]


class HolidayCalendarForm(forms.ModelForm):
    country = forms.ChoiceField(
        label=_("country"), required=False, widget=UnfoldAdminSelectWidget, choices=countries
    )

    class Meta:
        model = HolidayCalendar
        fields = ["name", "country", "eve_minutes"]


@admin.register(HolidayCalendar)
class HolidayCalendarAdmin(JudgedAgain):
    form = HolidayCalendarForm
    inlines = [CalendarDayInline]
    list_display = ["name", "country", "eve_minutes"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # Days of the past would change; another country is another calendar, given to a rota from a day.
        return ["country"] if obj is not None and obj.rotas.exists() else []


def _place(item: tuple[str, Any]) -> int:
    return int(item[0])
