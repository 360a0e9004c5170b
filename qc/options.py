"""Options of the deal's lists in norms: read from documents, checked, written, and told.

A document holds ``{field: {option id: its name}}``, with the name of the day on which the version was written: what
amoCRM has renamed or taken away since is still known by it. Whoever sends one may write ids or names alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from django.utils.translation import gettext as _

from qc.rules.parameters import Listed

LISTS = frozenset({"select", "multiselect", "radiobutton"})
MOST_FIELDS, MOST, LONGEST = 50, 200, 256  # lists of a norm, options of a list, signs of an option


class FieldNames(dict[str, str]):
    """Names of deal fields by id. ``options``: of those that are lists, the name of every option by its id."""

    def __init__(
        self,
        names: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        options: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__(names)
        self.options = dict(options or {})

    def without(self, field: str) -> Self:
        """The same but for one field."""
        return type(self)({key: name for key, name in self.items() if key != field}, self.options)


def options_of(names: Mapping[str, str] | None) -> Mapping[str, Mapping[str, str]]:
    """The options of lists, where whoever has read the names knows them."""
    return names.options if isinstance(names, FieldNames) else {}


def read_lists(document: Any, names: Mapping[str, str] | None) -> tuple[Listed, ...]:
    """From a document that was checked when it was written. Lists that amoCRM has no more are nobody's duty then."""
    return tuple(
        Listed(
            field, (names or {}).get(field, ""), tuple(_read_options(kept, options_of(names).get(field, {})))
        )
        for field, kept in document.items()
        if names is None or field in names
    )


def _read_options(kept: Any, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for option, name in kept.items() if isinstance(kept, Mapping) else ((one, one) for one in kept):
        yield str(option), str(name)
        if known.get(option, name) != name:
            yield str(option), known[option]


def plain_lists(lists: Iterable[Listed]) -> dict[str, dict[str, str]]:
    """As a document holds them: of an option that stands twice the newer name."""
    return {one.field: dict(one.options) for one in lists}


def check_lists(value: Any, names: Mapping[str, str]) -> tuple[Listed, ...]:
    """What somebody sent, typed. Raises ValueError with one sentence."""
    if not isinstance(value, Mapping) or len(value) > MOST_FIELDS:
        says = _("Allowed values are written as {field: {id: name}}, of at most %(most)s fields.")
        raise ValueError(says % {"most": MOST_FIELDS})
    found = []
    for key, sent in value.items():
        field = str(key)
        if field not in names:
            raise ValueError(_("There is no deal field “%(field)s”.") % {"field": field[:40]})
        if options := tuple(dict.fromkeys(_check_options(field, sent, names))):
            found.append(Listed(field, names[field], options))
    return tuple(found)


def _check_options(field: str, sent: Any, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    words = {"field": names[field] or field, "most": MOST}
    if not isinstance(sent, Mapping | list | tuple) or len(sent) > MOST:
        raise ValueError(_("Of the list “%(field)s” at most %(most)s values are named.") % words)
    known = options_of(names).get(field, {})
    by_name = {name: option for option, name in known.items()}
    for one in sent:
        option = str(one)
        own = sent[one] if isinstance(sent, Mapping) else None
        if option in known:
            yield option, known[option]
        elif own is None and option in by_name:
            yield by_name[option], option
        elif isinstance(own, str) and own.strip() and len(own) <= LONGEST and option.isdecimal():
            yield option, own  # it was there once: a version that is kept or loaded again does not forget it
        else:
            says = _("The list “%(field)s” has no value “%(value)s”.")
            raise ValueError(says % {**words, "value": option[:40]})


def tell_list(one: Listed, names: Mapping[str, str]) -> str:
    """«карта, счёт»: by today's names; what amoCRM has no more is told as such."""
    known = options_of(names).get(one.field)
    return ", ".join(
        name if known is None or option in known else _("%(value)s (no longer in amoCRM)") % {"value": name}
        for option, name in dict(one.options).items()
    )
