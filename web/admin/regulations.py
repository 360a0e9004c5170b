"""Rules and regulations in the admin. Regulations are edited on their own page, where a draft is tried first."""

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from qc import queries, regulations
from qc.models import Regulation, RuleMode
from web.admin.mirror import ReadOnlyAdmin


@admin.register(RuleMode)
class RuleModeAdmin(ModelAdmin):
    list_display = ["title", "mode", "weight", "since"]
    readonly_fields = ["rule", "title", "since"]

    @admin.display(description=_("rule"))
    def title(self, row: RuleMode) -> str:
        return queries.titles().get(row.rule, row.rule)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RuleMode | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: RuleMode, form: forms.ModelForm, change: bool) -> None:
        regulations.set_mode(obj.rule, obj.mode, obj.weight)


@admin.register(Regulation)
class RegulationAdmin(ReadOnlyAdmin):
    list_display = ["stage", "version", "published_at", "author", "page"]
    list_select_related = ["stage", "author"]

    @admin.display(description=_("page"))
    def page(self, row: Regulation) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("regulation", args=[row.stage_id]), _("open"))
