"""Norms of rules as they are kept, sent and shown: documents in, typed values out, and back.

A document is ``{rule code: {parameter: value}}`` with lengths such as «3 d»; what it does not name is as the
parameters' defaults say. The flat form has one name for each parameter of every rule.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import DurationField
from django.utils.translation import gettext as _

from pipelines.models import Stage
from qc.options import check_lists, plain_lists, read_lists
from qc.rules import RULES, Rule
from qc.rules.parameters import (
    CALENDAR,
    CLOCKS,
    LONGEST,
    ClockName,
    Count,
    DealField,
    DealFields,
    Flag,
    Length,
    Lengths,
    Options,
    Parameter,
    Stages,
    read_length,
    write_length,
)

MANY = 50
Norms = Mapping[str, Any]  # by rule code: an instance of the rule's norm class
Names = Mapping[str, str]  # of deal fields by id


def rules() -> Iterator[Rule]:
    """Those whose norms stand in regulations of stages."""
    return (rule for rule in RULES.values() if rule.is_of_stages)


def flat_parameters() -> dict[str, tuple[Rule, Parameter]]:
    """Every parameter of the regulations by its flat name, in the order of the form."""
    return {one.alias: (rule, one) for rule in rules() for one in rule.parameters}


def read_norms(document: Mapping[str, Any], names: Names | None = None) -> dict[str, Any]:
    """The norm of every rule of stages. ``names``: deal fields that there are; others are nobody's duty then."""
    return {rule.code: read_norm(rule, document.get(rule.code, {}), names) for rule in rules()}


def read_norm(rule: Rule, document: Mapping[str, Any], names: Names | None = None) -> Any:
    """One rule's norm from its part of a document that was checked when it was written."""
    assert rule.norm is not None
    values = {}
    for one in rule.parameters:
        if one.name in document:
            value = document[one.name]
            if isinstance(one.kind, Length):
                value = None if value is None else read_length(value)
            elif isinstance(one.kind, Lengths):
                value = tuple((text, read_length(length) or timedelta()) for text, length in value.items())
            elif isinstance(one.kind, Stages):
                value = tuple(value)
            elif isinstance(one.kind, Options):
                value = read_lists(value, names)
            elif isinstance(one.kind, DealField):
                value = value if names is None or value in names else None
            elif isinstance(one.kind, DealFields):
                known = [str(field) for field in value if names is None or str(field) in names]
                value = tuple((field, "" if names is None else names[field]) for field in known)
            values[one.name] = value
    return rule.norm(**values)


def write_norms(norms: Norms) -> dict[str, dict[str, Any]]:
    """The document; what is as by default is left out."""
    found = {code: write_norm(RULES[code], norm) for code, norm in norms.items()}
    return {code: document for code, document in found.items() if document}


def write_norm(rule: Rule, norm: Any) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for one in rule.parameters:
        value = getattr(norm, one.name)
        if value != one.default:
            document[one.name] = _written(norm, one, value)
    return document


def _written(norm: Any, parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter.kind, Length) and value is not None:
        by_calendar = not parameter.kind.clock or getattr(norm, parameter.kind.clock) == CALENDAR
        return write_length(value, days=by_calendar and "days" in parameter.kind.units)
    return _plain(parameter, value)


def _plain(parameter: Parameter, value: Any) -> Any:
    """A value as JSON holds it; lengths stay as they are."""
    if isinstance(parameter.kind, DealFields):
        return [field for field, _name in value]
    if isinstance(parameter.kind, Options):
        return plain_lists(value)
    if isinstance(parameter.kind, Lengths):
        return {text: write_length(length, days=True) for text, length in value}
    return list(value) if isinstance(parameter.kind, Stages) else value


def flat_values(norms: Norms) -> dict[str, Any]:
    """The same side by side: lengths as timedelta, deal fields and stages as ids, lengths by a text as written."""
    found = {}
    for alias, (rule, one) in flat_parameters().items():
        found[alias] = _plain(one, getattr(norms[rule.code], one.name))
    return found


