"""The mirror as amoCRM says it: to look at, never to edit."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from pipelines import models
from pipelines.account import own


class ReadOnlyAdmin(ModelAdmin):
    """Rows that only the code writes."""

    show_full_result_count = False  # counting a million rows for a footnote
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ["name", "base_url", "currency", "time_zone"]


@admin.register(models.Pipeline)
class PipelineAdmin(ReadOnlyAdmin):
    list_display = ["name", "sort", "is_main", "is_archived"]


@admin.register(models.PipelineKind)
class PipelineKindAdmin(ModelAdmin):
    list_display = ["name", "kind"]

    @admin.display(description=_("pipeline"))
    def name(self, row: models.PipelineKind) -> str:
        return str(models.Pipeline.objects.filter(pk=row.pipeline).first() or row.pipeline)

    def save_model(self, request: HttpRequest, obj: models.PipelineKind, form: Any, change: bool) -> None:
        own.set_kinds({obj.pipeline: obj.kind})

    def delete_model(self, request: HttpRequest, obj: models.PipelineKind) -> None:
        own.set_kinds({obj.pipeline: models.PipelineKind.Kind.SALES})
        super().delete_model(request, obj)


@admin.register(models.Stage)
class StageAdmin(ReadOnlyAdmin):
    list_display = ["name", "pipeline", "kind", "sort"]
    list_filter = ["pipeline", "kind"]
    list_select_related = ["pipeline"]


@admin.register(models.Person)
class PersonAdmin(ReadOnlyAdmin):
    list_display = ["name", "group", "is_active", "deleted_at"]
    list_filter = ["is_active"]
    search_fields = ["name"]


@admin.register(models.CustomField)
class CustomFieldAdmin(ReadOnlyAdmin):
    list_display = ["name", "type", "sort"]


@admin.register(models.LossReason)
class LossReasonAdmin(ReadOnlyAdmin):
    list_display = ["name", "sort"]


@admin.register(models.TaskType)
class TaskTypeAdmin(ReadOnlyAdmin):
    list_display = ["name"]


@admin.register(models.Deal)
class DealAdmin(ReadOnlyAdmin):
    list_display = ["id", "name", "price", "stage", "manager", "closed_at"]
    list_select_related = ["stage", "manager"]
    search_fields = ["=id", "name"]


@admin.register(models.Task)
class TaskAdmin(ReadOnlyAdmin):
    list_display = ["id", "deal", "manager", "due_at", "is_completed"]
    list_select_related = ["deal", "manager"]
    search_fields = ["=id"]


@admin.register(models.Cursor)
class CursorAdmin(ReadOnlyAdmin):
    list_display = ["entity", "state", "as_of", "rows", "error"]


@admin.register(models.Sweep)
class SweepAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "finished_at", "found", "error"]
