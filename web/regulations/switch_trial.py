"""A mode and a weight of a rule, tried on history before they are saved. Writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from core import moment
from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.switch_backtest import try_switch as try_pay
from pipelines.models import Stage
from qc import queries
from qc.models import RuleMode
from qc.rules import QUESTION, RULES, Rule
from qc.switch_backtest import MONTHS, MOST_MONTHS, SwitchTrial, try_switch
from qc.switch_trials import Marks, Tally
from web.frame.permissions import for_admins


class TrialForm(forms.Form):
    """What is tried, and on how many months."""

    mode = forms.ChoiceField(label=gettext_lazy("Mode"), choices=RuleMode.Mode.choices)
    weight = forms.IntegerField(label=gettext_lazy("Weight"), min_value=0, max_value=100)
    months = forms.IntegerField(
        label=gettext_lazy("Months of history"), min_value=1, max_value=MOST_MONTHS, required=False
    )

    def __init__(self, rule: Rule, data: Any = None) -> None:
        """Sent nothing, it asks what the rule would cost if it counted; a question never does."""
        said = {name: data[name] for name in ("mode", "weight", "months") if data.get(name)}
        asked = RuleMode.Mode.WARN if rule.severity == QUESTION else RuleMode.Mode.MONEY
        weight = said.get("weight") or self._present_weight(rule)
        super().__init__({"mode": asked, "months": MONTHS} | said | {"weight": weight}, auto_id="try_%s")

    @staticmethod
    def _present_weight(rule: Rule) -> int:
        chosen = RuleMode.objects.filter(rule=rule.code).first()
        return chosen.weight if chosen else rule.weight

    @property
    def months_asked(self) -> int:
        return self.cleaned_data["months"] or MONTHS


@dataclass(frozen=True)
class PersonRow:
    """``pay``: by month, what the switch moves; None where nobody computes a statement."""

    person: int | None
    name: str
    tally: Tally
    marks: Marks | None
    pay: list[tuple[Period, Decimal | None]]


def months_of_pay() -> list[Period]:
    """The present month and the one before."""
    present = month_of(moment.now(), portal_zone())
    return [present, present.previous]


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def try_rule(request: HttpRequest, code: str) -> HttpResponse:
    """From the form of the rule by POST, unsaved; by GET as an address that can be passed on."""
    if code not in RULES:
        raise Http404
    form = TrialForm(RULES[code], request.POST if request.method == "POST" else request.GET)
    context: dict[str, Any] = {"title": queries.title(code), "code": code, "form": form}
    if not form.is_valid():
        return render(request, "regulations/try_rule.html", context, status=422)
    values = form.cleaned_data
    try:
        trial = try_switch(code, values["mode"], values["weight"], form.months_asked)
    except ValueError as error:
        form.add_error(None, str(error))
        return render(request, "regulations/try_rule.html", context, status=422)
    months = months_of_pay()
    pay = try_pay(trial, months)
    names = trial.names()
    context |= {
        "trial": trial,
        "months": months,
        "mode": RuleMode.Mode(values["mode"]).label,
        "stages": _stages(trial),
        "people": _people(trial, names, dict(zip(months, pay, strict=True))),
        "sums": [(month, sum(one.values()) if one else None) for month, one in zip(months, pay, strict=True)],
    }
    return render(request, "regulations/try_rule.html", context)


def _stages(trial: SwitchTrial) -> list[tuple[Stage | None, Tally]]:
    """Most that would cost money first. One query."""
    by_stage = trial.by_stage
    known = Stage.objects.in_bulk([one for one in by_stage if one is not None])
    rows = [(known.get(str(stage)), tally) for stage, tally in by_stage.items()]
    return sorted(rows, key=lambda row: (-row[1].after, -row[1].found))


def _people(
    trial: SwitchTrial, names: Mapping[int, str], pay: Mapping[Period, dict[int, Decimal]]
) -> list[PersonRow]:
    """Whoever has cases, is asked for anything by the rule, or is paid otherwise; who loses most first."""
    by_person = trial.by_person
    moved = {person for month in pay.values() for person, amount in month.items() if amount}
    people: list[Any] = sorted({*by_person, *trial.marks, *moved}, key=lambda one: one or 0)
    rows = [
        PersonRow(
            person,
            names.get(person) or (_("No owner") if person is None else str(person)),
            by_person.get(person, Tally()),
            trial.marks.get(person),
            [(month, None if person is None else paid.get(person)) for month, paid in pay.items()],
        )
        for person in people
    ]
    return sorted(
        rows, key=lambda row: (min(one or Decimal(0) for _month, one in row.pay), -row.tally.after, row.name)
    )
