"""A draft tried on history before it is published, and whose money it would move."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from core import moment
from core.periods import month_of
from core.zone import portal_zone
from kpi.backtest import try_violations
from qc import backtest, drafts, regulations, rule_modes, signatures
from qc.criteria import field_names
from web.frame.permissions import for_admins
from web.regulations.editing import draw_stay, examples, find_stage, in_force, keep_draft, read_context
from web.regulations.form import RegulationForm
from web.regulations.publishing import sentences_of


@require_POST
@for_admins
def attempt(request: HttpRequest, stage: str) -> HttpResponse:
    """The draft sent along is kept, and tried on history: parts of the card for htmx, else a page."""
    one = find_stage(stage)
    names, present = field_names(), in_force(one)
    kept = keep_draft(request, one)
    form = RegulationForm(one, names, request.POST, present)
    context: dict[str, Any] = {
        "stage": one,
        "days": backtest.DAYS,
        "draft": kept,
        "form": form,
        "regulation": present,
    }
    context["signatures"] = signatures.read_signatures(present) if present else None
    if not form.is_valid():
        context["problems"] = [
            f"{form.fields[name].label}: {problem}" if name in form.fields else problem
            for name, found in form.errors.items()
            for problem in found
        ]
        return render(request, _attempt_template(request), context, status=422)
    values = form.chosen
    month = month_of(moment.now(), portal_zone())
    try:
        draft = regulations.draft(one.pk, **values)
        trial = backtest.try_draft(one.pk, values, read_days(request), month.start)
    except (ValueError, ValidationError) as error:
        return render(
            request, _attempt_template(request), context | {"problems": sentences_of(error)}, status=422
        )
    money = try_violations(month.first, trial.backtest.more) if trial.whole.changed else {}
    context |= {"trial": trial, "days": trial.backtest.days, "month": month, "draft_of": draft}
    off = rule_modes.list_switched_off()
    context["asleep"] = [(code, title) for code, title, one in trial.rules if code in off and one.changed]
    context |= {"people": people_rows(trial, money), "money": sum(money.values()) if money else None}
    context |= draw_stay(one, present, draft) | read_context(one, present, draft, names)
    if kept is not None:
        drafts.tell(
            kept, {"new": trial.whole.new_now, "gone": trial.whole.gone_now, "doubts": trial.doubts.number}
        )
    chosen = request.POST.get("person", "")
    someone = next((person for person in examples() if str(person.pk) == chosen), None)
    limit = regulations.longest_stay(draft.norms)
    if limit and someone:
        context["example"] = backtest.word_example(*limit, someone, moment.now())
    return render(request, _attempt_template(request), context)


def people_rows(trial: backtest.Trial, money: Mapping[int, Any]) -> list[dict[str, Any]]:
    """People whom a change touches, those who lose most first; a bar as long as its share of the largest sum."""
    most = max([abs(amount) for amount in money.values()] or [0])
    rows = [
        {
            "person": person,
            "name": name,
            "tally": tally,
            "shift": tally.new - tally.gone,
            "money": money.get(person) if person is not None else None,
            "share": float(abs(money[person]) / most)
            if person is not None and person in money and most
            else 0.0,
        }
        for person, name, tally in trial.managers
        if tally.changed
    ]
    return sorted(rows, key=lambda row: (row["money"] is None, row["money"] or 0, -row["shift"]))


def read_days(request: HttpRequest) -> int:
    """Raises ValueError with one sentence."""
    text = request.POST.get("days", "") or str(backtest.DAYS)
    return backtest.check_days(int(text) if text.isdecimal() and len(text) < 5 else 0)


def _attempt_template(request: HttpRequest) -> str:
    return "regulations/regulation_try.html" if request.htmx else "regulations/regulation_try_alone.html"  # type: ignore[attr-defined]  # django-htmx
