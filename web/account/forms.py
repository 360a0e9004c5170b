"""What people say of their own keys."""

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm
from django.utils.translation import gettext_lazy as _

from access.models import ApiToken, SecondFactorDemand
from access.passwords import LONGEST
from access.tokens import LONGEST as LONGEST_LIFE
from access.tokens import USUAL
from team.models import Role


class OwnPasswordForm(PasswordChangeForm):
    """The old one is compared by whoever counts attempts: ``is_old`` is what that said."""

    def __init__(self, *args: Any, is_old: bool = False, **options: Any) -> None:
        self.is_old = is_old
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.max_length = LONGEST  # type: ignore[attr-defined]  # a text
            field.widget.attrs.pop("autofocus", None)

    def clean_old_password(self) -> str:
        if not self.is_old:
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        old: str = self.cleaned_data["old_password"]
        return old


class TokenForm(forms.Form):
    title = forms.CharField(
        label=_("What for"), max_length=80, help_text=_("Such as the program that will use it.")
    )
    may_write = forms.ChoiceField(
        label=_("May"), choices=[("", _("only read")), ("1", _("read and change"))], required=False
    )
    reach = forms.ChoiceField(
        label=_("Sees"), choices=ApiToken.Reach.choices, initial=ApiToken.Reach.OWN, required=True
    )
    days = forms.IntegerField(
        label=_("Days"),
        min_value=1,
        max_value=LONGEST_LIFE,
        initial=USUAL,
        help_text=_("Then it ends by itself."),
    )


class DemandForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    @staticmethod
    def present() -> list[str]:
        return list(SecondFactorDemand.objects.values_list("role", flat=True))
