"""Fields of the regulation's form for norms: lengths of time, alone and by a text, stages, options of lists."""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from pipelines.models import Stage
from qc.options import options_of, tell_list
from qc.rules.parameters import LONGEST, Listed

UNITS = {
    "minutes": (_("minutes"), timedelta(minutes=1)),
    "hours": (_("hours"), timedelta(hours=1)),
    "days": (_("days"), timedelta(days=1)),
}
SIGNS = {"d": "d", "д": "d", "h": "h", "ч": "h", "m": "min", "м": "min"}
LINE = re.compile(r"(?P<text>.+?)\s*[:=—]\s*(?P<number>\d+)\s*(?P<unit>[dhmдчм])\w*\.?\s*")
SHORT = {"d": _("d"), "h": _("h"), "min": _("min")}
MOST = 4_000  # signs
LONG = 60  # options: a list of all cities is no choice to tick; documents name what they like of it


def plain_number(value: Decimal) -> int | str:
    """30, «1,5»: as people type it. A normalised Decimal prints itself as 3E+1."""
    return int(value) if value == value.to_integral_value() else str(number_format(f"{value.normalize():f}"))


class LengthWidget(forms.MultiWidget):
    """A number and its unit."""

    def __init__(self, units: list[str]) -> None:
        number = forms.TextInput({"inputmode": "decimal", "autocomplete": "off", "aria-label": _("how many")})
        unit = forms.Select({"aria-label": _("unit")}, choices=[(name, UNITS[name][0]) for name in units])
        self.units = units
        super().__init__({"number": number, "unit": unit}, {"class": "length"})

    def decompress(self, value: timedelta | None) -> list[Any]:
        """In the largest unit that leaves no remainder."""
        if value is None:
            return [None, "hours"]
        name = next((name for name in reversed(self.units) if not value % UNITS[name][1]), "minutes")
        return [plain_number(Decimal(str(value / UNITS[name][1]))), name]


class LengthField(forms.MultiValueField):
    """A length of time; empty is None."""

    widget: LengthWidget

    def __init__(self, units: list[str], **options: Any) -> None:
        parts = (
            forms.DecimalField(localize=True, required=False),
            forms.ChoiceField(choices=[(name, UNITS[name][0]) for name in units]),
        )
        super().__init__(
            fields=parts, widget=LengthWidget(units), require_all_fields=False, required=False, **options
        )

    def compress(self, parts: list[Any]) -> timedelta | None:
        if not parts or parts[0] is None:
            return None
        number, unit = parts[0], UNITS[parts[1] or "hours"][1]
        seconds = number * int(unit.total_seconds())
        if not 1 <= seconds <= LONGEST.total_seconds():
            raise forms.ValidationError(_("A length of time is longer than zero and at most five years."))
        return timedelta(seconds=int(seconds))


class LengthsField(forms.CharField):
    """Lines such as «Waits for money: 14 d»; a mapping from the text to a length as documents write it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            max_length=MOST,
            widget=forms.Textarea({"rows": 4}),
            help_text=_("A line each: the value of the field, a colon, and how long: 14 d, 6 h, 30 min"),
            **options,
        )

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{text}: {_shown(length)}" for text, length in value.items())

    def clean(self, value: Any) -> dict[str, str]:
        found = {}
        for line in (super().clean(value) or "").splitlines():
            if not line.strip():
                continue
            read = LINE.fullmatch(line.strip())
            if read is None:
                says = _("“%(line)s” is not a value, a colon and a length of time such as 14 d.")
                raise forms.ValidationError(says, params={"line": line.strip()[:80]})
            found[read["text"]] = f"{read['number']} {SIGNS[read['unit']]}"
        return found


def _shown(length: str) -> str:
    number, _space, unit = length.partition(" ")
    return f"{number} {SHORT[unit]}" if unit in SHORT else length


class StagesField(forms.MultipleChoiceField):
    """Stages that amoCRM has, with the names of their pipelines."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            choices=stage_choices,
            widget=forms.SelectMultiple({"size": 6}),
            error_messages={"invalid_choice": _("There is no stage “%(value)s”.")},
            **options,
        )


def stage_choices(stages: Iterable[Stage] | None = None) -> list[tuple[str, str]]:
    """These stages (None: all that amoCRM has) pipeline by pipeline."""
    rows = (
        Stage.objects.filter(deleted_at=None).select_related("pipeline").order_by("sort", "pk")
        if stages is None
        else stages
    )
    order = sorted(rows, key=lambda one: (one.pipeline.sort if one.pipeline else 0, one.pipeline_id or 0))
    return [(one.pk, f"{one.pipeline.name if one.pipeline else ''} · {one.name}") for one in order]


class OptionsField(forms.MultipleChoiceField):
    """Options of the deal's lists, list by list. A mapping as documents hold it: field → id → name.

    Lists of more than `LONG` options are offered only where some of them are allowed already.
    """

    def __init__(self, names: Mapping[str, str], **options: Any) -> None:
        self.names = names
        super().__init__(
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text=_("A list without a tick may hold any value."),
            error_messages={"invalid_choice": _("There is no value “%(value)s” in the lists of deals.")},
            **options,
        )
        self.offer({})

    def offer(self, kept: Mapping[str, Mapping[str, str]]) -> None:
        """Let every list be chosen from; and what is allowed already, though amoCRM has it no more."""
        shown = {
            field: dict(options)
            for field, options in options_of(self.names).items()
            if field in self.names and (len(options) <= LONG or field in kept)
        }
        for field, options in kept.items():
            shown[field] = dict(options) | shown.get(field, {})
        self.lists = shown
        self.groups: list[tuple[str, list[tuple[str, str]]]] = [
            (
                self.names.get(field) or field,
                [
                    (f"{field}:{option}", tell_list(Listed(field, "", ((option, name),)), self.names))
                    for option, name in options.items()
                ],
            )
            for field, options in shown.items()
        ]
        self.choices = self.groups

    def by_list(self, boxes: forms.BoundField) -> list[tuple[str, list[forms.boundfield.BoundWidget]]]:
        """The boxes to tick of each list, with its name."""
        every = iter(boxes)
        return [(name, [next(every) for _option in options]) for name, options in self.groups]

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return [f"{field}:{option}" for field, options in value.items() for option in options]

    def clean(self, value: Any) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for one in super().clean(value):
            field, _colon, option = one.partition(":")
            found.setdefault(field, {})[option] = self.lists[field][option]
        return found
