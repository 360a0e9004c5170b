"""«Тишина»: kinds and rules that ring with nobody for a time, who said so and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core import moment
from core.zone import local_day
from notices import silences as life
from notices.kinds import KINDS
from notices.models import Silence
from qc.queries import title
from qc.rules import RULES
from web.frame.day_fields import DayField

PROPOSED, LAST = timedelta(days=7), 50


@dataclass(frozen=True)
class Row:
    row: Silence
    what: str
    icon: str
    is_on: bool


def list_rows(rows: Iterable[Silence], now: datetime) -> list[Row]:
    return [Row(one, *tell(one), one.ended_at is None and one.since <= now < one.until) for one in rows]


def tell(one: Silence) -> tuple[str, str]:
    """What is silent, with its icon; a kind or a rule that is gone stands by its code."""
    if one.kind:
        kind = KINDS.get(one.kind)
        return (_(kind.title), kind.icon) if kind else (one.kind, "bell-off")
    rule = RULES.get(one.rule)
    return (str(title(one.rule)), rule.icon) if rule else (one.rule, "bell-off")


def in_force(now: datetime) -> list[Row]:
    """What pages tell beside notices. One query."""
    return list_rows(Silence.objects.in_force(now).select_related("author"), now)


def choices() -> list[tuple[Any, Any]]:
    kinds = [(f"kind:{code}", _(one.title)) for code, one in KINDS.items()]
    rules = [(f"rule:{code}", str(title(code))) for code in RULES]
    return [
        ("", "—"),
        (_("Kinds of notices"), sorted(kinds, key=lambda one: one[1])),
        (_("Rules"), sorted(rules, key=lambda one: one[1])),
    ]


class SilenceForm(forms.Form):
    about = forms.ChoiceField(
        label=gettext_lazy("What shall ring with nobody"),
        choices=choices,
        error_messages={"invalid_choice": gettext_lazy("Choose a kind of notice or a rule from the list.")},
    )
    until = DayField(label=gettext_lazy("Quiet until"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=200)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)


def _speaker(request: HttpRequest) -> Any:
    if not life.may_silence(request.user):  # type: ignore[arg-type]  # the login stands before every page
        raise Http404
    return request.user


@require_http_methods(["GET", "HEAD", "POST"])
def silences(request: HttpRequest) -> HttpResponse:
    """What is silent, and what was, the newest first of each; POST begins a silence."""
    user, now = _speaker(request), moment.now()
    offered = {"until": local_day(now) + PROPOSED, "key": uuid4(), "about": request.GET.get("about", "")}
    form = SilenceForm(request.POST) if request.method == "POST" else SilenceForm(initial=offered)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            life.begin_silence(said["about"], said["until"], said["reason"], user, now, said["key"])
        except ValueError as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(
                request, _("It rings with nobody until then; behind the bell it stands all the same.")
            )
            return redirect("silences")
    known = Silence.objects.select_related("author", "ended_by")
    lasting = list(known.in_force(now))  # all of them, or one could not be ended
    over = known.exclude(pk__in=[one.pk for one in lasting])[:LAST]
    context = {"form": form, "rows": list_rows([*lasting, *over], now)}
    return render(request, "notices/silences.html", context, status=422 if form.errors else 200)


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """It rings again from now on; a double click is one."""
    user = _speaker(request)
    if life.end_silence(get_object_or_404(Silence, pk=pk), user, moment.now()):
        messages.success(request, _("It rings again."))
    return redirect("silences")