def portal_document(rule: Rule, kept: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The norm of a rule that has one for the whole portal, with these values put in. Raises ValueError."""
    norm = read_norm(rule, kept) if rule.norm is not None and not rule.is_of_stages else None
    known = {} if norm is None else {rule.code: rule}
    for _rule, one, value in named({rule.code: values} if values else {}, known):
        norm = replace(norm, **{one.name: checked(one, value, {})})  # type: ignore[type-var]  # a dataclass
    return {} if norm is None else write_norm(rule, norm)


def asks_for_fields(norms: Norms) -> bool:
    """Whether any norm names fields of the deal."""
    return any(
        getattr(norms[rule.code], one.name)
        for rule, one in flat_parameters().values()
        if isinstance(one.kind, DealFields | DealField | Options)
    )


def changed(norms: Norms, values: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """The norms with these flat values put in. Raises ValueError with one sentence for a value that makes no sense."""
    found, known = dict(norms), flat_parameters()
    for alias, value in values.items():
        rule, one = known[alias]
        found[rule.code] = replace(found[rule.code], **{one.name: checked(one, value, names)})
    return found


def document(names: Names, **values: Any) -> dict[str, dict[str, Any]]:
    """Norms with these flat values as a document; see `changed`."""
    return write_norms(changed(read_norms({}), values, names))


def named(document: Any, known: Mapping[str, Rule] | None = None) -> Iterator[tuple[Rule, Parameter, Any]]:
    """The values of a document that somebody sent. Raises ValueError with one sentence for what no rule asks."""
    known = {rule.code: rule for rule in rules()} if known is None else known
    if not isinstance(document, Mapping):
        raise ValueError(_("Norms are written as {rule: {parameter: value}}."))
    for code, part in document.items():
        if code not in known:
            raise ValueError(_("There is no rule “%(rule)s” with norms of its own.") % {"rule": code})
        if not isinstance(part, Mapping):
            raise ValueError(_("Norms are written as {rule: {parameter: value}}."))
        by_name = {one.name: one for one in known[code].parameters}
        for name, value in part.items():
            if name not in by_name:
                words = {"rule": code, "name": name}
                raise ValueError(_("The rule “%(rule)s” has no parameter “%(name)s”.") % words)
            yield known[code], by_name[name], value


def checked(parameter: Parameter, value: Any, names: Names) -> Any:
    """A value from a form, the API or a document, typed. Raises ValueError with one sentence."""
    kind = parameter.kind
    if isinstance(kind, Length):
        return _length(kind, value)
    if isinstance(kind, Flag):
        if not isinstance(value, bool):
            raise ValueError(_(kind.nonsense))
    elif isinstance(kind, ClockName):
        if value not in CLOCKS:
            raise ValueError(_("There is no clock “%(clock)s”.") % {"clock": value})
        return str(value)
    elif isinstance(kind, DealFields):
        if not isinstance(value, list | tuple):
            raise ValueError(_(kind.nonsense))
        ids = list(dict.fromkeys(map(str, value)))
        for field in ids:
            if field not in names:
                raise ValueError(_("There is no deal field “%(field)s”.") % {"field": field})
        return tuple((field, names[field]) for field in ids)
    elif isinstance(kind, DealField):
        if value in (None, ""):
            return None
        if str(value) not in names:
            raise ValueError(_("There is no deal field “%(field)s”.") % {"field": value})
        return str(value)
    elif isinstance(kind, Lengths):
        return _lengths(kind, value)
    elif isinstance(kind, Stages):
        return _stages(kind, value)
    elif isinstance(kind, Options):
        return check_lists(value, names)
    elif isinstance(kind, Count) and (type(value) is not int or not kind.least <= value <= kind.most):
        words = {"field": lowered(_(kind.title)), "least": kind.least, "most": kind.most}
        raise ValueError(_("“%(field)s” must be a whole number from %(least)s to %(most)s.") % words)
    return value


def _lengths(kind: Lengths, value: Any) -> tuple[tuple[str, timedelta], ...]:
    """By text, as a mapping; a text that is long, or too many of them, make no sense."""
    if not isinstance(value, Mapping) or len(value) > MANY or any(len(str(text)) > 200 for text in value):
        says = _("“%(field)s” must be written as {text: length}, at most %(many)s of them.")
        raise ValueError(says % {"field": lowered(_(kind.title)), "many": MANY})
    found = ((str(text), _length(Length(kind.title), length)) for text, length in value.items())
    return tuple((text, length) for text, length in found if length is not None)


def _stages(kind: Stages, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > 10 * MANY:
        raise ValueError(_("“%(field)s” must be a list of stages.") % {"field": lowered(_(kind.title))})
    ids = list(dict.fromkeys(map(str, value)))
    known = (
        set(Stage.objects.filter(id__in=ids, deleted_at=None).values_list("id", flat=True)) if ids else set()
    )
    for stage in ids:
        if stage not in known:
            raise ValueError(_("There is no stage “%(stage)s”.") % {"stage": stage})
    return tuple(ids)


def _length(kind: Length, value: Any) -> timedelta | None:
    """A timedelta, seconds, or text: «3 d», «7 00:00:00», «P1DT6H»."""
    if value is None or value == "":
        return None
    length: timedelta | None = timedelta()
    try:
        if type(value) in (int, float):
            length = timedelta(seconds=value)
        elif isinstance(value, str):
            length = read_length(value) or DurationField().to_python(value)
        else:
            length = DurationField().to_python(value)
    except (ValidationError, OverflowError, TypeError):
        length = timedelta()
    if length is None or not timedelta() < length <= LONGEST:
        says = _("“%(field)s” must be longer than zero and at most five years.")
        raise ValueError(says % {"field": lowered(_(kind.title))})
    return length


def lowered(title: str) -> str:
    """A title in the middle of a sentence."""
    return title[:1].lower() + title[1:]
