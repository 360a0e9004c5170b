"""Findings and regulations as sentences in the reader's language and time zone."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from babel import units
from django.utils.text import get_text_list
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core import formats
from core.zone import portal_zone
from pipelines.models import Stage
from qc import norms
from qc.models import Finding, Regulation
from qc.options import tell_list
from qc.rules import AHEAD, CALENDAR, PLAIN, RULES
from qc.rules.parameters import (
    OWNER,
    Length,
    Listed,
    Stages,
)
from qc.rules.sentences import Allowed, Brief, Clock, Field, Fields, Said
from qc.rules.sentences import Stages as StageNames
from qc.steps import Branch
from timeline.timeline import LOSS_REASON, PRICE

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CLOCKS = {
    "calendar": _("calendar"),
    "owner": _("owner's shifts"),
    "client": _("client's (company hours)"),
}


def because(finding: Finding, now: datetime) -> str:
    """Why the finding exists, with its values put in; reads ``finding.stage``.

    A length of time ends where the finding closes, or now.
    """
    rule = RULES[finding.rule]
    case = AHEAD if finding.opens_at >= now and AHEAD in rule.sentences else finding.values.get("case", PLAIN)
    until = min(now, finding.closes_at or now)
    norm = timedelta(seconds=finding.values.get("norm", 0))
    due = finding.values.get("due")
    values: dict[str, Callable[[], object]] = {
        "stage": lambda: finding.stage.name if finding.stage else "",
        "since": lambda: moment(finding.since, now),
        "opens": lambda: moment(finding.opens_at, now),
        "elapsed": lambda: length(max(until - finding.since, timedelta())),
        "norm": lambda: length(norm),
        "hours": lambda: working_hours(norm),
        "due": lambda: moment(datetime.fromisoformat(due), now) if due else "",
        "fields": lambda: fields(finding.values.get("fields", [])),
        "count": lambda: finding.values.get("count", ""),
        "deals": lambda: len(finding.values.get("deals", ())),
        "stages": lambda: in_row(finding.values.get("stages", [])),
        "reason": lambda: finding.values.get("reason", ""),
        "wrong": lambda: "; ".join(
            f"{name} — {text}" for _field, name, text in finding.values.get("wrong", ())
        ),
        "reviewers": lambda: in_row(finding.values.get("reviewers", [])),
        "said": lambda: f": {short(said)}" if (said := finding.values.get("said")) else "",
    }
    return gettext(rule.sentences.get(case, rule.sentences[PLAIN])) % _Filling(values)


class _Filling:
    """What a sentence is filled with, each value made when the sentence names it: few name more than three."""

    def __init__(self, values: Mapping[str, Callable[[], object]]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> object:
        return self._values[name]()


def stay(norm: timedelta, clock: str) -> str:
    """A longest stay in the regulation's own words: «10 дней», «14 часов смен ответственного»."""
    return tell_limit(Length("", clock="clock"), norm, clock)


def moment(value: datetime, now: datetime) -> str:
    """«9 нояб. 10:15»; the year only where it is another one."""
    local = value.astimezone(portal_zone())
    year = local.year != now.astimezone(portal_zone()).year
    return f"{formats.day(local.date(), _language(), year)} {formats.clock(local, _language())}"


