"""The form of a stage's regulation: five fields of text, then norms. Bad input is one sentence at its field."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.zone import first_of_day
from pipelines.models import Stage
from qc import norms, wording
from qc.models import Regulation
from qc.options import FieldNames
from qc.regulations import TEXTS
from qc.rules import CALENDAR, CLIENT, OWNER, Rule
from qc.rules.parameters import (
    ClockName,
    Count,
    DealField,
    Flag,
    Length,
    Lengths,
    Options,
    Parameter,
    Stages,
)
from team.models.employees import today
from timeline.timeline import LOSS_REASON
from web.frame.day_fields import DayField
from web.regulations.norm_fields import LengthField, LengthsField, OptionsField, StagesField, stage_choices

CLOCK_CHOICES = [
    (CALENDAR, _("by the calendar: nothing stops it")),
    (OWNER, _("by the owner's shifts and absences")),
    (CLIENT, _("by company hours, as the client waits")),
]


class RegulationForm(forms.Form):
    """Values of a new version of the stage's regulation. A closing stage has no norm of time and no tasks.

    ``version`` is the one that the author has looked at; 0 = there was none. ``effective_on`` is the day from which it
    shall be in force; empty or today: at once.
    """

    version = forms.IntegerField(label=_("Version"), widget=forms.HiddenInput, min_value=0)
    effective_on = DayField(
        label=_("In force from"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d.%m.%Y"],
    )
    entry_result = forms.CharField(
        label=_("Result on entry"), help_text=_("What has been achieved when a deal gets here")
    )
    goal = forms.CharField(label=_("Goal of the stage"), help_text=_("What must be achieved here"))
    term = forms.CharField(
        label=_("Term"),
        help_text=_("What there is to say beside the longest stay, which stands here by itself"),
    )
    automation = forms.CharField(label=_("Automation"), help_text=_("What robots do by themselves"))
    steps = forms.CharField(
        label=_("Steps and scenarios"),
        help_text=_("A step a line: “1. Call”. Below it what if it goes otherwise: “if silent, then write”."),
    )

    def __init__(
        self,
        stage: Stage,
        names: FieldNames,
        data: Any = None,
        regulation: Regulation | None = None,
        required: Sequence[str] = (),
    ) -> None:
        """``names``: the fields that may be required; ``required``: those that amoCRM itself demands on the stage, with
        which a first version begins."""
        initial: dict[str, Any] = {"version": 0, "required_fields": list(required)}
        if regulation:
            initial = {name: getattr(regulation, name) for name in ("version", *TEXTS)}
            initial |= norms.flat_values(norms.read_norms(regulation.norms))
        if stage.kind != Stage.Kind.LOST:  # only a lost deal has a reason of its loss
            names = names.without(LOSS_REASON)
        super().__init__(data, initial=initial, label_suffix="")
        for name in TEXTS:
            self.fields[name].required = False
            self.fields[name].widget = forms.Textarea(
                {"rows": 7 if name == "steps" else 2, "maxlength": 20_000}
            )
        closing = stage.kind in (Stage.Kind.WON, Stage.Kind.LOST)
        self.switched_off: Collection[str] = ()  # rules whose norms nobody is judged by
        self.parameters = {
            alias: place
            for alias, place in norms.flat_parameters().items()
            if place[0].on_closing or not closing
        }
        for alias, (_rule, parameter) in self.parameters.items():
            field = self.fields[alias] = norm_field(parameter, names)
            if isinstance(field, OptionsField):
                field.offer(initial.get(alias) or {})
            if parameter.alias not in self.data and isinstance(parameter.kind, ClockName | Count):
                self.fields[alias].required = False  # whoever does not send it leaves it as it is by default

    def offer_stages(self, stages: Iterable[Stage]) -> None:
        """The choices of fields of stages, from those that somebody has read already."""
        choices = stage_choices(stages)
        for field in self.fields.values():
            if isinstance(field, StagesField):
                field.choices = choices

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The fields of each rule's norm; ``stay``: whether it can be shown on somebody's shifts. ``state``: whether
        the rule works here, waits to be switched on («off»), or asks nothing («spare»)."""
        rules = dict.fromkeys(rule for rule, _parameter in self.parameters.values())
        return [
            {
                "rule": rule,
                "stay": rule.stay is not None,
                "fields": [self._shown(one) for one in rule.parameters],
                "state": self._state(rule),
            }
            for rule in rules
        ]

    def _shown(self, parameter: Parameter) -> dict[str, Any]:
        field, bound = self.fields[parameter.alias], self[parameter.alias]
        lists = field.by_list(bound) if isinstance(field, OptionsField) else []
        return {"field": bound, "kind": type(parameter.kind).__name__, "lists": lists}

    def _state(self, rule: Rule) -> str:
        if any(self[one.alias].errors for one in rule.parameters):
            return "works"
        if not any(_says(self[one.alias].value(), one) for one in rule.parameters):
            return "spare"
        return "off" if rule.code in self.switched_off else "works"

    @property
    def folded(self) -> dict[str, list[dict[str, Any]]]:
        """The rules that do nothing on the stage, by why."""
        groups = self.groups
        return {state: [one for one in groups if one["state"] == state] for state in ("off", "spare")}

    @property
    def texts(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in TEXTS)

    @property
    def chosen(self) -> dict[str, Any]:
        """What a valid form says of the new version."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in ("version", "effective_on")
        }

    @property
    def effective_at(self) -> datetime | None:
        """When a valid form shall be in force; None: at once."""
        day = self.cleaned_data.get("effective_on")
        return None if day is None or day <= today() else first_of_day(day)

    def clean_effective_on(self) -> date | None:
        day: date | None = self.cleaned_data.get("effective_on")
        if day is not None and day < today():
            raise forms.ValidationError(_("A version is in force from today or from a later day."))
        return day

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
        for alias, (_rule, parameter) in self.parameters.items():
            if alias not in self.data and isinstance(parameter.kind, ClockName | Count):
                values[alias] = self.initial.get(alias, parameter.default)
        for alias, (rule, parameter) in self.parameters.items():
            if not isinstance(parameter.kind, Length) or not parameter.kind.clock or not values.get(alias):
                continue
            clock = next(one.alias for one in rule.parameters if one.name == parameter.kind.clock)
            if self.data.get(f"{alias}_unit") == "days" and values.get(clock) in (OWNER, CLIENT):
                says = _("Days are counted by the calendar only; for shifts and company hours give hours.")
                self.add_error(alias, says)
        return values


def _says(value: Any, parameter: Parameter) -> bool:
    """Whether a field asks for something; a clock alone does not."""
    if isinstance(parameter.kind, ClockName):
        return False
    if isinstance(parameter.kind, Length) and isinstance(value, list):
        return bool(value and value[0])
    if isinstance(parameter.kind, Count):
        return str(value) != str(parameter.default)
    return bool(value)


def norm_field(parameter: Parameter, names: Mapping[str, str]) -> forms.Field:
    """The field of the form that a parameter of a rule's norm is; ``names``: the deal fields that may be chosen."""
    kind, label = parameter.kind, _(parameter.label)
    if isinstance(kind, Length):
        return LengthField(list(kind.units), label=label)
    if isinstance(kind, ClockName):
        return forms.ChoiceField(label=label, choices=CLOCK_CHOICES)
    if isinstance(kind, Flag):
        return forms.BooleanField(label=label, required=False)
    if isinstance(kind, DealField):
        return forms.ChoiceField(
            label=label,
            required=False,
            choices=[
                ("", _("none")),
                *((field, wording.field_name(field, name)) for field, name in names.items()),
            ],
            error_messages={"invalid_choice": _("There is no deal field “%(value)s”.")},
        )
    if isinstance(kind, Lengths):
        return LengthsField(label=label)
    if isinstance(kind, Stages):
        return StagesField(label=label)
    if isinstance(kind, Options):
        return OptionsField(names, label=label)
    if isinstance(kind, Count):
        return forms.IntegerField(
            label=label, min_value=kind.least, max_value=kind.most, initial=parameter.default
        )
    return forms.MultipleChoiceField(
        label=label,
        required=False,
        choices=[(field, wording.field_name(field, name)) for field, name in names.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("There is no deal field “%(value)s”.")},
    )


def as_sent(form: RegulationForm, values: Mapping[str, Any], version: int) -> dict[str, list[str]]:
    """What a browser would send of these values: a draft that nobody has typed."""
    sent = {"version": [str(version)]}
    for name, value in values.items():
        if name not in form.fields or value is None or value is False:
            continue
        if isinstance(value, timedelta):
            number, unit = form.fields[name].widget.decompress(value)
            sent |= {f"{name}_number": [str(number)], f"{name}_unit": [unit]}
        elif isinstance(value, dict):
            shown = form.fields[name].prepare_value(value)
            sent[name] = shown if isinstance(shown, list) else [shown]
        elif isinstance(value, list | tuple):
            sent[name] = [str(one) for one in value]
        else:
            sent[name] = ["on" if value is True else str(value)]
    return sent
