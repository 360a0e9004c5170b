"""What a change of norms would find on history, beside what is found by what is in force; for pages and the API.

Nothing is written. The changed norms judge every visit, the present ones each visit by the version of its time. Rules
whose norm the draft leaves alone find the same: those are counted by the findings that there are.
"""

from collections.abc import Collection, Mapping, Set
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
from pipelines.models import Deal, Person, Stay
from qc import norms as norm_documents
from qc import queries, trials
from qc.criteria import Bench, bench, field_names, portal_norms, reads_of, stage_norms
from qc.doubts import Doubts, count_doubts
from qc.lives import load_lives
from qc.models import Finding
from qc.regulations import draft, in_force
from qc.rule_modes import Step
from qc.rules import CLIENT, DEAL, OWNER, RULES, Terms
from qc.trials import Comparison, Tally
from team.models import Employee
from team.schedules import load_clocks

DAYS, MOST_DAYS = 90, 366
SAMPLE = 20_000  # deals that a change of the whole portal is tried on: the newest


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

    ``more``: by manager, how many more findings of each rule he would have had since the month began. ``deals`` were
    looked at, of so many (``among``) that could have been.
    """

    comparison: Comparison
    days: int
    codes: tuple[str, ...]
    unchanged: Mapping[tuple[str, int | None], Tally] = field(default_factory=dict)
    more: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    deals: int = 0
    among: int = 0


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
    codes = _find_codes({type(norm) for code, norm in becomes.items() if was[code] != norm}, bench())
    terms = bench().terms
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
    return Backtest(comparison, days, codes, _as_found(stage_id, others, since, now), more, deals, deals)


def _find_codes(kinds: Set[type], known: Bench) -> tuple[str, ...]:
    """The rules of deals whose norms these are, and those judged now that go by them."""
    return tuple(
        code
        for code, rule in RULES.items()
        if rule.unit == DEAL
        and (rule.norm in kinds or (known.judges(code) and not kinds.isdisjoint(rule.goes_by)))
    )


@collecting.paused()
def try_portal_norm(
    code: str, norm: Mapping[str, Any] | None, days: int = DAYS, month: datetime | None = None
) -> Backtest:
    """Try a rule of deals on the newest deals of the last ``days``: another norm for the whole portal, or the rule that
    was off (``norm`` None: as it stands). Before, it finds what it does now; nothing while it is off."""
    rule, now = RULES[code], moment.now()
    if rule.unit != DEAL:
        raise ValueError(_("Only rules about deals can be tried on history."))
    since, known = now - timedelta(days=days), bench()
    before, is_on, after = known.terms, known.judges(code), terms_if_on(code, known, norm)
    begin = since if month is None else min(since, month)
    ids, among = sample_deals(begin)
    lives = load_lives(ids, reads_of([code], chain(*after.norms.values())))
    more: dict[int, dict[str, int]] = {}
    if is_on:
        comparison = trials.compare(lives, (code,), before, after, since, now, None, more, month)
    else:
        comparison = _first_time(lives, code, after, since, now, more, month)
    return Backtest(comparison, days, (code,), {}, more, len(ids), among)


def terms_if_on(code: str, known: Bench, norm: Mapping[str, Any] | None = None) -> Terms:
    """By what a rule would judge; ``norm``: another one for the whole portal, None as it stands."""
    rule, terms = RULES[code], known.terms
    if rule.norm is None or rule.is_of_stages:
        return terms
    kept = dict(known.steps[code][-1].norm) if code in known.steps else {}
    step = Step("warn", 1, moment.now(), norm_documents.portal_document(rule, kept, norm or {}))
    return _anew(terms, {**terms.norms, **portal_norms({code: [step]})})


def sample_deals(since: datetime) -> tuple[list[int], int]:
    """The newest deals that lived at any time since then, and of how many."""
    alive = Deal.objects.filter(Q(closed_at=None) | Q(closed_at__gt=since), deleted_at=None)
    ids = list(alive.order_by("-created_at").values_list("pk", flat=True)[:SAMPLE])
    return ids, len(ids) if len(ids) < SAMPLE else alive.count()


def _first_time(
    lives: Any, code: str, terms: Terms, since: datetime, now: datetime, more: Any, month: datetime | None
) -> Comparison:
    """All of it is new."""
    found = Comparison()
    for deal in lives:
        for one in trials.collect(deal, (code,), terms, since, now):
            tally = found.cells.setdefault((code, one.stage, one.owner), Tally())
            is_open = one.closes_at is None or one.closes_at > now
            tally.period += 1
            tally.new += 1
            tally.now += is_open
            tally.new_now += is_open
            if reason := trials.doubt(one, trials.last_won(deal), terms):
                found.doubts.append(one._replace(doubt=reason))
            if month is not None and one.owner is not None and one.touches(month, now):
                own = more.setdefault(one.owner, {})
                own[code] = own.get(code, 0) + 1
    return found


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
