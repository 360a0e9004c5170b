"""Who works here: employees with their roles, rotas, absences. A change is judged again as soon as it is saved."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from access.sessions import end_sessions
from access.tokens import revoke_tokens
from pipelines.models import JudgementRequest
from team.models import DayOff, Employee, Role, Rota
from web.admin.dated import AmoUserInline, HeadInline, RotaInline
from web.admin.searching import Searching

admin.site.unregister(Group)  # the role says what somebody may do
admin.site.unregister(TOTPDevice)  # its page would show the secret


class JudgedAgain(Searching, ModelAdmin):
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


class PasswordForm(AdminPasswordChangeForm):
    """A new password tells its validators, and tokens end; one that is taken away has none to tell."""

    def save(self, commit: bool = True) -> Any:
        user = super().save(commit)
        if commit:
            revoke_tokens(user)
            end_sessions(user)  # the administrator's own goes on under another key
        return user


class EmployeeForm(UserChangeForm):
    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        hired_on, left_on = values.get("hired_on"), values.get("left_on")
        if hired_on and left_on and left_on < hired_on:
            self.add_error("left_on", _("Nobody leaves before being hired."))
        return values


@admin.register(Employee)
class EmployeeAdmin(UserAdmin, JudgedAgain):
    form = EmployeeForm
    add_form = UserCreationForm
    change_password_form = PasswordForm
    inlines = [RotaInline, HeadInline, AmoUserInline]
    list_display = ["__str__", "username", "role", "head", "rota", "left_on"]
    list_filter = ["role", "is_active"]
    search_fields = ["username", "first_name", "last_name"]
    ordering = ["last_name", "first_name", "username"]
    filter_horizontal = []
    autocomplete_fields = ["person"]
    fieldsets = [
        (None, {"fields": ["username", "password", "first_name", "last_name", "language", "is_active"]}),
        (_("Work"), {"fields": ["role", "person", "hired_on", "left_on"]}),
    ]
    add_fieldsets = [
        (
            None,
            {"fields": ["username", "usable_password", "password1", "password2", "first_name", "last_name"]},
        ),
        (_("Work"), {"fields": ["role", "person", "hired_on"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super().get_queryset(request).prefetch_related("rota_assignments__rota", "head_assignments__head")
        )

    @admin.display(description=_("head"))
    def head(self, obj: Employee) -> Employee | None:
        return obj.head

    @admin.display(description=_("rota"))
    def rota(self, obj: Employee) -> Rota | None:
        return obj.rota

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # shifts and months of the past would change; who goes gets a last day

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        obj.is_staff = obj.is_superuser = obj.role == Role.ADMIN  # the role decides
        super().save_model(request, obj, form, change)
        if change and (not obj.is_active or obj.has_left):
            revoke_tokens(obj)
            end_sessions(obj)


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
