"""What a change of norms would find on history, beside what is found by what is in force; for pages and the API.

Nothing is written. The changed norms judge every visit, the present ones each visit by the version of its time. Rules
whose norm the draft leaves alone find the same: those are counted by the findings that there are.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, TypedDict

from babel import dates
from django.db.models import Count, Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import collecting, formats, moment
from core.zone import portal_zone
from pipelines.models import Person, Stay
from qc import norms as norm_documents
from qc import queries, trials
from qc.criteria import bench, field_names, reads_of, stage_norms
from qc.doubts import Doubts, count_doubts
from qc.lives import load_lives
from qc.models import Finding
from qc.regulations import draft, in_force
from qc.rules import CLIENT, OWNER, RULES, Terms
from qc.trials import Comparison, Tally
from team.models import Employee
from team.schedules import load_clocks

DAYS, MOST_DAYS = 90, 366


class Tried(TypedDict):
    """What a rule finds for one manager: open ``now``, and at any time of the ``period``; before and after a change."""

    rule: str
    manager: int | None
    now: int
    period: int
    now_before: int
    period_before: int


@dataclass(frozen=True)
class Backtest:
    """``comparison`` of the rules that the change is about, ``unchanged`` tallies of the others by (rule, owner).

    ``more``: by manager, how many more findings of each rule he would have had since the month began.
    ``deals``: so many were looked at.
    """

    comparison: Comparison
    days: int
    codes: tuple[str, ...]
    unchanged: Mapping[tuple[str, int | None], Tally] = field(default_factory=dict)
    more: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    deals: int = 0


def check_days(days: int) -> int:
    """Raises ValueError for what is no number of days up to a year."""
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(_("History is tried for 1 to %(most)s days.") % {"most": MOST_DAYS})
    return days


@collecting.paused()
def try_norms(
    stage_id: str, norms: Mapping[str, Any], days: int = DAYS, month: datetime | None = None
) -> Backtest:
    """Try changed norms of a stage on the visits of the last ``days``, by all rules that go by them.

    ``norms`` are values of `regulations.draft`; those not named stay as they are in force. ``month``: since when more
    and fewer findings of people are asked for. Raises ValueError with one sentence.
    """
    now = moment.now()
    since = now - timedelta(days=days)
    present = in_force().get(stage_id)
    fresh = draft(stage_id, basis=present, **norms)
    was = norm_documents.read_norms(present.norms if present else {})
    becomes = norm_documents.read_norms(fresh.norms)
    known = bench()
    codes = known.judged_by({type(norm) for code, norm in becomes.items() if was[code] != norm})
    terms = known.terms
    changed = stage_norms(fresh, field_names())
    tried = _anew(terms, {**terms.norms, stage_id: (changed,)})
    begin = since if month is None else min(since, month)
    stays = Stay.objects.filter(stage=stage_id).exclude(left_at__lte=begin)
    more: dict[int, dict[str, int]] = {}
    comparison, deals = Comparison(), 0
    if codes:
        ids = set(stays.values_list("deal_id", flat=True))
        deals = len(ids)
        lives = load_lives(ids, reads_of(codes, (*chain(*terms.norms.values()), changed)))
        comparison = trials.compare(lives, codes, terms, tried, since, now, {stage_id}, more, month)
    others = [code for code, rule in RULES.items() if rule.is_of_stages and code not in codes]
    return Backtest(comparison, days, codes, _as_found(stage_id, others, since, now), more, deals)


def _anew(terms: Terms, norms: Mapping[str, Any]) -> Terms:
    """The terms with these norms: nothing that was worked out by the others is kept."""
    return replace(terms, norms=norms)


def _as_found(
    stage_id: str, codes: Collection[str], since: datetime, now: datetime
) -> dict[tuple[str, int | None], Tally]:
    """Tallies of rules that a draft leaves alone, by (rule, owner): one statement."""
    rows = (
        Finding.objects.standing()
        .filter(stage=stage_id, rule__in=codes, opens_at__lt=now)
        .filter(Q(closes_at=None) | Q(closes_at__gt=since))
        .order_by()
        .values("rule", "manager")
        .annotate(number=Count("pk"), standing=Count("pk", filter=Q(closes_at=None) | Q(closes_at__gt=now)))
        .values_list("rule", "manager", "number", "standing")
    )
    return {
        (rule, manager): Tally(now=standing, now_before=standing, period=number, period_before=number)
        for rule, manager, number, standing in rows
    }


def judge_by_norms(stage_id: str, norms: Mapping[str, Any], days: int = DAYS) -> list[Tried]:
    """The same as rows, by rule and manager, ordered by how many findings they would have now: for programs."""
    tried = try_norms(stage_id, norms, days)
    found: dict[tuple[str, int | None], Tally] = dict(tried.unchanged)
    for key, tally in tried.comparison.by(lambda cell: (cell[0], cell[2])).items():
        found[key] = tally  # type: ignore[index]  # by what the cell was made
    rows = [
        Tried(
            rule=rule,
            manager=manager,
            now=one.now,
            period=one.period,
            now_before=one.now_before,
            period_before=one.period_before,
        )
        for (rule, manager), one in found.items()
    ]
    order = list(RULES)
    return sorted(
        rows, key=lambda row: (order.index(row["rule"]), -row["now"], -row["period"], row["manager"] or 0)
    )


@dataclass(frozen=True)
class Trial:
    """A backtest for a page: by rule (code, title, tally), by stage and by manager (id, name, tally), most first."""

    rules: list[tuple[str, str, Tally]]
    stages: list[tuple[str | None, Tally]]
    managers: list[tuple[int | None, str, Tally]]
    whole: Tally
    doubts: Doubts
    backtest: Backtest


def try_draft(
    stage_id: str, values: Mapping[str, Any], days: int = DAYS, month: datetime | None = None
) -> Trial:
    """Writes nothing. Raises ValueError with one sentence for values that make no sense."""
    return tell_trial(try_norms(stage_id, values, days, month))


def tell_trial(tried: Backtest) -> Trial:
    """One query, for names."""
    comparison = Comparison(dict(tried.comparison.cells), tried.comparison.doubts)
    for (rule, owner), tally in tried.unchanged.items():
        comparison.cells[rule, None, owner] = tally
    by_person = comparison.by(lambda cell: cell[2])
    people = Person.objects.filter(pk__in=[person for person in by_person if person is not None])
    names: dict[Any, str] = dict(people.values_list("pk", "name"))
    managers: list[tuple[Any, str, Tally]] = [
        (person, names.get(person) or _("No owner"), tally) for person, tally in by_person.items()
    ]
    managers.sort(key=lambda row: (-row[2].now, -row[2].period, row[1]))
    by_rule: dict[Any, Tally] = comparison.by(lambda cell: cell[0])
    rules = [(code, queries.title(code), by_rule[code]) for code in RULES if code in by_rule]
    by_stage: dict[Any, Tally] = tried.comparison.by(lambda cell: cell[1])
    stages = sorted(by_stage.items(), key=lambda row: -row[1].now)
    return Trial(
        rules,
        stages,
        managers,
        comparison.whole,
        count_doubts(tried.comparison.doubts, comparison.whole.new),
        tried,
    )


def count_more_violations(
    stage_id: str, values: Mapping[str, Any], since: datetime
) -> dict[int, dict[str, int]]:
    """How many more violations each manager would have had since a moment, by rule; less is below zero."""
    more = try_norms(stage_id, values, 1, since).more
    told = {person: {rule: n for rule, n in by_rule.items() if n} for person, by_rule in more.items()}
    return {person: by_rule for person, by_rule in told.items() if by_rule}


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
