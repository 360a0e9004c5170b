"""Fields of the admin that search for a row: what an address or a form puts there is shown only if it can be a key."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey
from django.http import HttpRequest
from unfold.mixins import BaseModelAdminMixin


class SearchSelect(AutocompleteSelect):
    """Django's own asks the database for what it is given, and breaks down on what is no key."""

    def optgroups(self, name: str, value: Iterable[Any], attr: Any = None) -> list[Any]:
        groups: list[Any] = super().optgroups(name, [one for one in value if self._fits(one)], attr)
        return groups

    def _fits(self, value: Any) -> bool:
        key = self.field.target_field
        try:
            key.run_validators(key.to_python(value))
        except (ValidationError, ValueError, OverflowError):
            return False
        return True


class Searching(BaseModelAdminMixin):
    """Of an admin, or of rows inside one: its `autocomplete_fields` search with `SearchSelect`."""

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **options: Any
    ) -> forms.ModelChoiceField | None:
        if db_field.name in self.get_autocomplete_fields(request):
            options.setdefault("widget", SearchSelect(db_field, self.admin_site, using=options.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **options)
