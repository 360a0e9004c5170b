"""«Тогда и сейчас»: rates of people, stages and rules over months, what people did, and what a date changed."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core import moment
from core.zone import portal_zone
from jobs.weeks import list_known_weeks, read_weeks
from metrics import week_lines
from metrics.week_measures import MEASURES, Measure, list_parts
from metrics.weeks import FINDINGS, OPENED, list_last_weeks
from pipelines.models import Stage
from qc import queries
from web.desk import pictures
from web.desk.time_blocks import tell_comparison, tell_control, tell_share
from web.desk.time_marks import list_marks, put_marks
from web.desk.week_rows import find_rows
from web.frame import listing
from web.frame.day_fields import DayField
from web.frame.permissions import for_heads
from web.frame.scope import Scope, read_scope, refusing

LENGTHS = (13, 26, 52)
MOST = 12  # lines of one picture


BY = {"people": gettext_lazy("People"), "stages": gettext_lazy("Stages"), "rules": gettext_lazy("Rules")}


class Asked(forms.Form):
    """What the page is asked for. Nonsense falls back to the usual, and the field says so."""

    measure = forms.ChoiceField(
        label=gettext_lazy("Figure"),
        required=False,
        choices=[(code, one.title) for code, one in MEASURES.items()],
    )
    weeks = forms.TypedChoiceField(label=gettext_lazy("Period"), required=False, coerce=int)
    pipeline = forms.CharField(required=False, max_length=18, widget=forms.HiddenInput)
    by = forms.ChoiceField(required=False, choices=list(BY.items()), widget=forms.HiddenInput)
    person = forms.ChoiceField(label=gettext_lazy("Whose share"), required=False)
    date = DayField(
        label=gettext_lazy("Before and after"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    whose = forms.ChoiceField(label=gettext_lazy("Whose change"), required=False)

    def __init__(self, query: Any, scope: Scope) -> None:
        super().__init__(query)
        people = [(str(pk), one.name) for pk, one in scope.all_people.items()]
        self.fields["weeks"].choices = [  # type: ignore[attr-defined]  # a choice
            (count, _("%(count)s weeks") % {"count": count}) for count in LENGTHS
        ]
        self.initial = {"weeks": 26, "measure": "density"}
        self.fields["person"].choices = [("", _("who changed most")), *people]  # type: ignore[attr-defined]  # a choice
        stages = [(key, stage.name) for key, stage in scope.stages.items() if stage.kind == Stage.Kind.WORK]
        self.fields["whose"].choices = [("", _("the whole department")), *people, *stages]  # type: ignore[attr-defined]  # a choice

    def value(self, name: str, usual: Any) -> Any:
        return self.cleaned_data.get(name) or usual


@require_safe
@for_heads
@refusing(gettext_lazy("Then and now"), "then-and-now", gettext_lazy("Show the whole company"))
def then_and_now(request: HttpRequest) -> HttpResponse:
    scope, now = read_scope(request), moment.now()
    query = request.GET.copy()
    query.setdefault("weeks", "26")
    form = Asked(query, scope)
    form.is_valid()
    weeks = list_last_weeks(now, form.value("weeks", 26), portal_zone())
    days, by = [week.first for week in weeks], form.value("by", "people")
    code = form.value("measure", "density")
    measure = MEASURES[code]
    if by == "rules" and measure.top not in (OPENED, FINDINGS):
        by = "people"
    known = list_known_weeks(days)
    marks = list_marks(scope, weeks, now)
    facts = scope.cut(read_weeks(days, {measure.top, *measure.base}, by_rule=by == "rules"))
    lines, light = week_lines.leave_light_out(week_lines.draw_lines(list_parts(facts, measure, by), days))
    light, lines = [*lines[MOST:], *light], lines[:MOST]
    people = week_lines.draw_lines(list_parts(facts, measure, "people"), days)
    names = _names(scope, by)
    gone = request.user.leavers if by == "people" else frozenset()
    told = week_lines.choose_told([line for line in lines if line.key not in gone and line.key is not None])
    picture = pictures.draw_picture(lines, days, names, told, gone)
    put_marks(picture, marks, weeks, now)
    for line in picture.lines:
        line.href = find_rows(code, by, line.key, scope, days[-1], now)
    heads = [names.get(line.key, "") for line in lines]
    if file := listing.asked_file(request):
        columns: listing.Columns = [
            (_("Week from"), lambda one: one[0]),
            *((str(head), lambda one, place=place: one[1][place].rate) for place, head in enumerate(heads)),
        ]
        rows = [(day, [line.counts[place] for line in lines]) for place, day in enumerate(days)]
        return listing.export_rows(f"{_('Then and now')} {code}", file, rows, columns)
    then, at_present = week_lines.list_ends(days, known, now.astimezone(portal_zone()).date())
    return render(
        request,
        "desk/then_and_now.html",
        {
            "form": form,
            "scope": scope,
            "measure": measure,
            "code": code,
            "picture": picture,
            "marks": marks,
            "choices": _choices(request, by, measure),
            "by": by,
            "share": tell_share(
                form.cleaned_data, people, then, at_present, weeks, scope, code, request.user.leavers
            ),
            "control": tell_control(marks, facts, measure, weeks, now),
            "compared": tell_comparison(form.cleaned_data, facts, code, scope, known, now),
            "known": known,
            "missing": len(days) - len(known),
            "weeks": weeks,
            "table": [
                (
                    day,
                    [
                        (line.counts[place], find_rows(code, by, line.key, scope, day, until))
                        for line in lines
                    ],
                )
                for place, (day, until) in enumerate(zip(days, [*days[1:], now], strict=True))
            ],
            "heads": heads,
            "verbs": listing.file_addresses(request) if lines else {},
            "light": [names.get(line.key, "") for line in light],
        },
    )


def _names(scope: Scope, by: str) -> dict[Any, str]:
    if by == "people":
        return {None: _("No owner")} | {pk: one.name for pk, one in scope.all_people.items()}
    if by == "stages":
        return {key: stage.name for key, stage in scope.all_stages.items()}
    return dict(queries.titles())


def _choices(request: HttpRequest, by: str, measure: Measure) -> list[tuple[str, str, bool]]:
    shown = [name for name in BY if name != "rules" or measure.top in (OPENED, FINDINGS)]
    found = []
    for name in shown:
        query = request.GET.copy()
        query["by"] = name
        found.append((str(BY[name]), f"?{query.urlencode()}", name == by))
    return found
