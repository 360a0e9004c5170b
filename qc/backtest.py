"""What a draft norm would find on the stage's history, beside what the present one finds, in words of a page."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypedDict

from babel import dates
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import formats, moment
from core.zone import portal_zone
from pipelines.models import Person, Stay
from qc import queries
from qc.criteria import bench, field_names, fields_of, stage_norms
from qc.regulations import draft
from qc.rules import CLIENT, DEAL, OWNER, RULES, Breach, Terms
from team.models import Employee
from team.schedules import load_clocks
from timeline.loading import load_timelines
from timeline.timeline import Timeline

DAYS = 90


NUMBERS = ("now", "period", "now_before", "period_before")


class Tried(TypedDict):
    """What a rule finds for one manager: open ``now``, and at any time of the ``period``; before and after a change."""

    rule: str
    manager: int | None
    now: int
    period: int
    now_before: int
    period_before: int


def judge_by_norms(stage_id: str, norms: Mapping[str, Any], days: int = 90) -> list[Tried]:
    """Try changed norms of a stage on the visits of the last ``days``; writes nothing.

    ``norms`` are values of `regulations.draft`; those not named stay as they are in force. Only rules with norms
    of stages appear, whether they are on or not, with managers ordered by how many findings they would have now. The
    changed norms judge every visit, the present ones each visit by the version of its time. Raises ValueError.
    """
    now = moment.now()
    since = now - timedelta(days=days)
    terms = bench().terms
    changed = stage_norms(draft(stage_id, **norms), field_names())
    tried = replace(terms, norms={**terms.norms, stage_id: (changed,)})
    fields = fields_of((*terms.norms.values(), (changed,)))
    stays = Stay.objects.filter(stage=stage_id).exclude(left_at__lte=since)
    counts: dict[tuple[str, int | None], Counter[str]] = defaultdict(Counter)
    codes = [code for code, rule in RULES.items() if rule.is_of_stages and rule.unit == DEAL]
    touches, moves = (
        any(getattr(RULES[code], name) for code in codes) for name in ("reads_touches", "reads_moves")
    )
    for deal in load_timelines(set(stays.values_list("deal_id", flat=True)), fields, touches, moves):
        for code in codes:
            for suffix, judged_by in (("", tried), ("_before", terms)):
                for breach in _on_stage(code, deal, judged_by, stage_id):
                    if breach.opens_at < now and (breach.closes_at is None or breach.closes_at > since):
                        counts[code, breach.owner]["period" + suffix] += 1
                        counts[code, breach.owner]["now" + suffix] += (
                            breach.closes_at is None or breach.closes_at > now
                        )
    rows = [
        Tried(rule=rule, manager=manager, **{name: numbers[name] for name in NUMBERS})  # type: ignore[typeddict-item]
        for (rule, manager), numbers in counts.items()
    ]
    order = list(RULES)
    return sorted(
        rows, key=lambda row: (order.index(row["rule"]), -row["now"], -row["period"], row["manager"] or 0)
    )


def _on_stage(code: str, deal: Timeline, terms: Terms, stage_id: str) -> Iterator[Breach]:
    return (
        breach
        for check in RULES[code].checks(deal, terms)
        for breach in check.breaches
        if breach.stage == stage_id
    )


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


def try_draft(stage_id: str, values: Mapping[str, Any]) -> Trial:
    """Writes nothing. Raises ValueError with one sentence for values that make no sense."""
    rows = judge_by_norms(stage_id, values, DAYS)
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


def count_more_violations(
    stage_id: str, values: Mapping[str, Any], since: datetime
) -> dict[int, dict[str, int]]:
    """How many more violations each manager would have had since a moment, by rule; less is below zero."""
    days = (moment.now() - since) / timedelta(days=1)
    found: dict[int, dict[str, int]] = {}
    for row in judge_by_norms(stage_id, values, days):  # type: ignore[arg-type]  # a part of a day will do
        if row["manager"] is not None and row["period"] != row["period_before"]:
            found.setdefault(row["manager"], {})[row["rule"]] = row["period"] - row["period_before"]
    return found


def _sum(rows: Iterable[Tried]) -> Numbers:
    rows = list(rows)
    return Numbers(
        sum(row["now"] for row in rows),
        sum(row["period"] for row in rows),
        sum(row["now_before"] for row in rows),
        sum(row["period_before"] for row in rows),
    )


def word_example(norm: timedelta, clock: str, employee: Employee, now: datetime) -> str:
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
