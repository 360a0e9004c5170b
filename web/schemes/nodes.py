"""A document as the editor shows it: every place a field with its value as people type it, and what is wrong there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpi.calculation.component import Earning
from kpi.calculation.document import Fault, Place
from kpi.calculation.fields import Field, fields_of
from kpi.calculation.running import MONTH, PERIODS
from kpi.components import KINDS
from kpi.measures import read_measure
from kpi.pay_schemes import LANGUAGES, read_named
from kpi.sentences import say
from web.schemes.sent import is_written_out

TITLES = {"ru": gettext_lazy("Name in Russian"), "en": gettext_lazy("Name in English")}
PLANS = {
    "month": gettext_lazy("Plan of a month"),
    "quarter": gettext_lazy("Plan of a quarter"),
    "year": gettext_lazy("Plan of a year"),
}


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Node:
    """A field. ``entry`` as `kpi.calculation.fields.Field` says it; ``rows`` of points and rows."""

    name: str
    label: str
    entry: str
    value: str = ""
    choices: tuple[Choice, ...] = ()
    rows: tuple["Row", ...] = ()
    heads: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    required: bool = True
    hint: str = ""

    @property
    def id(self) -> str:
        return "f-" + self.name.translate(str.maketrans("[].", "---"))


@dataclass(frozen=True)
class Row:
    name: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Part:
    """A component. ``promise``: what it says, when it is sound."""

    name: str
    number: int
    kind: str
    title: str
    called: str
    nodes: tuple[Node, ...]
    errors: tuple[str, ...] = ()
    promise: str = ""


@dataclass
class _Faults:
    """By place; each is told once, at the nearest place that is shown."""

    faults: Iterable[Fault]
    found: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for fault in self.faults:
            self.found.setdefault(fault.path, []).append(say(fault.text))

    def take(self, path: str, below: bool = False) -> tuple[str, ...]:
        """Those of the place; with ``below`` all that are left of places inside of it."""
        paths = [one for one in self.found if one == path or (below and one.startswith(path))]
        return tuple(text for one in paths for text in self.found.pop(one))


@dataclass(frozen=True)
class People:
    """Who can be chosen, and who has left and is shown only where he stands already."""

    here: Mapping[int, str]
    left: Mapping[int, str]

    def choices(self, chosen: Iterable[Any]) -> Iterator[Choice]:
        named = {one for one in chosen if isinstance(one, int)}
        yield from (Choice(str(pk), name, pk in named) for pk, name in self.here.items())
        for pk in sorted(named - self.here.keys()):
            yield Choice(str(pk), self.left.get(pk) or f"№ {pk}", True)


@dataclass(frozen=True)
class Shown:
    """The whole document. ``errors``: of no place that is shown."""

    heads: tuple[Node, ...]
    parts: tuple[Part, ...]
    people: tuple[Choice, ...]
    overlay: bool
    errors: tuple[str, ...]


def show_document(
    document: Mapping[str, Any],
    faults: Iterable[Fault],
    people: Mapping[int, str],
    left: Mapping[int, str],
) -> Shown:
    """``people``: who can be paid, by main amoCRM user. Who has ``left`` is a choice where the document names him: what
    is not shown would not be sent again, and a scheme of nobody is one for everybody."""
    offered = People(people, left)
    known = _Faults(faults)
    heads = (*_titles(document, "title", known), *_plans(document, known))
    listed = document.get("components")
    components = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    earning = {
        str(one.get("code")): _called(one)
        for one in components
        if one.get("kind") in KINDS and issubclass(KINDS[one["kind"]], Earning)
    }
    parts = tuple(
        _part(number, one, known, earning, offered)
        for number, one in enumerate(components)
        if one.get("kind") in KINDS
    )
    choices = tuple(offered.choices(_list(document.get("people"))))
    return Shown(heads, parts, choices, document.get("overlay") is True, known.take("", below=True))


def _called(one: Mapping[str, Any]) -> str:
    titles = one.get("title")
    return str(titles.get("ru") or one.get("code")) if isinstance(titles, dict) else str(one.get("code"))


def _titles(holder: Mapping[str, Any], path: str, faults: _Faults) -> Iterator[Node]:
    titles = holder.get("title")
    for language in LANGUAGES:
        text = titles.get(language, "") if isinstance(titles, dict) else ""
        name = f"{path}.{language}"
        yield Node(name, str(TITLES[language]), "text", str(text), errors=faults.take(name))


def _plans(document: Mapping[str, Any], faults: _Faults) -> Iterator[Node]:
    given = document.get("quota")
    if not isinstance(given, dict):
        given = {_only_period(document): given} if given is not None else {}
    whole = faults.take("quota")
    for length in PERIODS:
        name = f"quota.{length}"
        errors = (*(whole if length == MONTH else ()), *faults.take(name))
        hint = _("for whoever has no plan of his own")
        yield Node(
            name,
            str(PLANS[length]),
            "money",
            typed(given.get(length)),
            errors=errors,
            required=False,
            hint=hint,
        )


def _only_period(document: Mapping[str, Any]) -> str:
    listed = document.get("components")
    periods = (
        {str(one.get("period", MONTH)) for one in listed if isinstance(one, dict)}
        if isinstance(listed, list)
        else set()
    )
    return periods.pop() if len(periods) == 1 else MONTH


def _part(
    number: int,
    one: Mapping[str, Any],
    faults: _Faults,
    earning: Mapping[str, str],
    people: People,
) -> Part:
    kind, name = KINDS[one["kind"]], f"components[{number}]"
    nodes = [
        *_titles(one, f"{name}.title", faults),
        Node(
            f"{name}.code",
            _("Short name"),
            "text",
            str(one.get("code", "")),
            errors=faults.take(f"{name}.code"),
        ),
        _period(one, f"{name}.period", faults),
        *(
            _node(each, f"{name}.{each.name}", one.get(each.name), faults, earning, people)
            for each in fields_of(kind)
        ),
    ]
    return Part(
        name,
        number,
        kind.kind,
        _(kind.title),
        _called(one),
        tuple(nodes),
        faults.take(name, below=True),
        _promise(one, earning),
    )


def _period(one: Mapping[str, Any], name: str, faults: _Faults) -> Node:
    present = str(one.get("period", MONTH))
    choices = tuple(Choice(key, _(label), key == present) for key, label in PERIODS.items())
    return Node(name, _("Counts by"), "choice", choices=choices, errors=faults.take(name))


def _promise(one: Mapping[str, Any], earning: Mapping[str, str]) -> str:
    try:
        component, _titles = read_named(Place("", one, read_measure))
    except Fault:
        return ""
    names = {code: dict.fromkeys(LANGUAGES, earning.get(code, code)) for code in getattr(component, "of", ())}
    return say(component.clause(), names)


def _node(
    each: Field,
    name: str,
    value: Any,
    faults: _Faults,
    earning: Mapping[str, str],
    people: People,
) -> Node:
    made = Node(name, _with_unit(each), each.entry, required=each.required)
    if each.entry == "points":
        rows = tuple(_pair(f"{name}[{place}]", pair, faults) for place, pair in enumerate(_list(value)))
        made = replace(made, rows=rows, heads=(_("Value"), _("Gives")))
    elif each.entry == "rows":
        rows = tuple(
            Row(
                f"{name}[{place}]",
                tuple(
                    _node(cell, f"{name}[{place}].{cell.name}", row.get(cell.name), faults, earning, people)
                    for cell in each.columns
                ),
            )
            for place, row in enumerate(_list(value))
            if isinstance(row, dict)
        )
        made = replace(made, rows=rows, heads=tuple(_with_unit(cell) for cell in each.columns))
    else:
        choices = tuple(_choices(each, value, earning, people))
        hint = _title_of(value) if each.entry == "measure" else ""
        made = replace(made, value=_shown(each, value), choices=choices, hint=hint)
    return replace(made, errors=faults.take(name, below=True))


def _choices(each: Field, value: Any, earning: Mapping[str, str], people: People) -> Iterator[Choice]:
    if each.entry == "choice":
        yield from (Choice(key, _(text), key == value) for key, text in each.choices.items())
    elif each.entry == "components":
        chosen = [str(one) for one in _list(value)]
        yield from (Choice(code, text, code in chosen) for code, text in earning.items())
        yield from (Choice(code, code, True) for code in chosen if code not in earning)
    elif each.entry == "person":
        yield from people.choices([value])


def _shown(each: Field, value: Any) -> str:
    if each.entry == "flag":
        return "1" if value is True else ""
    return _percent(value) if each.entry == "share" else typed(value)


def _pair(name: str, pair: Any, faults: _Faults) -> Row:
    values = [*(pair if isinstance(pair, list) else []), None, None][:2]
    return Row(
        name,
        tuple(
            Node(f"{name}[{place}]", "", "number", typed(value), errors=faults.take(f"{name}[{place}]"))
            for place, value in enumerate(values)
        ),
    )


def _with_unit(each: Field) -> str:
    label = _(each.label)
    return f"{label}, %" if each.entry == "share" else label


def _title_of(name: Any) -> str:
    try:
        return str(read_measure(str(name)).title)
    except ValueError:
        return ""


def typed(value: Any) -> str:
    """As people type it: «0,045»; what is no number stays."""
    if value is None or isinstance(value, dict | list):
        return ""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not is_written_out(found):
        return str(value)
    return str(number_format(f"{found.normalize():f}", use_l10n=True))


def _percent(value: Any) -> str:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return typed(value)
    return typed(found * 100 if is_written_out(found) else value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
