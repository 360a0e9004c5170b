"""Weeks unlike the thirteen before them: whose, how far off, the rows behind, and quiet until a day."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import django_filters as filters
from django import forms
from django.contrib import messages
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Abs
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import moment
from core.zone import local_day
from metrics.week_measures import MEASURES
from metrics.weeks import STOCKS
from notices import alerts as life
from notices import sentences
from notices.decisions import Impossible
from notices.kinds import KINDS
from notices.models import Alert, AlertMute
from pipelines.models import Person, Stage
from web.frame import listing, live
from web.frame.day_fields import DayField
from web.frame.filters import NO_SUCH, Cascading, Flag, One, OneStage, Sort, people, stages
from web.frame.permissions import for_heads
from web.frame.scope import read_scope, refusing

WEEK = timedelta(days=7)
QUIET = timedelta(weeks=4)  # what a mute proposes
LAST = 5  # weeks whose alerts the desk may show
FIRST, MANY = 6, 200  # sentences on the desk, and rows that they are chosen from; mutes that are listed
SIGNS = {True: ("good", "trending-down"), False: ("bad", "trending-up")}


def measures() -> list[tuple[str, Any]]:
    return [(code, one.title) for code, one in MEASURES.items()]


class AlertFilter(Cascading):
    RARE = ("week", "sign")
    manager = One(
        field_name="person", queryset=people, label=gettext_lazy("Manager"), empty_label=gettext_lazy("All managers")
    )  # fmt: skip
    stage = OneStage(queryset=stages, label=gettext_lazy("Stage"), empty_label=gettext_lazy("All stages"))
    measure = filters.ChoiceFilter(
        choices=measures,
        label=gettext_lazy("Figure"),
        empty_label=gettext_lazy("All figures"),
        error_messages=NO_SUCH,
    )
    sign = filters.ChoiceFilter(
        choices=[("good", gettext_lazy("better than usual")), ("bad", gettext_lazy("worse than usual"))],
        label=gettext_lazy("Sign"),
        empty_label=gettext_lazy("all"),
        error_messages=NO_SUCH,
        method="by_sign",
    )
    week = filters.DateFilter(
        label=gettext_lazy("Week from"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    muted = Flag("by_mute", label=gettext_lazy("Muted"), widget=forms.HiddenInput)
    sort = Sort({"week": F("week"), "far": Abs("z")})

    class Meta:
        model = Alert
        fields: list[str] = []

    def by_sign(self, rows: QuerySet[Alert], name: str, sign: str) -> QuerySet[Alert]:
        return rows.filter(z__lt=0) if sign == "good" else rows.filter(z__gt=0)

    def by_mute(self, rows: Any, name: str, wanted: bool) -> QuerySet[Alert]:
        day = local_day(moment.now())
        mine = AlertMute.objects.filter(employee=self.request.user.pk, until__gt=day).values("about")
        return rows.filter(about__in=mine) if wanted else rows.not_muted(self.request.user, day)


def say(alert: Alert) -> str:
    """The one sentence; the same as in a message."""
    kind = KINDS["week.person" if alert.person_id is not None else "week.stage"]
    assert kind.says is not None
    values = {
        "who": whose(alert),
        "measure": alert.measure,
        "rate": alert.rate,
        "usual": alert.usual,
        "weeks": alert.weeks,
        "week": alert.week.isoformat(),
        "good": alert.is_good,
    }
    return sentences.put_in(kind.says(values))


def whose(alert: Alert) -> str:
    return str(alert.person if alert.person_id is not None else alert.stage)


def rows_behind(alert: Alert) -> str:
    """The list that the figure counts: what happened in its week, or, of what stood at its end, what stands now."""
    since, until = alert.week.isoformat(), (alert.week + WEEK).isoformat()
    who = {"manager": alert.person_id} if alert.person_id is not None else {"stage": alert.stage_id}
    if alert.measure in ("lost", "leak"):
        of = {"closed_by": alert.person_id, "result": "lost", "since": since, "until": until}
        return f"{reverse('deals')}?{urlencode(of)}"
    if alert.measure == "density":
        return f"{reverse('findings')}?{urlencode({**who, 'since': since, 'until': until, 'counted': 1})}"
    if alert.measure == "overdue":
        return f"{reverse('tasks')}?{urlencode({**who, 'overdue': 1, 'closed_deal': 0})}"
    name = "stuck" if alert.measure == "stuck" else "no_task"
    return f"{reverse('deals')}?{urlencode({**who, 'open': 1, name: 1})}"


def draw(alert: Alert) -> dict[str, Any]:
    tone, icon = SIGNS[alert.is_good]
    language = (get_language() or "en").partition("-")[0]
    by = "people" if alert.person_id is not None else "stages"
    return {
        "row": alert,
        "who": whose(alert),
        "measure": MEASURES[alert.measure],
        "rate": sentences.rate_of(alert.measure, alert.rate, language),
        "usual": sentences.rate_of(alert.measure, alert.usual, language),
        "sentence": say(alert),
        "tone": tone,
        "icon": icon,
        "href": rows_behind(alert),
        "total": None if MEASURES[alert.measure].top in STOCKS else alert.top,
        "line": f"{reverse('then-and-now')}?{urlencode({'measure': alert.measure, 'by': by})}",
        "last": alert.week + WEEK - timedelta(days=1),
    }


COLUMNS: listing.Columns = (
    (gettext_lazy("Week from"), lambda one: one.week),
    (gettext_lazy("Whose"), whose),
    (gettext_lazy("Figure"), lambda one: MEASURES[one.measure].title),
    (gettext_lazy("Per hundred"), lambda one: one.rate),
    (gettext_lazy("Usual"), lambda one: one.usual),
    (gettext_lazy("Cases"), lambda one: one.top),
    (gettext_lazy("Of how many"), lambda one: one.base),
    ("z", lambda one: one.z),
    (gettext_lazy("Weeks compared"), lambda one: one.weeks),
    (gettext_lazy("In words"), say),
)


@require_safe
@for_heads
def alerts(request: HttpRequest) -> HttpResponse:
    return listing.show_list(
        request,
        "notices/alerts.html",
        AlertFilter,
        Alert.objects.visible_to(request.user)
        .filter(measure__in=MEASURES)
        .select_related("person", "stage__pipeline")
        .order_by("-week", "-pk"),
        title=_("Unlike weeks"),
        label=_("Which weeks"),
        choices=[
            (_("All"), {}),
            (_("Worse"), {"sign": "bad"}),
            (_("Better"), {"sign": "good"}),
            (_("Muted"), {"muted": "1"}),
        ],
        defaults={"muted": "0"},
        order="-week",
        more=lambda page: {
            "rows": [draw(one) for one in page],
            "quiet": local_day(moment.now()) + QUIET,
            "kept": list_kept_mutes(request) if request.GET.get("muted") == "1" else [],
        },
        columns=COLUMNS,
    )


def list_kept_mutes(request: HttpRequest) -> list[tuple[AlertMute, str, Any]]:
    """The reader's mutes of which no week stands here any more, with whose and which figure; three queries."""
    shown = Alert.objects.visible_to(request.user).filter(measure__in=MEASURES, about=OuterRef("about"))
    mutes = AlertMute.objects.filter(employee=request.user.pk, until__gt=local_day(moment.now()))
    rows = mutes.exclude(Exists(shown)).order_by("until", "pk")[:MANY]
    kept = [(mute, life.read_about(mute.about)) for mute in rows]
    people = Person.objects.in_bulk([one.person for _mute, one in kept if one.person is not None])
    stages = Stage.objects.in_bulk([one.stage for _mute, one in kept if one.stage is not None])
    return [
        (mute, str(people.get(one.person) or stages.get(one.stage) or mute.about), MEASURES.get(one.measure))
        for mute, one in kept
    ]


