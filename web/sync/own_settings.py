"""What an administrator says of the account beside what it says itself: the zone, and what pipelines are for."""

from typing import Any, cast
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from core import account
from pipelines.account import own
from pipelines.models import Account, CustomField, Pipeline, PipelineKind
from web.frame.permissions import for_admins

WHY = {
    "environment": gettext_lazy("set by TIME_ZONE in the environment"),
    "page": gettext_lazy("chosen by an administrator"),
    "account": gettext_lazy("the account’s own"),
    "default": gettext_lazy("nobody has set one, and no account is connected"),
}
KIND = "kind-"
SELECTS = ("select", "radiobutton", "multiselect")  # types of fields whose values are chosen from a list


def zone_in_words() -> dict[str, Any]:
    """The portal's zone and why it is that one; ``other``: the account's own where that is another."""
    known = account.own()
    return {
        "zone": known.zone,
        "why": WHY[known.why],
        "other": known.dates if known.dates != known.zone else "",
    }


class OwnForm(forms.Form):
    """One field per pipeline beside the zone. A kind that nobody has set yet is proposed by the pipeline's name."""

    zone = forms.ChoiceField(label=gettext_lazy("Time zone of the portal"), required=False)

    loss_field = forms.ChoiceField(
        label=gettext_lazy("Why a deal was lost"),
        required=False,
        help_text=gettext_lazy("The field by which people say it, where it is not amoCRM’s own reason."),
    )

    def __init__(self, saved: Account, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        zone = cast(forms.ChoiceField, self.fields["zone"])
        theirs = _("as in amoCRM: %(zone)s") % {"zone": saved.time_zone}
        zone.choices = [("", theirs), *((name, name) for name in sorted(available_timezones()))]
        zone.initial = saved.chosen_zone
        zone.help_text = _("Where days, months and shifts begin. What depends on it is judged again.")
        if account.own().why == "environment":
            zone.disabled, zone.help_text = True, str(WHY["environment"])
        selects = CustomField.objects.filter(deleted_at=None, type__in=SELECTS)
        reason = cast(forms.ChoiceField, self.fields["loss_field"])
        reason.choices = [
            ("", _("amoCRM’s own reasons alone")),
            *((str(one.pk), one.name) for one in selects),
        ]
        reason.initial = str(saved.loss_field or "")
        known = dict(PipelineKind.objects.values_list("pipeline", "kind"))
        for pipeline in Pipeline.objects.filter(deleted_at=None):
            guess = own.guess_kind(pipeline.name)
            field = forms.ChoiceField(
                label=pipeline.name, choices=PipelineKind.Kind.choices, initial=known.get(pipeline.pk, guess)
            )
            if pipeline.pk not in known:
                field.help_text = _("a guess by the name; until it is saved, the pipeline sells")
            self.fields[f"{KIND}{pipeline.pk}"] = field

    @property
    def kinds(self) -> dict[int, str]:
        return {
            int(name.removeprefix(KIND)): value
            for name, value in self.cleaned_data.items()
            if name.startswith(KIND)
        }


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def own_settings(request: HttpRequest) -> HttpResponse:
    saved = Account.objects.first()
    if saved is None:
        return redirect("connect")
    form = OwnForm(saved, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "sync/own_settings.html", {"form": form, **zone_in_words()}, status=status)
    moved = account.own().why != "environment" and own.choose_zone(saved, form.cleaned_data["zone"])
    field = form.cleaned_data["loss_field"]
    moved = own.choose_loss_field(saved, int(field) if field else None) or moved
    changed = own.set_kinds(form.kinds)
    messages.success(request, _("Saved; everything is judged again.") if moved or changed else _("Saved."))
    return redirect("own-settings")
