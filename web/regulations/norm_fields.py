"""Fields of the regulation's form for norms of many values: lengths of time by a text, and stages."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pipelines.models import Stage

UNITS = {"d": "d", "д": "d", "h": "h", "ч": "h", "m": "min", "м": "min"}
LINE = re.compile(r"(?P<text>.+?)\s*[:=—]\s*(?P<number>\d+)\s*(?P<unit>[dhmдчм])\w*\.?\s*")
SHORT = {"d": _("d"), "h": _("h"), "min": _("min")}
MOST = 4_000  # signs


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
            found[read["text"]] = f"{read['number']} {UNITS[read['unit']]}"
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
