"""What one version of a regulation changes about another, as sentences in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext

from pipelines.models import Stage
from qc import norms
from qc.models import Regulation
from qc.options import tell_list
from qc.rules.parameters import (
    DealField,
    DealFields,
    Flag,
    Length,
    Lengths,
    Listed,
    Options,
    Parameter,
    Stages,
)
from qc.steps import Branch, Step, compare_steps, read_steps
from qc.wording import branch, field_name, fields, length, list_name, short, tell_limit


def tell_changes(old: Regulation, new: Regulation, names: Mapping[str, str]) -> list[str]:
    """What ``new`` changes about ``old``; ``names`` are those of deal fields by id."""
    found: list[str] = []
    before, after = norms.read_norms(old.norms), norms.read_norms(new.norms)
    for rule, parameter in norms.flat_parameters().values():
        found += _compare_norms(parameter, before[rule.code], after[rule.code], names)
    for name in ("entry_result", "goal", "term", "automation"):
        was, now = (" ".join(getattr(one, name).split()) for one in (old, new))
        if was != now:
            found.append(_text_changed(name, was, now))
    return found + _steps_changed(read_steps(old.steps), read_steps(new.steps))


def _text_changed(name: str, was: str, now: str) -> str:
    label = str(getattr(Regulation._meta.get_field(name), "verbose_name", name))
    words = {"field": label[:1].upper() + label[1:], "before": short(was), "after": short(now)}
    if not was:
        return gettext("%(field)s, new: “%(after)s”.") % words
    if not now:
        return gettext("%(field)s, taken away: “%(before)s”.") % words
    return gettext("%(field)s was “%(before)s”, becomes “%(after)s”.") % words


def _steps_changed(old: Sequence[Step], new: Sequence[Step]) -> list[str]:
    found = []
    for number, was, now in compare_steps(old, new):
        words = {"number": number, "before": short(branch(was)), "after": short(branch(now))}
        of_step = isinstance(was or now, Branch)
        if was is None:
            says = gettext("Step %(number)s, added: “%(after)s”.")
            says = gettext("In step %(number)s, added: “%(after)s”.") if of_step else says
        elif now is None:
            says = gettext("Step taken away: “%(before)s”.")
            says = gettext("In step %(number)s, taken away: “%(before)s”.") if of_step else says
        else:
            says = gettext("Step %(number)s was “%(before)s”, becomes “%(after)s”.")
        found.append(says % words)
    return found


def _compare_norms(parameter: Parameter, before: Any, after: Any, names: Mapping[str, str]) -> list[str]:
    kind = parameter.kind
    old, new = (getattr(norm, parameter.name) for norm in (before, after))
    if isinstance(kind, Length):
        told = [(getattr(norm, parameter.name), _clock(kind, norm)) for norm in (before, after)]
        if told[0] == told[1]:
            return []
        return [_replaced(gettext(kind.title), *(tell_limit(kind, *one) for one in told))]
    if isinstance(kind, DealFields):
        ids = [[field for field, _name in asked] for asked in (old, new)]
        found = []
        for says, more, less in ((kind.added, ids[1], ids[0]), (kind.removed, ids[0], ids[1])):
            if moved := [(field, names.get(field, field)) for field in more if field not in less]:
                found.append(gettext(says) % {"fields": fields(moved)})
        return found
    if isinstance(kind, Options):
        return _lists_changed(kind, old, new, names)
    if old == new:
        return []
    if isinstance(kind, Flag):
        return [gettext(kind.on if new else kind.off)]
    if isinstance(kind, DealField | Lengths | Stages):
        return [_replaced(gettext(kind.title), *(_many(kind, one, names) for one in (old, new)))]
    title = getattr(kind, "title", "")  # a clock is told with the length that runs on it
    return [_replaced(gettext(title), str(old), str(new))] if title else []


def _many(kind: DealField | Lengths | Stages, value: Any, names: Mapping[str, str]) -> str:
    if isinstance(kind, DealField):
        return field_name(value, names.get(value, value)) if value else gettext("none")
    if isinstance(kind, Lengths):
        return ", ".join(f"{text} {length(one)}" for text, one in value) or gettext("none")
    known = dict(Stage.objects.filter(id__in=value).values_list("id", "name"))
    return ", ".join(known.get(one, one) for one in value) or gettext("anywhere")


def _lists_changed(
    kind: Options, old: Sequence[Listed], new: Sequence[Listed], names: Mapping[str, str]
) -> list[str]:
    """A sentence for each list of which other options are allowed; another name of an option is no change."""
    was, now = ({one.field: one for one in lists} for lists in (old, new))
    found = []
    for field, any_of_it in (was | now).items():
        sides = [side.get(field) for side in (was, now)]
        if sides[0] and sides[1] and dict(sides[0].options).keys() == dict(sides[1].options).keys():
            continue
        what = f"{gettext(kind.title)}, {list_name(any_of_it, names)}"
        found.append(_replaced(what, *(tell_list(one, names) if one else gettext("any") for one in sides)))
    return found


def _replaced(what: str, before: str, after: str) -> str:
    return gettext("%(what)s: %(before)s → %(after)s.") % {"what": what, "before": before, "after": after}


def _clock(kind: Length, norm: Any) -> str:
    return getattr(norm, kind.clock) if kind.clock else ""
