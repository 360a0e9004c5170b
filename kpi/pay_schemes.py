"""Pay schemes as documents: read, checked, kept in versions, found for a month.

A document is JSON: ``code``, ``title`` in Russian and English, ``effective_from`` (the first day of a month),
``components`` (see kpi/formulas/components.py and kpi/schemes/), and optionally ``quota`` (for managers without one of
their own) and ``people`` (ids of amoCRM users; without it the scheme is for all managers).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from kpi.document import Place
from kpi.formulas import matrix
from kpi.formulas.components import Bonus, Coefficient, Component, Gate, Limit, Matrix, Rate, Salary
from kpi.formulas.curves import Points
from kpi.formulas.rates import Tier
from kpi.measures import Measure
from kpi.models import Scheme
from metrics import UnknownField, check_fields

LANGUAGES = ("ru", "en")
SHARES = 10  # an attainment or an index beyond ten times the plan is a slip of the keyboard


@dataclass(frozen=True)
class Plan:
    """A scheme's document, read and sound."""

    code: str
    title: Mapping[str, str]
    effective_from: date
    components: tuple[Component, ...]
    titles: Mapping[str, Mapping[str, str]]  # of components, by code and language
    quota: Decimal | None
    people: frozenset[int] | None

    @property
    def measures(self) -> list[str]:
        """Names of the facts that the components need."""
        return list(dict.fromkeys(name for component in self.components for name in _measures(component)))

    @property
    def sales(self) -> str | None:
        """The measure that the quota is a plan of: that of the first tiered rate or bonus, else of the first rate."""
        earning = [component for component in self.components if isinstance(component, Rate | Bonus)]
        planned = [item for item in earning if isinstance(item, Bonus) or item.scale != "flat"]
        return next((component.measure for component in (*planned, *earning)), None)


def _measures(component: Component) -> list[str]:
    if isinstance(component, Matrix):
        return [indicator.measure for indicator in component.indicators]
    return [] if isinstance(component, Salary | Limit) else [component.measure]


def parse(document: Any) -> Plan:
    """The plan that a document describes. ValueError with one sentence that names the place of the first fault."""
    root = Place("", document)
    if not isinstance(document, dict):
        raise ValueError("the document: must be an object with code, title, effective_from and components")
    root.keys("code", "title", "effective_from", "components", "quota", "people")
    code = _code(root["code"])
    title = root["title"].texts(*LANGUAGES)
    components: list[Component] = []
    titles: dict[str, Mapping[str, str]] = {}
    for place in root["components"].items():
        component, names = _component(place)
        if component.code in titles:
            raise place["code"].fail("used once")
        components.append(component)
        titles[component.code] = names
    _check_links(root["components"], components)
    people = None
    if "people" in root:
        people = frozenset(item.whole(1) for item in root["people"].items())
    quota = root["quota"].positive() if "quota" in root else None
    return Plan(code, title, _month(root["effective_from"]), tuple(components), titles, quota, people)


@lru_cache(maxsize=64)
def of(scheme: Scheme) -> Plan:
    """A version of a scheme never changes, so it is read once."""
    return parse(scheme.document)


@transaction.atomic
def load(document: Any) -> tuple[Scheme, bool]:
    """The scheme's version with this document, and whether it is new: the same document again changes nothing.

    ValueError with one sentence for an unsound document, and for a field that the account does not have.
    """
    plan = parse(document)
    _check_fields(plan)
    document = json.loads(json.dumps(document, default=str))  # as the database will give it back
    newest = Scheme.objects.select_for_update().filter(code=plan.code).order_by("-version").first()
    if newest and newest.document == document:
        return newest, False
    scheme = Scheme.objects.create(
        code=plan.code,
        version=newest.version + 1 if newest else 1,
        title=plan.title["ru"],
        document=document,
        effective_from=plan.effective_from,
    )
    return scheme, True


def in_force(month: date) -> QuerySet[Scheme]:
    """Every scheme's version in force in the month of that first day: the one that began last, of equals the newest."""
    begun = Scheme.objects.filter(effective_from__lte=month)
    return begun.order_by("code", "-effective_from", "-version").distinct("code")


def assign(schemes: Iterable[Scheme], people: Iterable[int]) -> dict[int, Scheme]:
    """Whose pay follows which scheme: one that names the person before one for everybody, a later before an earlier."""
    plans = [(scheme, of(scheme)) for scheme in schemes]
    plans.sort(key=lambda pair: (pair[1].people is not None, pair[1].effective_from, pair[0].published_at))
    found = {}
    for person in people:
        for scheme, plan in plans:
            if plan.people is None or person in plan.people:
                found[person] = scheme
    return found


def _component(place: Place) -> tuple[Component, Mapping[str, str]]:
    if not isinstance(place.value, dict):
        raise place.fail("an object")
    kind = place["kind"].choice(list(_KINDS))
    read, keys = _KINDS[kind]
    place.keys("kind", "code", "title", *keys)
    return read(_code(place["code"]), place), place["title"].texts(*LANGUAGES)


def _salary(code: str, place: Place) -> Salary:
    return Salary(code, place["amount"].number())


