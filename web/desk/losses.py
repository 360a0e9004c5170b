"""«Потери»: how much, by whom, where, why and when; the day unlike others; what may be lost by mistake."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core import moment
from core.periods import Period
from core.zone import portal_zone
from metrics import loss_days
from metrics.loss_columns import Heap, Losses, group_by, list_dearest
from metrics.loss_days import Burst
from metrics.losses import find_source, read_losses
from metrics.weeks import list_last_weeks
from pipelines.models import Deal, LossReason
from web.frame import listing
from web.frame.permissions import for_heads
from web.frame.scope import BadScope, Scope, ScopeForm, read_scope, refusing

WEEKS, ROWS = 13, 10
MISTAKES = 40
BARS_WIDE, BARS_HIGH = 900, 120


@dataclass
class Row:
    name: str
    heap: Heap
    href: str
    burst: int = 0
    person: int | None = None


@dataclass
class Split:
    """``rows`` and what is left over of them add up to the whole."""

    title: Any
    rows: list[Row]
    most: int
    rest: Heap = field(default_factory=Heap)
    by_person: bool = False


@require_safe
@for_heads
@refusing(gettext_lazy("Losses"), "losses", gettext_lazy("Show the whole company"))
def losses(request: HttpRequest) -> HttpResponse:
    scope, now = read_scope(request), moment.now()
    weeks = list_last_weeks(now, WEEKS, portal_zone())
    period = Period.parse(weeks[0].first.isoformat(), now.isoformat(), portal_zone())
    source = find_source()
    as_of, every = read_losses(now, period, source.pk if source else None)
    shown = every[every.having("manager", scope.of_person) & every.having("pipeline", scope.of_pipeline)]
    each = loss_days.by_day(shown, list(period.days()), portal_zone())
    days = {day: len(own) for day, own in each.items()}
    busiest = {day: loss_days.find_burst(own) for day, own in each.items()}
    unlike = loss_days.find_unlike({day: len(one.losses) if one else 0 for day, one in busiest.items()})[:3]
    bursts = {day: burst for day in unlike if (burst := busiest[day])}
    day = _chosen(request, days)
    query = {
        "result": "lost",
        "since": period.first,
        "until": (now.astimezone(portal_zone()) + timedelta(days=1)).date(),
    }
    inside = shown
    if day is not None:
        query |= {"since": day, "until": day + timedelta(days=1)}
        inside = each[day]
    whole = Heap(len(inside), inside.money)
    splits = list(split(inside, scope, query, bursts.values(), source))
    if form := listing.asked_file(request):
        rows: list[tuple[Any, ...]] = [
            (one.title, row.name, row.heap, row.burst) for one in splits for row in one.rows
        ]
        rows += [(one.title, _("Others"), one.rest, None) for one in splits if one.rest.deals]
        return listing.export_rows(_("Losses"), form, rows, COLUMNS)
    return render(
        request,
        "desk/losses.html",
        {
            "verbs": listing.file_addresses(request) if splits else {},
            "form": ScopeForm(scope),
            "scope": scope,
            "whole": whole,
            "as_of": as_of,
            "href": reverse("deals") + scope.query(**query),
            "splits": splits,
            "bars": draw_days(days, unlike, scope),
            "unlike": [tell_day(day, bursts[day], days, scope) for day in bursts],
            "usual": median(days.values()) if days else 0,
            "mistakes": list_mistakes(shown, list(bursts.values())),
            "day": day,
            "period": period,
            "wide": BARS_WIDE,
            "high": BARS_HIGH,
        },
    )


COLUMNS: listing.Columns = (  # of a way to split, a row of it, its deals, and those of a burst
    (gettext_lazy("Split"), lambda one: str(one[0])),
    (gettext_lazy("Which"), lambda one: str(one[1])),
    (gettext_lazy("Deals"), lambda one: one[2].deals),
    (gettext_lazy("Amount"), lambda one: one[2].money),
    (gettext_lazy("Of a mass close"), lambda one: one[3]),
)


def _chosen(request: HttpRequest, days: dict[date, int]) -> date | None:
    asked = request.GET.get("day", "").strip()
    if not asked:
        return None
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        day = None
    if day not in days:
        raise BadScope(_("“%(value)s” is not a day of the last 13 weeks.") % {"value": asked})
    return day


def split(
    losses: Losses, scope: Scope, query: dict[str, Any], bursts: Iterable[Burst], source: Any
) -> Iterable[Split]:
    """By reason, person, stage and source, with the rest of each so that it adds up."""
    reasons = dict(LossReason.objects.values_list("pk", "name"))
    of_bursts = losses[loss_days.in_bursts(losses, bursts)]
    ways: list[tuple[Any, str, Any, str]] = [
        (_("By reason"), "reason", lambda key: reasons.get(key) or _("No reason given"), "loss_reason"),
        (_("By person, at closing"), "manager", scope.name, "closed_by"),
        (_("By the stage they were lost from"), "stage", lambda key: _stage(scope, key), "lost_from"),
    ]
    if source is not None:
        ways.append((source.name, "source", lambda key: key or _("Not filled in"), "source"))
    for title, column, name, parameter in ways:
        groups, unlike = list(group_by(losses, column).items()), group_by(of_bursts, column)
        rest = Heap()
        for _key, heap in groups[ROWS:]:
            rest.deals, rest.money = rest.deals + heap.deals, rest.money + heap.money
        rows = []
        for key, heap in groups[:ROWS]:
            filters = query | ({"manager": key if key is not None else "none"} if column == "manager" else {})
            if column != "manager":
                filters |= {parameter: "none" if key in (None, "") else key}
            href = reverse("deals") + scope.query(**filters)
            of_burst = unlike[key].deals if key in unlike else 0
            rows.append(Row(name(key), heap, href, of_burst, key if column == "manager" else None))
        yield Split(title, rows, max((row.heap.deals for row in rows), default=0), rest, column == "manager")


def _stage(scope: Scope, key: str | None) -> str:
    stage = scope.all_stages.get(key or "")
    return stage.name if stage else _("Not known")


def draw_days(days: dict[date, int], unlike: Sequence[date], scope: Scope) -> list[dict[str, Any]]:
    """A bar for every day, unlike ones coloured; a click shows that day alone."""
    most, width = max(days.values(), default=0) or 1, BARS_WIDE / max(1, len(days))
    bars = []
    for place, (day, count) in enumerate(days.items()):
        high = BARS_HIGH * count / most
        bars.append(
            {
                "x": place * width,
                "y": BARS_HIGH - high,
                "high": high,
                "wide": width * 0.8,
                "count": count,
                "day": day,
            }
            | {
                "unlike": day in unlike,
                "href": scope.query(day=day),
                "monday": day.weekday() == 0 and place % 14 < 7,
            }
        )
    return bars


def tell_day(day: date, burst: Burst, days: dict[date, int], scope: Scope) -> dict[str, Any]:
    zone = portal_zone()
    query = {"result": "lost", "since": day, "until": day + timedelta(days=1)}
    people = [
        (scope.name(person), count, reverse("deals") + scope.query(**query, manager=person or "none"), person)
        for person, count in burst.people.items()
    ]
    return {
        "day": day,
        "count": days[day],
        "burst": burst,
        "in_burst": len(burst.losses),
        "since": burst.since.astimezone(zone),
        "until": burst.until.astimezone(zone),
        "people": people[:4],
        "money": burst.losses.money,
        "href": reverse("deals") + scope.query(**query),
        "alone": scope.query(day=day),
        "without_reason": int(burst.losses.having("reason", lambda reason: reason is None).sum()),
    }


def list_mistakes(losses: Losses, bursts: Sequence[Burst]) -> dict[str, Any]:
    """Of these losses, with the deals; the reason that speaks most for a mistake first, and the dearest of a reason."""
    words = {
        loss_days.CAME_BACK: (_("the client called or wrote after it was closed"), "phone-incoming", "bad"),
        loss_days.MASS: (_("closed within an hour with many others"), "layers", "warn"),
    }
    found = loss_days.find_mistakes(losses, bursts)
    first = [(deal, name) for name, own in found.items() for deal in list_dearest(own, MISTAKES)]
    deals = Deal.objects.select_related("manager", "stage").in_bulk([pk for pk, _name in first[:MISTAKES]])
    return {
        "all": sum(map(len, found.values())),
        "money": sum((own.money for own in found.values()), Decimal(0)),
        "rows": [(deals[pk], *words[name]) for pk, name in first[:MISTAKES] if pk in deals],
        "counts": sorted(
            ((words[name][0], len(own)) for name, own in found.items() if len(own)), key=lambda row: -row[1]
        ),
    }
