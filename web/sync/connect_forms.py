"""The forms of the connection's page."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from pipelines.account import connection
from pipelines.account.credentials import CannotConnect
from pipelines.account.rights import ListedPipeline

PLACE = {"placeholder": "https://example.amocrm.ru", "autocomplete": "off", "inputmode": "url"}
SECRET = {"autocomplete": "off", "spellcheck": "false"}


class AddressForm(forms.Form):
    address = forms.CharField(
        label=_("Address of the account"), max_length=200, widget=forms.TextInput(attrs=PLACE)
    )

    def clean_address(self) -> str:
        try:
            return connection.read_address(self.cleaned_data["address"])
        except CannotConnect as error:
            raise forms.ValidationError(str(error)) from error


class TokenForm(AddressForm):
    token = forms.CharField(
        label=_("Long-lived token"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3, **SECRET}),
        help_text=_(
            "The integration's tab «Ключи и доступы» in amoCRM, «Сгенерировать токен»; as an administrator."
        ),
    )

    def clean_token(self) -> str:
        """A header takes Latin letters only; line breaks come from copying."""
        token = "".join(self.cleaned_data["token"].split())
        if not token.isascii():
            raise forms.ValidationError(_("A token consists of Latin letters, digits and a few signs."))
        return token


class KeysForm(AddressForm):
    client_id = forms.CharField(
        label=_("Integration ID"), max_length=100, widget=forms.TextInput(attrs=SECRET)
    )
    client_secret = forms.CharField(
        label=_("Secret key"),
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if settings.AMO_CLIENT_ID:
            del self.fields["client_id"], self.fields["client_secret"]

    @property
    def keys(self) -> tuple[str, str]:
        """The environment's keys win, and then nobody is asked for them."""
        if settings.AMO_CLIENT_ID:
            return settings.AMO_CLIENT_ID, settings.AMO_CLIENT_SECRET
        return self.cleaned_data["client_id"].strip(), self.cleaned_data["client_secret"].strip()


class LoadForm(forms.Form):
    """Which pipelines, and whether amoCRM shall ring."""

    pipelines = forms.TypedMultipleChoiceField(
        label=_("Pipelines"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one pipeline."),
            "invalid_choice": _("amoCRM has no such pipeline any more: choose again."),
        },
    )
    hooks = forms.BooleanField(label=_("Let amoCRM ring here when something changes"), required=False)

    def __init__(self, funnels: Collection[ListedPipeline], *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["pipelines"].choices = [(funnel.id, funnel.name) for funnel in funnels]  # type: ignore[attr-defined]  # a choice

    @property
    def chosen(self) -> list[int] | None:
        """None when all are chosen: those that amoCRM gets later are mirrored as well."""
        pipelines = self.cleaned_data["pipelines"]
        return None if len(pipelines) == len(self.fields["pipelines"].choices) else pipelines  # type: ignore[attr-defined]  # a choice
