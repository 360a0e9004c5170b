"""What the admin allows: channels, and of every kind whether it is told, rings, may be muted, and how high it goes."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from notices import policy as kept_policy
from notices.kinds import KINDS, Kind
from notices.kinds.registry import DIRECTOR, HEAD
from notices.models import Channel
from web.frame.permissions import for_admins

MINUTE = 60
RINGING = [(Channel.TELEGRAM.value, "Telegram"), (Channel.EMAIL.value, gettext_lazy("e-mail"))]


class PolicyForm(forms.Form):
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Channels that ring"),
        choices=RINGING,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    per_shift = forms.IntegerField(
        label=gettext_lazy("Single messages a shift"),
        min_value=0,
        max_value=50,
        help_text=gettext_lazy("what is more comes in heaps, one every four hours"),
    )


class KindForm(forms.Form):
    """One kind; times are in minutes of working time, an empty one means that this rung is never climbed."""

    on = forms.BooleanField(label=gettext_lazy("told"), required=False)
    loud = forms.BooleanField(label=gettext_lazy("rings"), required=False)
    must = forms.BooleanField(label=gettext_lazy("nobody may mute it"), required=False)

    def __init__(self, one: Kind, said: dict[str, Any], data: Any = None) -> None:
        self.kind = one
        terms = kept_policy.read_terms(one, said)
        initial: dict[str, Any] = {"on": terms.on, "loud": terms.loud, "must": bool(said.get("must"))}
        minutes = {rung.audience: int(rung.after.total_seconds()) // MINUTE for rung in terms.rungs}
        super().__init__(data, initial=initial, prefix=one.code.replace(".", "_"))
        if one.ahead:
            self.fields["ahead"] = forms.IntegerField(
                label=gettext_lazy("so many minutes before"),
                min_value=1,
                max_value=kept_policy.LONGEST,
                initial=int(terms.ahead.total_seconds()) // MINUTE,
            )
        for rung in one.rungs:
            if rung.audience in (HEAD, DIRECTOR) and rung.after:
                label = gettext_lazy("head after, minutes") if rung.audience == HEAD else None
                self.fields[rung.audience] = forms.IntegerField(
                    label=label or gettext_lazy("director after, minutes"),
                    min_value=0,
                    max_value=kept_policy.LONGEST,
                    required=False,
                    initial=minutes.get(rung.audience),
                )

    def document(self) -> dict[str, Any]:
        values = self.cleaned_data
        after = {name: values[name] for name in (HEAD, DIRECTOR) if name in self.fields}
        return {"on": values["on"], "loud": values["loud"], "must": values["must"], "after": after} | (
            {"ahead": values["ahead"]} if "ahead" in self.fields else {}
        )

    @property
    def switches(self) -> list[Any]:
        return [self[name] for name in ("on", "loud", "must")]

    @property
    def numbers(self) -> list[Any]:
        return [self[name] for name in ("ahead", HEAD, DIRECTOR) if name in self.fields]


@for_admins
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest) -> HttpResponse:
    row = kept_policy.row()
    data = request.POST if request.method == "POST" else None
    form = PolicyForm(data, initial={"channels": row.channels, "per_shift": row.per_shift})
    kinds = [KindForm(one, row.kinds.get(code, {}), data) for code, one in KINDS.items()]
    if data is not None and all([form.is_valid(), *(one.is_valid() for one in kinds)]):
        row.channels, row.per_shift = form.cleaned_data["channels"], form.cleaned_data["per_shift"]
        row.kinds = {one.kind.code: one.document() for one in kinds}
        row.save()
        messages.success(request, _("Saved. What has begun goes on as it was begun."))
        return redirect("notice-policy")
    context = {
        "form": form,
        "kinds": [(one, _(one.kind.title), _(one.kind.why)) for one in kinds],
        "set_up": {channel: kept_policy.is_set_up(channel) for channel, _label in RINGING},
    }
    return render(request, "notices/policy.html", context, status=422 if data is not None else 200)
