"""What somebody says of a view: its name, for whom it is, and of the page as it stands."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from team.models import Employee, Role
from team.models.saved_views import LONGEST_ADDRESS, LONGEST_TITLE, roles_to_share_with
from web.frame.view_pages import PageAddress, may_open, read_address


class ViewForm(forms.Form):
    title = forms.CharField(label=_("Name of the view"), max_length=LONGEST_TITLE)
    role = forms.ChoiceField(label=_("For whom"), required=False)

    def __init__(self, user: Employee, *args: Any, page: PageAddress | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.page = page
        roles = [(role.value, role.label) for role in roles_to_share_with(user)]
        if roles:
            self.fields["role"].choices = [("", _("for me alone")), *roles]  # type: ignore[attr-defined]  # a choice
        else:
            del self.fields["role"]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        role = values.get("role") or ""
        if role and self.page and not may_open(role, self.page.route):
            self.add_error("role", _("Managers do not have this page."))
        return values | {"role": role}


class NewViewForm(ViewForm):
    address = forms.CharField(max_length=LONGEST_ADDRESS, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        self.page = read_address(self.cleaned_data.get("address", ""))
        if self.page is None:
            self.add_error(None, _("This page cannot be saved as a view."))
        return super().clean()


def first_problem(form: forms.Form) -> str:
    return next(str(errors[0]) for errors in form.errors.values())


def name_role(role: str) -> Any:
    return Role(role).label if role else ""
