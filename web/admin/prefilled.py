"""Forms of the admin that an address fills in beforehand."""

from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import ForeignKey
from django.http import HttpRequest
from unfold.admin import ModelAdmin


class Prefilled(ModelAdmin):
    """What an address puts into a field that searches for a row is dropped unless it can be a key of one."""

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        return {name: value for name, value in given.items() if self._fits(name, value)}

    def _fits(self, name: str, value: Any) -> bool:
        try:
            field = self.model._meta.get_field(name)
            if isinstance(field, ForeignKey) and value:
                field.target_field.run_validators(field.target_field.to_python(value))
        except FieldDoesNotExist:
            return True
        except (ValidationError, ValueError, OverflowError):
            return False
        return True
