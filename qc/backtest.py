"""What a draft norm would find on the stage's history, beside what the present one finds, in words of a page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from babel import dates
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import formats, moment
from core.zone import portal_zone
from pipelines.models import Person
from qc import engine, queries
from qc.rules import CLIENT, OWNER, RULES
from team.models import Employee
from team.schedules import load_clocks

DAYS = 90


@dataclass(frozen=True)
class Numbers:
    """Findings open now and of the last ``DAYS`` days, by the draft and by what is in force."""

    now: int
    period: int
    now_before: int
    period_before: int

    @property
    def changed(self) -> bool:
        return (self.now, self.period) != (self.now_before, self.period_before)


@dataclass(frozen=True)
class Trial:
    """By rule (code, title, numbers) and by manager (id, name, numbers), the most findings first."""

    rules: list[tuple[str, str, Numbers]]
    managers: list[tuple[int | None, str, Numbers]]
    whole: Numbers


def run(stage_id: str, values: Mapping[str, Any]) -> Trial:
    """Writes nothing. Raises ValueError with one sentence for values that make no sense."""
    rows = engine.backtest(stage_id, values, DAYS)
    people = {row["manager"] for row in rows}
    found_people = Person.objects.filter(pk__in=[person for person in people if person is not None])
    names: dict[int | None, str] = dict(found_people.values_list("pk", "name"))
    managers = [
        (person, names.get(person) or _("No owner"), _sum(row for row in rows if row["manager"] == person))
        for person in people
    ]
    managers.sort(key=lambda row: (-row[2].now, -row[2].period, row[1]))
    found = {code: [row for row in rows if row["rule"] == code] for code in RULES}
    rules = [(code, queries.title(code), _sum(of_rule)) for code, of_rule in found.items() if of_rule]
    return Trial(rules, managers, _sum(rows))


def more_violations(stage_id: str, values: Mapping[str, Any], since: datetime) -> dict[int, dict[str, int]]:
    """How many more violations each manager would have had since a moment, by rule; less is below zero."""
    days = (moment.now() - since) / timedelta(days=1)
    found: dict[int, dict[str, int]] = {}
    for row in engine.backtest(stage_id, values, days):  # type: ignore[arg-type]  # a part of a day will do
        if row["manager"] is not None and row["period"] != row["period_before"]:
            found.setdefault(row["manager"], {})[row["rule"]] = row["period"] - row["period_before"]
    return found


def _sum(rows: Iterable[engine.Tried]) -> Numbers:
    rows = list(rows)
    return Numbers(
        sum(row["now"] for row in rows),
        sum(row["period"] for row in rows),
        sum(row["now_before"] for row in rows),
        sum(row["period_before"] for row in rows),
    )


def example(norm: timedelta, clock: str, employee: Employee, now: datetime) -> str:
    """When the norm of a deal that came to this person just now would end."""
    every = load_clocks(None if employee.person_id is None else [employee.person_id])
    own = {OWNER: every.owner(employee.person_id), CLIENT: every.client}
    ends = own.get(clock, every.calendar).after(now, norm)
    words = {
        "norm": formats.hours(norm, _locale()) if clock in own else formats.duration(norm, _locale()),
        "name": employee,
    }
    if ends is None:
        return _("%(name)s has no shifts ahead, so this norm would never end.") % words
    return _("A deal that comes to %(name)s now: %(norm)s end on %(moment)s.") % (
        words | {"moment": _moment(ends)}
    )


def _moment(value: datetime) -> str:
    """«среда, 25 ноября, 14:00»."""
    local = value.astimezone(portal_zone())
    day = dates.format_skeleton("EEEEdMMMM", local, locale=_locale())
    return f"{day}, {formats.clock(local, _locale())}".replace(" ", formats.NBSP)


def _locale() -> str:
    return get_language() or "en"
