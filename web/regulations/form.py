"""The form of a stage's regulation: five fields of text, then norms. Bad input is one sentence at its field."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pipelines.models import Stage
from qc import wording
from qc.models import Regulation
from qc.regulations import LONGEST, TEXTS

UNITS = {
    "minutes": (_("minutes"), timedelta(minutes=1)),
    "hours": (_("hours"), timedelta(hours=1)),
    "days": (_("days"), timedelta(days=1)),
}
SHIFT_UNITS = ("minutes", "hours")  # a day of shifts is longer for one person than for another
CLOCKS = [
    (Regulation.Clock.CALENDAR, _("by the calendar: nothing stops it")),
    (Regulation.Clock.OWNER, _("by the owner's shifts and absences")),
    (Regulation.Clock.CLIENT, _("by company hours, as the client waits")),
]


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
        return [Decimal(str(value / UNITS[name][1])).normalize(), name]


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


class RegulationForm(forms.Form):
    """Values of a new version of the stage's regulation. A closing stage has no norm of time and no tasks.

    ``version`` is the one that the author has looked at; 0 = there was none.
    """

    version = forms.IntegerField(label=_("Version"), widget=forms.HiddenInput, min_value=0)
    entry_result = forms.CharField(
        label=_("Result on entry"), help_text=_("What has been achieved when a deal gets here")
    )
    goal = forms.CharField(label=_("Goal of the stage"), help_text=_("What must be achieved here"))
    term = forms.CharField(
        label=_("Term"), help_text=_("How long the work takes, in words that a client understands")
    )
    automation = forms.CharField(label=_("Automation"), help_text=_("What robots do by themselves"))
    steps = forms.CharField(
        label=_("Steps and scenarios"), help_text=_("What to do, step by step, and what if it goes otherwise")
    )
    max_stay = LengthField(list(UNITS), label=_("Longest stay"))
    stay_clock = forms.ChoiceField(label=_("Clock"), choices=CLOCKS)
    needs_task = forms.BooleanField(label=_("A next task is demanded"), required=False)
    task_grace = LengthField(list(SHIFT_UNITS), label=_("Time to plan it, by the owner's shifts"))
    required_fields = forms.MultipleChoiceField(
        label=_("Required fields"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("There is no deal field “%(value)s”.")},
    )
    fields_grace = LengthField(list(SHIFT_UNITS), label=_("Time to fill them in, by the owner's shifts"))

    def __init__(
        self, stage: Stage, names: Mapping[str, str], data: Any = None, regulation: Regulation | None = None
    ) -> None:
        """``names``: the fields that may be required."""
        initial: dict[str, Any] = {"version": 0}
        if regulation:
            initial = {name: getattr(regulation, name) for name in self.base_fields}
        super().__init__(data, initial=initial, label_suffix="")
        for name in TEXTS:
            self.fields[name].required = False
            self.fields[name].widget = forms.Textarea({"rows": 6 if name == "steps" else 2})
        required: Any = self.fields["required_fields"]
        required.choices = [(field, wording.field_name(field, name)) for field, name in names.items()]
        if stage.kind in (Stage.Kind.WON, Stage.Kind.LOST):
            for name in ("max_stay", "stay_clock", "needs_task", "task_grace"):
                del self.fields[name]

    @property
    def texts(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in TEXTS)

    @property
    def chosen(self) -> dict[str, Any]:
        """What a valid form says of the new version."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def look_again(self, version: int) -> None:
        """Refuse what was written without knowing of this version; sent once more, it replaces it knowingly."""
        late = _(
            "Meanwhile version %(version)s has come into force: look at it below. Published again, yours replaces it."
        )
        self.add_error(None, late % {"version": version})
        sent: Any = self.data
        shown = self.data = sent.copy()
        shown["version"] = str(version)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        days = self.data.get("max_stay_unit") == "days"
        if (
            values.get("max_stay")
            and days
            and values.get("stay_clock") in (Regulation.Clock.OWNER, Regulation.Clock.CLIENT)
        ):
            self.add_error(
                "max_stay",
                _("Days are counted by the calendar only; for shifts and company hours give hours."),
            )
        return values