def _rate(code: str, place: Place) -> Rate:
    scale = place["scale"].choice(("flat", "marginal", "whole"))
    tiers: list[Tier] = []
    rows = list(place["tiers"].items())
    for row in rows:
        row.keys("upto", "rate")
        last = row is rows[-1]
        if last and "upto" in row:
            raise row["upto"].fail("left out in the last tier")
        upto = None if last else row["upto"].positive(SHARES)
        if upto is not None and tiers and tiers[-1].upto is not None and upto <= tiers[-1].upto:
            raise row["upto"].fail(f"above {tiers[-1].upto}, where the tier before it ends")
        tiers.append(Tier(row["rate"].number(0, 1), upto))
    if scale == "flat" and len(tiers) > 1:
        raise place["tiers"].fail("a single tier when the scale is flat")
    return Rate(code, _measure(place["measure"]), scale, tuple(tiers))  # type: ignore[arg-type]  # choice() checked it


def _bonus(code: str, place: Place) -> Bonus:
    return Bonus(code, _measure(place["measure"]), place["amount"].number(), _points(place["points"], SHARES))


def _matrix(code: str, place: Place) -> Matrix:
    indicators = []
    for row in place["indicators"].items():
        row.keys("measure", "weight", "plan", "less_is_better")
        indicators.append(
            matrix.Indicator(
                _measure(row["measure"]),
                row["weight"].positive(1),
                row["plan"].positive(),
                row["less_is_better"].flag(),
            )
        )
    if not matrix.whole(indicators):
        raise ValueError(f"{place['indicators'].path}: weights must add up to 1")
    points = _points(place["points"], SHARES) if "points" in place else None
    return Matrix(code, place["fund"].number(), tuple(indicators), points)


def _coefficient(code: str, place: Place) -> Coefficient:
    return Coefficient(code, _of(place["of"]), _measure(place["measure"]), _points(place["points"], SHARES))


def _gate(code: str, place: Place) -> Gate:
    return Gate(
        code,
        _of(place["of"]),
        _measure(place["measure"]),
        place["at_least"].number(),
        place["otherwise"].number(0, 1),
    )


def _cap(code: str, place: Place) -> Limit:
    return Limit(code, "cap", _of(place["of"], 0), place["amount"].number(), place["by_shifts"].flag())


def _floor(code: str, place: Place) -> Limit:
    return Limit(code, "floor", _of(place["of"], 0), place["amount"].number(), place["by_shifts"].flag())


_KINDS: dict[str, tuple[Callable[[str, Place], Component], tuple[str, ...]]] = {
    "salary": (_salary, ("amount",)),
    "rate": (_rate, ("measure", "scale", "tiers")),
    "bonus": (_bonus, ("measure", "amount", "points")),
    "matrix": (_matrix, ("fund", "indicators", "points")),
    "coefficient": (_coefficient, ("of", "measure", "points")),
    "gate": (_gate, ("of", "measure", "at_least", "otherwise")),
    "cap": (_cap, ("of", "amount", "by_shifts")),
    "floor": (_floor, ("of", "amount", "by_shifts")),
}


def _check_links(place: Place, components: list[Component]) -> None:
    """Multipliers and limits speak of components that earn; a limit may also speak of an earlier limit."""
    earning = {item.code for item in components if isinstance(item, Salary | Rate | Bonus | Matrix)}
    for number, component in enumerate(components):
        if isinstance(component, Coefficient | Gate | Limit):
            for code in component.of:
                if code not in earning:
                    raise ValueError(
                        f"{place.path}[{number}].of: {code!r} is not the code of a component that earns"
                    )


def _check_fields(plan: Plan) -> None:
    """The mirror is asked only now: a field that vanishes later must not make the scheme unreadable."""
    for number, component in enumerate(plan.components):
        for name in _measures(component):
            try:
                check_fields(Measure.read(name).options)
            except UnknownField as error:
                raise ValueError(f"components[{number}], {name}: {error}") from None


def _of(place: Place, least: int = 1) -> tuple[str, ...]:
    if place.value is None and not least:
        return ()
    return tuple(item.text() for item in place.items(least))


def _points(place: Place, most: int) -> Points:
    points: list[tuple[Decimal, Decimal]] = []
    for item in place.items():
        pair = list(item.items(2))
        if len(pair) != 2:
            raise item.fail("a pair [x, y]")
        x, y = pair[0].number(), pair[1].number(0, most)
        if points and x <= points[-1][0]:
            raise pair[0].fail(f"above {points[-1][0]}, the point before it")
        points.append((x, y))
    return tuple(points)


def _measure(place: Place) -> str:
    try:
        return Measure.read(place.text()).name
    except ValueError as error:
        raise ValueError(
            str(error) if str(error).startswith(place.path) else f"{place.path}: {error}"
        ) from None


def _code(place: Place) -> str:
    text = place.text()
    if len(text) > 40 or not all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in text):
        raise place.fail("a short name of latin letters, digits, - and _")
    return text


def _month(place: Place) -> date:
    try:
        day = date.fromisoformat(place.text())
    except ValueError:
        raise place.fail("the first day of a month such as 2026-11-01") from None
    if day.day != 1:
        raise place.fail("the first day of a month such as 2026-11-01")
    return day
