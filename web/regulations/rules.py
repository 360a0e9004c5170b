"""«Правила»: the catalogue, how far each rule reaches, and what it weighs."""

from collections import Counter
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from core import moment
from core.zone import first_of_day
from qc import first_times, in_due_time, newcomers, norms, queries, regulations
from qc.models import Finding, PlannedSwitch, RuleHalt, RuleMode, Severity
from qc.rules import DEAL, NORM, QUESTION, RULES, Rule
from team.models.employees import today
from web.frame.day_fields import DayField
from web.frame.permissions import for_admins
from web.regulations.control import ControlForm, FirstTimesForm, GraceForm, off_times
from web.regulations.form import norm_field

CLOCKS = {
    "calendar": gettext_lazy("by the calendar"),
    "owner": gettext_lazy("by the owner's shifts"),
    "client": gettext_lazy("by company hours"),
    NORM: gettext_lazy("the one that the stage's regulation names"),
}
TONES = {"off": "neutral", "shadow": "neutral", "warn": "info", "money": "warn"}


class RuleForm(forms.Form):
    """A rule's mode and weight, and its norm where that holds for the whole portal; a question has no mode of money."""

    rule = forms.CharField(widget=forms.HiddenInput)
    mode = forms.ChoiceField(label=gettext_lazy("Mode"), choices=RuleMode.Mode.choices)
    weight = forms.IntegerField(label=gettext_lazy("Weight"), min_value=0, max_value=100)
    since_on = DayField(
        label=gettext_lazy("From"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, rule: Rule | None, chosen: RuleMode | None, data: Any = None) -> None:
        own = rule is not None and rule.norm is not None and not rule.is_of_stages
        self.parameters = rule.parameters if rule is not None and own else ()
        initial: dict[str, Any] = {}
        if rule is not None and chosen is not None:
            initial = {"rule": rule.code, "mode": chosen.mode, "weight": chosen.weight}
            norm = norms.read_norm(rule, chosen.norm) if own else None
            initial |= {one.alias: getattr(norm, one.name) for one in self.parameters}
        code = rule.code if rule is not None else ""
        super().__init__(data, initial=initial, auto_id=f"id_{code}_%s")
        for one in self.parameters:
            self.fields[one.alias] = norm_field(one, {})
        if rule is not None and rule.severity == QUESTION:
            mode: Any = self.fields["mode"]
            mode.choices = [choice for choice in RuleMode.Mode.choices if choice[0] != RuleMode.Mode.MONEY]

    def clean_since_on(self) -> date | None:
        day: date | None = self.cleaned_data["since_on"]
        if day is not None and day < today():
            raise forms.ValidationError(_("A rule is switched from today or from a later day."))
        return day

    @property
    def norm_fields(self) -> list[dict[str, Any]]:
        return [{"field": self[one.alias], "kind": type(one.kind).__name__} for one in self.parameters]

    @property
    def norm(self) -> dict[str, Any]:
        """What a valid form says of the norm."""
        return {one.name: self.cleaned_data[one.alias] for one in self.parameters}


@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """Everybody reads; an admin switches one rule at a time by POST."""
    return _switch(request) if request.method == "POST" else _show(request)


@for_admins
def _switch(request: HttpRequest) -> HttpResponse:
    form = RuleForm(RULES.get(request.POST.get("rule", "")), None, request.POST)
    return redirect("rules") if _switched(request, form) else _show(request, form)


def _show(request: HttpRequest, refused: RuleForm | None = None) -> HttpResponse:
    known, counts = {row.rule: row for row in RuleMode.objects.all()}, _open_now(request)
    halts: dict[str, RuleHalt] = {}
    for halt in RuleHalt.objects.order_by("at"):
        halts[halt.rule] = halt
    planned = {row.rule: row for row in PlannedSwitch.objects.all()}
    rows = []
    for code, rule in RULES.items():
        chosen = known.get(code) or RuleMode(rule=code)
        form = RuleForm(rule, chosen)
        if refused is not None and refused.data.get("rule") == code:
            form = refused
        in_shadow = chosen.mode == RuleMode.Mode.SHADOW
        rows.append(
            {
                "code": code,
                "tried": rule.unit == DEAL or chosen.mode != RuleMode.Mode.OFF,
                "title": queries.title(code),
                "why": queries.why(code),
                "fix": queries.fix(code),
                "severity": Severity(rule.severity),
                "clock": CLOCKS[rule.clock],
                "chosen": chosen,
                "halt": halts.get(code),
                "planned": planned.get(code),
                "tone": TONES[chosen.mode],
                "findings": counts.get((code, in_shadow), 0),
                "in_shadow": in_shadow,
                "form": form if request.user.administers else None,
            }
        )
    stray = refused.errors if refused is not None and refused.data.get("rule") not in RULES else None
    control = {"off_times": off_times(), "control": ControlForm() if request.user.administers else None}
    days = newcomers.present_days()
    context: dict[str, Any] = control | {
        "newcomers": days,
        "grace": GraceForm(initial={"days": days}, auto_id="grace_%s") if request.user.administers else None,
    }
    free = first_times.present_cases()
    context |= {
        "free_cases": free,
        "first_times": FirstTimesForm(initial={"cases": free}, auto_id="first_%s")
        if request.user.administers
        else None,
    }
    context |= {"rows": rows, "problems": [_("There is no such rule.")] if stray else []}
    return render(request, "regulations/rules.html", context, status=422 if refused else 200)


def _open_now(request: HttpRequest) -> Counter[tuple[str, bool]]:
    """Open findings that the reader may see, by rule and whether they stand in shadow."""
    found = Finding.objects.visible_to(request.user).open(moment.now()).order_by()
    counts: Counter[tuple[str, bool]] = Counter()
    for rule, mode, number in found.values_list("rule", "mode").annotate(Count("pk")):
        counts[rule, mode == RuleMode.Mode.SHADOW] += number
    return counts


def _switched(request: HttpRequest, form: RuleForm) -> bool:
    if not form.is_valid():
        return False
    values = form.cleaned_data
    before = RuleMode.objects.filter(rule=values["rule"]).first()
    day = values["since_on"]
    try:
        if day is not None and day > today():
            author: Any = request.user
            at = first_of_day(day)
            in_due_time.plan_mode(
                values["rule"], values["mode"], values["weight"], form.norm or None, at, author
            )
            messages.success(request, _("Planned: “%(rule)s”.") % {"rule": queries.title(values["rule"])})
            return True
        after = regulations.set_mode(values["rule"], values["mode"], values["weight"], form.norm or None)
    except ValueError as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, _("Saved: “%(rule)s”.") % {"rule": queries.title(values["rule"])})
    if before and before.mode == after.mode == RuleMode.Mode.MONEY and before.weight != after.weight:
        messages.info(
            request, _("The new weight counts from the next month on: this one was begun with the old.")
        )
    return True
