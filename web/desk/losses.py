"""«Потери»: how much, by whom, where, why and when; the day unlike others; what may be lost by mistake."""

import heapq
from collections import Counter
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
from metrics import losses as lost
from metrics.losses import Burst, Heap, Loss
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
    source = lost.find_source()
    as_of, every = lost.read_losses(now, period, source.pk if source else None)
    shown = [one for one in every if scope.of_person(one.manager) and scope.of_pipeline(one.pipeline)]
    each = by_day(shown, period)
    days = {day: len(own) for day, own in each.items()}
    busiest = {day: lost.find_burst(own) for day, own in each.items()}
    unlike = lost.find_unlike({day: len(one.losses) if one else 0 for day, one in busiest.items()})[:3]
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
    whole = Heap()
    for one in inside:
        whole.add(one)
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


def by_day(losses: Iterable[Loss], period: Period) -> dict[date, list[Loss]]:
    zone, found = portal_zone(), {day: list[Loss]() for day in period.days()}
    for one in losses:
        found[one.at.astimezone(zone).date()].append(one)
    return found


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
    losses: Sequence[Loss], scope: Scope, query: dict[str, Any], bursts: Iterable[Burst], source: Any
) -> Iterable[Split]:
    """By reason, person, stage and source, with the rest of each so that it adds up."""
    reasons = dict(LossReason.objects.values_list("pk", "name"))
    in_burst = {one.deal for burst in bursts for one in burst.losses}
    of_bursts = [one for one in losses if one.deal in in_burst]
    ways: list[tuple[Any, str, Any, str]] = [
        (_("By reason"), "reason", lambda key: reasons.get(key) or _("No reason given"), "loss_reason"),
        (_("By person, at closing"), "manager", scope.name, "closed_by"),
        (_("By the stage they were lost from"), "stage", lambda key: _stage(scope, key), "lost_from"),
    ]
    if source is not None:
        ways.append((source.name, "source", lambda key: key or _("Not filled in"), "source"))
    for title, column, name, parameter in ways:
        groups = list(lost.group_by(losses, column).items())
        in_bursts = Counter(getattr(one, column) for one in of_bursts)
        rest = Heap()
        for _key, heap in groups[ROWS:]:
            rest.deals, rest.money = rest.deals + heap.deals, rest.money + heap.money
        rows = []
        for key, heap in groups[:ROWS]:
            filters = query | ({"manager": key if key is not None else "none"} if column == "manager" else {})
            if column != "manager":
                filters |= {parameter: "none" if key in (None, "") else key}
            href = reverse("deals") + scope.query(**filters)
            rows.append(Row(name(key), heap, href, in_bursts[key], key if column == "manager" else None))
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
    money = sum((one.price for one in burst.losses), Decimal(0))
    return {
        "day": day,
        "count": days[day],
        "burst": burst,
        "in_burst": len(burst.losses),
        "since": burst.since.astimezone(zone),
        "until": burst.until.astimezone(zone),
        "people": people[:4],
        "money": money,
        "href": reverse("deals") + scope.query(**query),
        "alone": scope.query(day=day),
        "without_reason": sum(1 for one in burst.losses if one.reason is None),
    }


def list_mistakes(losses: Sequence[Loss], bursts: Sequence[Burst]) -> dict[str, Any]:
    """Of these losses, with the deals; the reason that speaks most for a mistake first, and the dearest of a reason."""
    words = {
        lost.CAME_BACK: (_("the client called or wrote after it was closed"), "phone-incoming", "bad"),
        lost.MASS: (_("closed within an hour with many others"), "layers", "warn"),
    }
    found = lost.find_mistakes(losses, bursts)
    every = [one for own in found.values() for one in own]
    first = [
        (one.deal, name)
        for name, own in found.items()
        for one in heapq.nsmallest(MISTAKES, own, key=_dearest)
    ]
    deals = Deal.objects.select_related("manager", "stage").in_bulk([pk for pk, _name in first[:MISTAKES]])
    return {
        "all": len(every),
        "money": sum((one.price for one in every), Decimal(0)),
        "rows": [(deals[pk], *words[name]) for pk, name in first[:MISTAKES] if pk in deals],
        "counts": sorted(
            ((words[name][0], len(own)) for name, own in found.items() if own), key=lambda row: -row[1]
        ),
    }


def _dearest(loss: Loss) -> tuple[Decimal, int]:
    return -loss.price, -loss.deal
