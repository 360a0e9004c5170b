"""What of an employee holds from a day on: rows on his page in the admin."""

from collections import Counter
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from team.models import AmoUser, Employee, HeadAssignment, RotaAssignment
from web.admin.searching import Searching


class DatedFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data]
        begins = Counter((row.get("since"), row.get("person")) for row in rows if not row.get("DELETE"))
        if any(count > 1 for count in begins.values()):
            raise forms.ValidationError(_("Two of these begin on the same day."))
        super().clean()


class DatedInline(Searching, TabularInline):
    formset = DatedFormSet

    def get_extra(self, request: HttpRequest, obj: Any = None, **options: Any) -> int:
        return 0 if obj else 1


class RotaInline(DatedInline):
    model = RotaAssignment
    fields = ["since", "rota"]
    verbose_name_plural = _("rotas: each holds from its day, days before stay as they were")


class HeadForm(forms.ModelForm):
    def clean_head(self) -> Employee | None:
        head: Employee | None = self.cleaned_data["head"]
        if head is not None and head.pk == self.instance.employee_id:
            raise forms.ValidationError(_("Nobody is the head of himself."))
        return head


class HeadInline(DatedInline):
    model = HeadAssignment
    form = HeadForm
    fk_name = "employee"
    fields = ["since", "head"]
    autocomplete_fields = ["head"]


class AmoUserForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        person = values.get("person")
        if person is not None and values.get("since") is None:
            main = Employee.objects.filter(person=person).first()
            if main is not None:
                self.add_error(
                    "since",
                    _(
                        "%(person)s is the main amoCRM user of %(employee)s: say from which day this is another’s."
                    )
                    % {"person": person, "employee": main},
                )
        return values


class AmoUserInline(DatedInline):
    model = AmoUser
    form = AmoUserForm
    fields = ["since", "person"]
    autocomplete_fields = ["person"]
