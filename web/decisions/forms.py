"""Forms of decisions: who shall do what by when, another term, what came of it, hidden until a day."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from team.models import Employee, Role
from web.frame.day_fields import DayField


class PersonChoice(forms.ModelChoiceField):
    def label_from_instance(self, one: Employee) -> str:
        return f"{one} · {one.get_role_display()}"


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **attrs: Any) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


def owners(user: Employee) -> Any:
    """Whom the reader may charge with a decision: of a head his people and himself, else everybody who works here."""
    rows = Employee.objects.filter(is_active=True).exclude(role=Role.ADMIN)
    if user.sees is not None:
        rows = rows.filter(person_id__in=user.sees) | Employee.objects.filter(pk=user.pk)
    gone = [one.pk for one in rows if one.has_left]
    return rows.exclude(pk__in=gone).order_by("last_name", "first_name", "username")


class TakeForm(forms.Form):
    """Owner, term and words; ``key`` is drawn with the form, so that it works once."""

    owner = PersonChoice(queryset=Employee.objects.none(), label=_("Who answers for it"), empty_label=None)
    due_on = DayField(label=_("Until"), widget=DayInput())
    text = forms.CharField(
        label=_("How"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, user: Employee, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["owner"].queryset = owners(user)  # type: ignore[attr-defined]  # a choice of rows


class ListForm(TakeForm):
    title = forms.CharField(label=_("What to do"), max_length=200)
    key = forms.CharField(max_length=36, widget=forms.HiddenInput)
    field_order = ["title", "owner", "due_on", "text", "key"]


class TermForm(forms.Form):
    due_on = DayField(label=_("New term"), widget=DayInput())


class EndForm(forms.Form):
    done = forms.ChoiceField(choices=[("1", _("done")), ("0", _("dropped"))])
    outcome = forms.CharField(
        label=_("What came of it"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class HideForm(forms.Form):
    key = forms.CharField(max_length=120, widget=forms.HiddenInput)
    until = DayField(label=_("Hide until"), widget=DayInput())
    reason = forms.CharField(label=_("Why"), max_length=300)


def first_problem(form: forms.Form) -> str:
    """One sentence of what is wrong with a form."""
    for name, errors in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        return f"{label}: {errors[0]}" if label else str(errors[0])
    return ""


def as_text(day: date | None) -> str:
    return day.isoformat() if day else ""
