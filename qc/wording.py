"""Findings and regulations as sentences in the reader's language and time zone."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from babel import units
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import get_language, gettext

from core import formats
from qc.models import Finding, Regulation
from qc.rules import AHEAD, PLAIN, RULES
from timeline.timeline import PRICE

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def because(finding: Finding, now: datetime) -> str:
    """Why the finding exists, with its values put in; reads ``finding.stage``.

    A length of time ends where the finding closes, or now.
    """
    rule = RULES[finding.rule]
    case = AHEAD if finding.opens_at > now and AHEAD in rule.sentences else finding.values.get("case", PLAIN)
    until = min(now, finding.closes_at or now)
    norm = timedelta(seconds=finding.values.get("norm", 0))
    due = finding.values.get("due")
    return gettext(rule.sentences.get(case, rule.sentences[PLAIN])) % {
        "stage": finding.stage.name if finding.stage else "",
        "since": moment(finding.since, now),
        "opens": moment(finding.opens_at, now),
        "elapsed": length(max(until - finding.since, timedelta())),
        "norm": length(norm),
        "hours": working_hours(norm),
        "due": moment(datetime.fromisoformat(due), now) if due else "",
        "fields": fields(finding.values.get("fields", [])),
    }


def moment(value: datetime, now: datetime) -> str:
    """«9 нояб. 10:15»; the year only where it is another one."""
    local = timezone.localtime(value)
    year = local.year != timezone.localtime(now).year
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


def field_name(field: str, name: str) -> str:
    return gettext("Amount") if field == PRICE else name


def required(regulation: Regulation, names: Mapping[str, str]) -> dict[str, str]:
    """The required fields that amoCRM still has, in their order, as they are called on pages; ``names``: of all."""
    fields = map(str, regulation.required_fields)
    return {field: field_name(field, names[field]) for field in fields if field in names}


def changes(old: Regulation, new: Regulation, names: Mapping[str, str]) -> list[str]:
    """What ``new`` changes about ``old``; ``names`` are those of deal fields by id."""
    found = []
    if (old.max_stay, old.stay_clock) != (new.max_stay, new.stay_clock):
        found.append(_replaced(gettext("Longest stay"), _stay(old), _stay(new)))
    if old.needs_task != new.needs_task:
        found.append(
            gettext("A next task is now demanded.")
            if new.needs_task
            else gettext("A next task is no longer demanded.")
        )
    if old.task_grace != new.task_grace:
        found.append(
            _replaced(gettext("Grace without a task"), _working(old.task_grace), _working(new.task_grace))
        )
    before, after = list(map(str, old.required_fields)), list(map(str, new.required_fields))
    if added := [(field, names.get(field, field)) for field in after if field not in before]:
        found.append(gettext("Now required: %(fields)s.") % {"fields": fields(added)})
    if removed := [(field, names.get(field, field)) for field in before if field not in after]:
        found.append(gettext("No longer required: %(fields)s.") % {"fields": fields(removed)})
    if old.fields_grace != new.fields_grace:
        found.append(
            _replaced(gettext("Grace to fill fields"), _working(old.fields_grace), _working(new.fields_grace))
        )
    for name in ("entry_result", "goal", "term", "automation", "steps"):
        if getattr(old, name) != getattr(new, name):
            label = str(Regulation._meta.get_field(name).verbose_name)
            found.append(
                gettext("The text “%(field)s” was changed.") % {"field": label[:1].upper() + label[1:]}
            )
    return found


def _replaced(what: str, before: str, after: str) -> str:
    return gettext("%(what)s: %(before)s → %(after)s.") % {"what": what, "before": before, "after": after}


def _stay(regulation: Regulation) -> str:
    if regulation.max_stay is None:
        return gettext("no limit")
    if regulation.stay_clock == Regulation.Clock.CALENDAR:
        return length(regulation.max_stay)
    hours = {"hours": working_hours(regulation.max_stay)}
    if regulation.stay_clock == Regulation.Clock.OWNER:
        return gettext("%(hours)s of the owner's shifts") % hours
    return gettext("%(hours)s of company hours") % hours


def _working(value: timedelta | None) -> str:
    return gettext("none") if value is None else working_hours(value)


def _language() -> str:
    return (get_language() or "ru").partition("-")[0]
