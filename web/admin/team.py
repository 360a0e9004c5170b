"""Who works here: employees with their roles, rotas, absences. A change is judged again as soon as it is saved."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from pipelines.models import JudgementRequest
from team.models import DayOff, Employee, Role, Rota

admin.site.unregister(Group)  # the role says what somebody may do


class JudgedAgain(ModelAdmin):
    """Shifts and absences move deadlines: what saves them demands that all deals be judged, in the same transaction."""

    def save_model(self, request: HttpRequest, obj: Model, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        JudgementRequest.objects.demand_all()

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        super().delete_model(request, obj)
        JudgementRequest.objects.demand_all()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with transaction.atomic():  # an action of a list has none
            super().delete_queryset(request, queryset)
            JudgementRequest.objects.demand_all()


class EmployeeForm(UserChangeForm):
    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        head, hired_on, left_on = values.get("head"), values.get("hired_on"), values.get("left_on")
        if head is not None and head.pk == self.instance.pk:
            self.add_error("head", _("Nobody is the head of himself."))
        if hired_on and left_on and left_on < hired_on:
            self.add_error("left_on", _("Nobody leaves before being hired."))
        return values


@admin.register(Employee)
class EmployeeAdmin(UserAdmin, JudgedAgain):
    form = EmployeeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["__str__", "username", "role", "head", "rota", "left_on"]
    list_filter = ["role", "is_active"]
    list_select_related = ["head", "rota"]
    search_fields = ["username", "first_name", "last_name"]
    ordering = ["last_name", "first_name", "username"]
    filter_horizontal = []
    autocomplete_fields = ["person"]
    fieldsets = [
        (None, {"fields": ["username", "password", "first_name", "last_name", "language", "is_active"]}),
        (_("Work"), {"fields": ["role", "person", "head", "rota", "hired_on", "left_on"]}),
    ]
    add_fieldsets = [
        (
            None,
            {"fields": ["username", "usable_password", "password1", "password2", "first_name", "last_name"]},
        ),
        (_("Work"), {"fields": ["role", "person", "head", "rota", "hired_on"]}),
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # shifts and months of the past would change; who goes gets a last day

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        obj.is_staff = obj.is_superuser = obj.role == Role.ADMIN  # the role decides
        super().save_model(request, obj, form, change)


class RotaForm(forms.ModelForm):
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


@admin.register(Rota)
class RotaAdmin(JudgedAgain):
    form = RotaForm
    list_display = ["name", "pattern", "anchor", "starts", "ends", "is_company"]


class DayOffForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last = values.get("first"), values.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first one."))
        return values


@admin.register(DayOff)
class DayOffAdmin(JudgedAgain):
    form = DayOffForm
    list_display = ["employee", "kind", "first", "last"]
    list_filter = ["kind"]
    list_select_related = ["employee"]
    autocomplete_fields = ["employee"]