@require_safe
@for_heads
@refusing(gettext_lazy("Unlike weeks"), "alerts", gettext_lazy("Show the whole company"))
def latest(request: HttpRequest) -> HttpResponse:
    """The desk's block: of the last week that has any, within the scope, the farthest off first."""
    if not request.headers.get("HX-Request"):
        return redirect("alerts")
    scope, now = read_scope(request), moment.now()
    rows = Alert.objects.visible_to(request.user).not_muted(request.user, local_day(now))
    rows = rows.filter(measure__in=MEASURES, week__gt=local_day(now) - LAST * WEEK)
    within = Q(person__in=scope.people)
    if not {"manager", "group"} & scope.chosen.keys():
        within |= Q(stage__in=scope.stages)
    found = list(rows.filter(within).select_related("person", "stage__pipeline").order_by("-week")[:MANY])
    last = sorted((one for one in found if one.week == found[0].week), key=lambda one: (-abs(one.z), one.pk))
    part = live.draw_part(
        request,
        "notices/alerts_latest.html",
        {"title": _("Unlike weeks"), "alerts": [draw(one) for one in last[:FIRST]], "more": last[FIRST:]},
        id="block-alerts",
        url=reverse("alerts-latest") + scope.query(),
        css="block",
    )
    return live.answer_part(request, part, "", {}, bare=True)


class MuteForm(forms.Form):
    until = DayField()


@require_POST
@for_heads
def mute(request: HttpRequest, pk: int) -> HttpResponse:
    """No word of this figure of theirs to the reader before a day; sent twice it is said once."""
    alert = get_object_or_404(Alert.objects.visible_to(request.user), pk=pk)
    form = MuteForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose the day until which it shall be quiet."))
        return listing.return_to(request, "alerts")
    try:
        life.mute_until(alert, form.cleaned_data["until"], request.user, moment.now())  # type: ignore[arg-type]  # signed in
    except Impossible as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("Quiet until then: no message, and not on the desk."))
    return listing.return_to(request, "alerts")


@require_POST
@for_heads
def unmute(request: HttpRequest) -> HttpResponse:
    """The reader's own mute ends, whether or not the week that it was about is still unlike."""
    AlertMute.objects.filter(employee=request.user.pk, about=request.POST.get("about", "")[:60]).delete()
    messages.success(request, _("It is told again."))
    return listing.return_to(request, "alerts")
