"""Pay schemes as documents: read, checked, kept in versions, found for a month.

A document is JSON: ``code``, ``title`` in Russian and English, ``effective_from`` (the first day of a month),
``components`` (see kpi/components/ and kpi/schemes/), and optionally ``quota`` (for managers without one of their own:
a number is the plan of the period that its components count by, an object has one for «month», «quarter», «year») and
``people`` (ids of amoCRM users; without it the scheme is for all managers). The shares of a deal that roles are paid by
(``won_sum?credit=first&share=0.3``) make 1, unless ``overlay`` says that some are paid on top.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from core import locks
from core.locks import Lock
from kpi.calculation.component import (
    Component,
    Earning,
    Limit,
    Multiplier,
    Reversal,
    Sanction,
    keys_of,
    read_component,
)
from kpi.calculation.document import Fault, Place
from kpi.calculation.fields import read_month
from kpi.calculation.running import MONTH, PERIODS
from kpi.calculation.wording import Said, Text, gettext
from kpi.components import list_kinds
from kpi.measures import read_measure
from kpi.models import Scheme
from metrics import CREDITING, UnknownField, check_fields
from team.models import Employee

LANGUAGES = ("ru", "en")


@dataclass(frozen=True)
class PayScheme:
    """A scheme's document, read and sound. ``titles`` of components: by code and language; ``quotas`` by period."""

    code: str
    title: Mapping[str, str]
    effective_from: date
    components: tuple[Component, ...]
    titles: Mapping[str, Mapping[str, str]]
    quotas: Mapping[str, Decimal]
    people: frozenset[int] | None

    @property
    def quota(self) -> Decimal | None:
        """The plan of a month."""
        return self.quotas.get(MONTH)

    @property
    def longer_periods(self) -> frozenset[str]:
        """The quarter and the year, where a component counts by one."""
        return frozenset(component.period for component in self.components) - {MONTH}

    @property
    def carrying(self) -> list[Component]:
        """Components that need to know what their lines of earlier months came to."""
        return [component for component in self.components if component.carries]

    @property
    def reversals(self) -> list[Reversal]:
        return [component for component in self.components if isinstance(component, Reversal)]

    @property
    def named(self) -> frozenset[int]:
        """Main amoCRM users whom the document names, paid by it or not."""
        return frozenset().union(self.people or (), *(component.people for component in self.components))

    def of_period(self, period: str) -> list[Component]:
        return [component for component in self.components if component.period == period]

    @property
    def measures(self) -> list[str]:
        """Names of the facts that the components need."""
        return list(dict.fromkeys(name for component in self.components for name in component.measures))

    @property
    def earnings(self) -> list[Earning]:
        return [component for component in self.components if isinstance(component, Earning)]

    @property
    def sales(self) -> str | None:
        """The measure that the quota is a plan of: that of the first component paid by it, else of the first sales."""
        by_quota = (one.sales for one in self.earnings if one.by_quota and one.period == MONTH)
        return next((name for name in (*by_quota, *(one.sales for one in self.earnings)) if name), None)


def read_document(document: Any) -> PayScheme:
    """The scheme that a document describes. ValueError with one sentence that names the place of the first fault."""
    root = Place("", document, read_measure)
    if not isinstance(document, dict):
        raise Fault(
            "the document", gettext("must be an object with code, title, effective_from and components")
        )
    root.keys("code", "title", "effective_from", "components", "quota", "people", "overlay")
    code = root["code"].code()
    title = root["title"].texts(*LANGUAGES)
    components: list[Component] = []
    titles: dict[str, Mapping[str, str]] = {}
    for place in root["components"].items():
        component, names = read_named(place)
        if component.code in titles:
            raise place["code"].fail(gettext("used once"))
        components.append(component)
        titles[component.code] = names
    _check_links(root["components"], components)
    _check_shares(root, components)
    people = None
    if "people" in root:
        people = frozenset(item.whole(1) for item in root["people"].items())
    quotas = _read_quotas(root["quota"], components) if "quota" in root else {}
    month = read_month(root["effective_from"])
    return PayScheme(code, title, month, tuple(components), titles, quotas, people)


def find_faults(document: Any) -> list[Fault]:
    """What is wrong with a document, each component by itself; empty for one that `load_scheme` takes."""
    found: list[Fault] = []
    listed = document.get("components") if isinstance(document, dict) else None
    for number, value in enumerate(listed if isinstance(listed, list) else ()):
        try:
            read_named(Place(f"components[{number}]", value, read_measure))
        except Fault as fault:
            found.append(fault)
    try:
        read = read_document(document)
        _check_fields(read)
        _check_people(read)
    except Fault as fault:
        if str(fault) not in map(str, found):
            found.append(fault)
    return found


@lru_cache(maxsize=64)
def read_scheme(scheme: Scheme) -> PayScheme:
    """A version of a scheme never changes, so it is read once."""
    return read_document(scheme.document)


def lock_scheme(code: str) -> None:
    """One publisher of a scheme at a time, until the end of the transaction: there may be no row to lock yet."""
    locks.hold(Lock.SCHEME, code)


