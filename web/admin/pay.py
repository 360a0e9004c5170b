"""Plans of managers are edited here; schemes are documents and come in by ``kpi_scheme load``."""

import json
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from kpi.calculation.running import begin_period
from kpi.models import Quota, Scheme
from web.admin.mirror import ReadOnlyAdmin
from web.admin.searching import Searching
from web.admin.spans import SpanList


class QuotaForm(forms.ModelForm):
    def clean_period(self) -> date:
        day: date = self.cleaned_data["period"]
        return day.replace(day=1)  # any day names its month

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if (day := given.get("period")) and (span := given.get("span")):
            given["period"] = begin_period(day, span)
        return given

    def clean_amount(self) -> object:
        amount = self.cleaned_data["amount"]
        if amount <= 0:
            raise forms.ValidationError(_("A plan is above zero."))
        return amount


@admin.register(Quota)
class QuotaAdmin(Searching, ModelAdmin):
    form = QuotaForm
    list_display = ["manager", "period", "amount"]
    list_select_related = ["manager"]
    autocomplete_fields = ["manager"]
    date_hierarchy = "period"

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[SpanList]:
        return SpanList


@admin.register(Scheme)
class SchemeAdmin(ReadOnlyAdmin):
    list_display = ["title", "code", "version", "effective_from", "published_at"]
    fields = ["title", "code", "version", "effective_from", "published_at", "shown"]

    @admin.display(description=_("document"))
    def shown(self, scheme: Scheme) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(scheme.document, ensure_ascii=False, indent=2))