def length(value: timedelta) -> str:
    """«12 дней», and below two days to the hour: «1 д 4 ч»."""
    if value >= 2 * DAY or (value and value % DAY == timedelta()):
        return units.format_unit(value // DAY, "duration-day", locale=_language()).replace(" ", formats.NBSP)
    return formats.duration(value, _language())


def working_hours(value: timedelta) -> str:
    """«26 часов»: never in days, as a day is a shift there."""
    if value % HOUR == timedelta():
        return units.format_unit(value // HOUR, "duration-hour", locale=_language()).replace(
            " ", formats.NBSP
        )
    return formats.hours(value, _language())


def fields(named: Iterable[tuple[str, str]]) -> str:
    """«Сумма, Срок и Адрес» from ids with names."""
    return get_text_list([field_name(field, name) for field, name in named], gettext("and"))


def in_row(texts: Iterable[str]) -> str:
    """«Один, Второй и Третий»."""
    return get_text_list(list(texts), gettext("and"))


def field_name(field: str, name: str) -> str:
    own = {PRICE: gettext("Amount"), LOSS_REASON: gettext("Loss reason")}
    return own.get(field, name)


def say(said: Said, names: Mapping[str, str], stages: Mapping[str, str] | None = None) -> str:
    """What a rule says about a norm, in the reader's language; ``names``: of deal fields, ``stages``: by id."""
    values = {name: _put(value, names, stages or {}) for name, value in said.values.items()}
    text = ngettext(said.text, said.plural, said.number) if said.plural else gettext(said.text)
    return text % values


def _put(value: Any, names: Mapping[str, str], stages: Mapping[str, str]) -> Any:
    if isinstance(value, Brief):
        short = formats.duration if value.clock == CALENDAR else formats.hours
        return short(value.length, get_language() or "en")
    if isinstance(value, Clock):
        return CLOCKS[value.code]
    if isinstance(value, Field):
        return field_name(value.id, names.get(value.id, ""))
    if isinstance(value, Fields):
        return ", ".join(field_name(field, names.get(field, "")) for field in value.ids)
    if isinstance(value, Allowed):
        return "; ".join(f"{list_name(one, names)}: {tell_list(one, names)}" for one in value.lists)
    if isinstance(value, StageNames):
        return ", ".join(stages.get(stage, stage) for stage in value.ids)
    return value


def list_name(one: Listed, names: Mapping[str, str]) -> str:
    return names.get(one.field) or one.name or one.field


class FactRow(NamedTuple):
    """One line of what a regulation demands; ``also`` stands below it, or is empty."""

    term: str
    says: str
    also: str


def facts(regulation: Regulation, names: Mapping[str, str]) -> list[FactRow]:
    """What the norms demand, a line for each rule; ``names``: the deal fields that there are."""
    known = norms.read_norms(regulation.norms, names)
    told = [rule.facts(known[rule.code]) for rule in norms.rules() if rule.facts is not None]
    stages = stage_names(known)
    return [
        FactRow(
            gettext(one.term), say(one.says, names, stages), say(one.also, names, stages) if one.also else ""
        )
        for one in told
        if one is not None
    ]


def stage_names(known: norms.Norms) -> dict[str, str]:
    """Names of the stages that these norms speak of, by id; no query where there are none."""
    ids = {
        stage
        for rule, one in norms.flat_parameters().values()
        if isinstance(one.kind, Stages)
        for stage in getattr(known[rule.code], one.name)
    }
    return dict(Stage.objects.filter(id__in=ids).values_list("id", "name")) if ids else {}


class Pill(NamedTuple):
    icon: str
    text: str
    title: str


def pills(regulation: Regulation) -> list[Pill]:
    """The norms that demand something, each in a word."""
    known = norms.read_norms(regulation.norms)
    told = [rule.pill(known[rule.code]) for rule in norms.rules() if rule.pill is not None]
    return [
        Pill(icon, say(text, {}), say(title, {}) if title else "") for icon, text, title in filter(None, told)
    ]


def branch(said: str | Branch | None) -> str:
    """«if he waits, then write», or the step as it stands."""
    if not isinstance(said, Branch):
        return said or ""
    if not said.case:
        return said.then
    if not said.then:
        return gettext("if %(case)s") % {"case": said.case}
    return gettext("if %(case)s, then %(then)s") % {"case": said.case, "then": said.then}


def short(text: str, most: int = 160) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def tell_limit(kind: Length, value: timedelta | None, clock: str) -> str:
    if value is None:
        return gettext(kind.nothing)
    if clock == CALENDAR or (not clock and "days" in kind.units):
        return length(value)
    hours = {"hours": working_hours(value)}
    if not clock:
        return hours["hours"]
    if clock == OWNER:
        return gettext("%(hours)s of the owner's shifts") % hours
    return gettext("%(hours)s of company hours") % hours


def _language() -> str:
    return (get_language() or "ru").partition("-")[0]


TERM = re.compile(r"(?<![\d.,])(\d{1,4})\s*(мин|час|ч\b|дн|день|дня|сут|min|hour|h\b|day|d\b)", re.IGNORECASE)
TERM_UNITS = {
    "м": timedelta(minutes=1),
    "ч": HOUR,
    "д": DAY,
    "с": DAY,
    "min": timedelta(minutes=1),
    "h": HOUR,
    "d": DAY,
}


def read_term(text: str) -> timedelta | None:
    """The length of time that a text names, where it names exactly one."""
    found = TERM.findall(text)
    if len(found) != 1:
        return None
    number, unit = found[0][0], found[0][1].casefold()
    return int(number) * (TERM_UNITS.get(unit) or TERM_UNITS[unit[:1] if unit[:1] in TERM_UNITS else "min"])