@transaction.atomic
def load_scheme(document: Any) -> tuple[Scheme, bool]:
    """The scheme's version with this document, and whether it is new: the same document again changes nothing.

    ValueError with one sentence for an unsound document, for a field that the account does not have, and for people
    whom it names and who could not be paid.
    """
    read = read_document(document)
    _check_fields(read)
    _check_people(read)
    document = json.loads(json.dumps(document, default=str))  # as the database will give it back
    lock_scheme(read.code)
    newest = Scheme.objects.filter(code=read.code).order_by("-version").first()
    if newest and newest.document == document:
        return newest, False
    scheme = Scheme.objects.create(
        code=read.code,
        version=newest.version + 1 if newest else 1,
        title=read.title["ru"],
        document=document,
        effective_from=read.effective_from,
    )
    return scheme, True


def find_schemes(month: date) -> QuerySet[Scheme]:
    """Every scheme's version in force in the month of that first day: the one that began last, of equals the newest."""
    begun = Scheme.objects.filter(effective_from__lte=month)
    return begun.order_by("code", "-effective_from", "-version").distinct("code")


def assign_schemes(schemes: Iterable[Scheme], people: Iterable[int]) -> dict[int, Scheme]:
    """Whose pay follows which scheme: one that names the person before one for everybody, a later before an earlier."""
    pairs = [(scheme, read_scheme(scheme)) for scheme in schemes]
    pairs.sort(key=lambda pair: (pair[1].people is not None, pair[1].effective_from, pair[0].published_at))
    found = {}
    for person in people:
        for scheme, read in pairs:
            if read.people is None or person in read.people:
                found[person] = scheme
    return found


def read_named(place: Place) -> tuple[Component, Mapping[str, str]]:
    """The component at this place of a document, and its titles. Raises Fault."""
    if not isinstance(place.value, dict):
        raise place.fail(gettext("an object"))
    kinds = {kind.kind: kind for kind in list_kinds()}
    kind = kinds[place["kind"].choice(list(kinds))]
    place.keys("kind", "code", "title", "period", *keys_of(kind))
    return read_component(kind, place), place["title"].texts(*LANGUAGES)


def _read_quotas(place: Place, components: Iterable[Component]) -> dict[str, Decimal]:
    if isinstance(place.value, dict):
        return {period: place[period].positive() for period in place.keys(*PERIODS).value}
    periods = {one.period for one in components if isinstance(one, Earning) and one.by_quota} or {MONTH}
    if len(periods) > 1:
        names = Said(", ".join(sorted(periods)))
        raise place.fail(gettext("an object with a plan for each of %(names)s", names=names))
    return {period: place.positive() for period in periods}


def _check_links(place: Place, components: list[Component]) -> None:
    """Multipliers, limits and sanctions speak of components that earn; what takes back, of a sum that is paid by."""
    earning = {item.code: item for item in components if isinstance(item, Earning)}
    paid_by = {name for item in earning.values() for name in item.measures}
    for one, component in zip(place.items(), components, strict=True):
        if isinstance(component, Multiplier | Limit | Sanction):
            for code in component.of:
                if code not in earning:
                    raise one["of"].fault(
                        gettext("%(code)s is not the code of a component that earns", code=Said(repr(code)))
                    )
                if isinstance(component, Sanction) and not earning[code].is_bonus:
                    raise one["of"].fault(
                        gettext(
                            "%(code)s is pay for the work itself; only bonuses can be lowered",
                            code=Said(repr(code)),
                        )
                    )
        if isinstance(component, Reversal):
            name = component.reversed_sales
            if name not in paid_by or not read_measure(name).is_sales:
                raise one["measure"].fault(
                    gettext(
                        "%(name)s is no sum of sales that a component of the scheme pays by",
                        name=Said(repr(name)),
                    )
                )


def _check_shares(root: Place, components: Iterable[Component]) -> None:
    """A deal is split, not multiplied: by whom it is credited to, its shares make one."""
    if root["overlay"].flag():
        return
    names = {name for one in components if isinstance(one, Earning) for name in one.measures}
    shares: dict[tuple[str, tuple[tuple[str, str], ...]], list[Decimal]] = {}
    for measure in map(read_measure, sorted(names)):
        if measure.is_sales and "share" in measure.options:
            rest = tuple(sorted(pair for pair in measure.options.items() if pair[0] not in CREDITING))
            shares.setdefault((measure.code, rest), []).append(Decimal(measure.options["share"]))
    for (code, _rest), given in shares.items():
        if sum(given) != 1:
            raise root["components"].fault(
                gettext(
                    "the shares of %(code)s come to %(sum)s and must come to 1; "
                    "what is paid on top is said by overlay: true",
                    code=Said(code),
                    sum=Said(str(sum(given))),
                )
            )


def _check_fields(scheme: PayScheme) -> None:
    """The mirror is asked only now: a field that vanishes later must not make the scheme unreadable."""
    for number, component in enumerate(scheme.components):
        for name in component.measures:
            try:
                check_fields(read_measure(name).options)
            except UnknownField as error:
                said = Text("%(error)s", {"error": Said(str(error))})
                raise Fault(f"components[{number}], {name}", said) from None


def _check_people(scheme: PayScheme) -> None:
    """A statement stands under somebody's main amoCRM user; a scheme of another would pay nothing and say nothing."""
    mains = set(Employee.objects.filter(person__in=scheme.named).values_list("person", flat=True))
    for person in sorted((scheme.people or frozenset()) - mains):
        raise Fault(
            "people",
            gettext(
                "%(person)s is not the main amoCRM user of any employee, so nobody would be paid by this scheme",
                person=person,
            ),
        )
    for number, component in enumerate(scheme.components):
        for person in sorted(component.people - mains):
            raise Fault(
                f"components[{number}]",
                gettext("%(person)s is not the main amoCRM user of any employee", person=person),
            )
