"""Another mode or weight of a rule, tried on history: cases that cost money, quality, likely false alarms, for money.

Nothing is written. A rule that is judged has its cases and checks in any mode, so nothing is judged again; only one
that is off is heard on these deals. All other rules count as they did.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from django.db.models import Max, Q
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext as _

from core import collecting, moment
from core.periods import Period, month_of
from core.zone import portal_zone
from pipelines.models import Deal, Person, Stage, Stay
from qc import first_times, kept_checks, queries, rule_modes, trials
from qc.criteria import Bench, bench, portal_norms, reads_of
from qc.doubts import Doubts, count_doubts
from qc.lives import load_lives
from qc.models import ENDS, Finding, RuleMode
from qc.norms import portal_document
from qc.quality import Held, OfDeal
from qc.regulations import check_switch
from qc.rule_modes import Step
from qc.rules import DEAL, RULES, Check, Terms
from qc.switch_trials import (
    MONEY,
    Case,
    Ledger,
    Marks,
    Switch,
    Tally,
    mark_people,
    only,
    set_free,
    sum_by,
    tally_cases,
)
from qc.trials import Found, Key

MONTHS, MOST_MONTHS = 3, 12
SAMPLE = 20_000  # deals that a switch is tried on: the newest
SHOWN = (RuleMode.Mode.WARN.value, MONEY)
Name = tuple[int, int | None, int, datetime]  # of a case: deal, person, task or 0, since


@dataclass(frozen=True)
class SwitchTrial:
    """``cells``: cases by (stage, person). ``begins``: the rule does not count in money now.

    ``deals`` were looked at, of so many (``among``) that could have been.
    """

    switch: Switch
    period: Period
    cells: Mapping[tuple[str | None, int | None], Tally]
    marks: Mapping[int, Marks]
    doubts: Doubts
    deals: int
    among: int
    begins: bool
    ledger: Ledger

    @property
    def whole(self) -> Tally:
        return sum_by(self.cells).get(None, Tally())

    @property
    def by_stage(self) -> dict[str | int | None, Tally]:
        return sum_by(self.cells, 0)

    @property
    def by_person(self) -> dict[str | int | None, Tally]:
        return sum_by(self.cells, 1)

    def names(self) -> dict[int, str]:
        """Of everybody whom it is about. One query."""
        people = {person for _stage, person in self.cells if person is not None} | set(self.marks)
        return dict(Person.objects.filter(pk__in=people).values_list("pk", "name"))


def check_months(months: int) -> int:
    """Raises ValueError for what is no number of months up to a year."""
    if not 1 <= months <= MOST_MONTHS:
        raise ValueError(_("A switch is tried on 1 to %(most)s months.") % {"most": MOST_MONTHS})
    return months


@collecting.paused()
def try_switch(rule: str, mode: str, weight: int, months: int = MONTHS) -> SwitchTrial:
    """As if the rule had stood so in the last calendar months, the present one among them.

    Raises ValueError with one sentence.
    """
    check_switch(rule, mode, weight)
    now, known = moment.now(), bench()
    switch = Switch(rule, mode, weight, rule_modes.as_if(mode, weight, known.off_times))
    present = month_of(now, portal_zone())
    first = present
    for _month in range(check_months(months) - 1):
        first = first.previous
    period = Period(first.start, queries.known_until(now), f"{first.label}/{present.label}")
    is_judged = known.judges(rule)
    if not is_judged and RULES[rule].unit != DEAL:
        raise ValueError(_("Only rules about deals can be tried on history."))
    reach = min(first.start, present.previous.start)
    deals, among = sample_deals(reach)
    begins = not is_judged or known.steps[rule][-1].mode != MONEY
    tried = queries.Tried(rule, deals, reach, begins)
    asked, read = queries.read_checks(period, until=period.end, tried=tried)
    rows = list(read)
    if is_judged:
        terms = known.terms
        cases = _read_cases(rule, deals, reach, now)
        won = _read_won(cases) if mode in SHOWN else {}
    else:
        terms = _terms_if_on(rule, known)
        cases, heard, won = _hear(rule, deals, terms, reach, now)
    cases = [
        case._replace(only_warned=terms.is_newcomer(case.found.owner, case.found.opens_at)) for case in cases
    ]
    free = _rank_free(cases, switch if begins else None)
    cases = [case._replace(free_until=free.get(place)) for place, case in enumerate(cases)]
    spared = {_name(case): case.free_until for case in cases if case.free_until} if begins else {}
    own = (
        [_as_tried(only(row, rule), rule, spared, terms) for row in rows if rule in row.checks]
        if is_judged
        else _hold(rule, heard, cases)
    )
    shown = [case for case in cases if case.found.touches(period.start, now)]
    return SwitchTrial(
        switch,
        period,
        tally_cases(shown, switch, now),
        mark_people(rows, own, asked, switch, period),
        _doubt(shown if mode in SHOWN else (), won, terms),
        len(deals),
        among,
        begins,
        Ledger(switch, period.end, own, asked),
    )


def _terms_if_on(code: str, known: Bench) -> Terms:
    """By what a rule that is off would judge."""
    rule, terms = RULES[code], known.terms
    if rule.norm is None or rule.is_of_stages:
        return terms
    kept = dict(known.steps[code][-1].norm) if code in known.steps else {}
    step = Step("warn", 1, moment.now(), portal_document(rule, kept, {}))
    return replace(terms, norms={**terms.norms, **portal_norms({code: [step]})})


def sample_deals(since: datetime) -> tuple[list[int], int]:
    """The newest deals that lived at any time since then, and of how many."""
    ends = Q(closed_at__lte=since) | Q(deleted_at__lte=since)
    alive = Deal.objects.exclude(ends)
    ids = list(alive.order_by("-created_at").values_list("pk", flat=True)[:SAMPLE])
    return ids, len(ids) if len(ids) < SAMPLE else alive.count()


def _read_cases(rule: str, deals: Collection[int], since: datetime, now: datetime) -> list[Case]:
    rows = Finding.objects.standing().filter(GreaterThan(ENDS, since), rule=rule, opens_at__lt=now)
    if RULES[rule].unit == DEAL:
        rows = rows.filter(deal__in=deals)
    told = rows.order_by("pk").values_list(
        "deal", "task", "since", "stage", "manager", "opens_at", "closes_at", "mode"
    )
    return [
        Case(Found(Key(rule, deal or 0, task, since), *one), mode) for deal, task, since, *one, mode in told
    ]


def _read_won(cases: Iterable[Case]) -> dict[int, datetime]:
    """When deals came to a won stage last."""
    stays = Stay.objects.filter(
        deal__in={case.found.key.deal for case in cases}, stage__kind=Stage.Kind.WON
    ).order_by()
    return dict(stays.values_list("deal").annotate(Max("entered_at")))


def _hear(
    rule: str, deals: Collection[int], terms: Terms, since: datetime, now: datetime
) -> tuple[list[Case], list[tuple[int, list[Check]]], dict[int, datetime]]:
    """What a rule that is off says of these deals: its cases, its checks by deal, and when deals were won last."""
    cases: list[Case] = []
    heard: list[tuple[int, list[Check]]] = []
    won: dict[int, datetime] = {}
    for deal in load_lives(deals, reads_of([rule], chain(*terms.norms.values()))):
        if not (checks := list(RULES[rule].checks(deal, terms))):
            continue
        heard.append((deal.id, checks))
        found = [
            Found(Key(rule, deal.id, one.task, one.since), one.stage, one.owner, one.opens_at, one.closes_at)
            for check in checks
            for one in check.breaches
        ]
        cases += [Case(one, RuleMode.Mode.OFF.value) for one in found if one.touches(since, now)]
        if found and (won_at := trials.last_won(deal)) is not None:
            won[deal.id] = won_at
    return cases, heard, won


def _rank_free(cases: list[Case], begins: Switch | None) -> dict[int, datetime]:
    """Until when cases would be free of money, by their place. ``begins``: by which switch they begin to cost it."""
    graces = first_times.read_graces()
    if not graces:
        return {}
    ranked = (
        (place, case.found.owner, case.found.opens_at)
        for place, case in enumerate(cases)
        if (case.mode if begins is None else begins.mode_of(case.found)) == MONEY and not case.only_warned
    )
    return first_times.rank_free(ranked, graces, portal_zone())


def _name(case: Case) -> Name:
    found = case.found
    return found.key.deal, found.owner, found.key.task or 0, found.key.since


def _as_tried(row: OfDeal, rule: str, spared: Mapping[Name, datetime], terms: Terms) -> OfDeal:
    """The row with what would be held against its person by the switch. ``spared``: until when cases would be free."""
    held = []
    for one in row.held[rule]:
        if not one.was_free and terms.is_newcomer(row.person, one.opens_at):
            continue
        kept = set_free(one, spared.get((row.deal, row.person, one.task, one.since)))
        if kept is not None:
            held.append(kept)
    return row._replace(held={rule: held})


def _hold(rule: str, heard: Iterable[tuple[int, list[Check]]], cases: Iterable[Case]) -> list[OfDeal]:
    """The rows that judgement would keep of these checks, with what would be held against people."""
    held: dict[tuple[int, int], list[Held]] = {}
    for case in cases:
        found = case.found
        if found.owner is None or case.only_warned:
            continue
        one = Held(found.key.task or 0, found.key.since, found.opens_at, found.closes_at)
        if (kept := set_free(one, case.free_until)) is not None:
            held.setdefault((found.key.deal, found.owner), []).append(kept)
    return [
        OfDeal(*key, packed.first, kept_checks.unpacked(packed.checks), {rule: held.get(key, ())})
        for deal, checks in heard
        for key, row in kept_checks.rows_of(deal, {rule: checks}).items()
        for packed in (row.packed(),)
    ]


def _doubt(cases: Collection[Case], won: Mapping[int, datetime], terms: Terms) -> Doubts:
    doubted = [
        case.found._replace(doubt=reason)
        for case in cases
        if (reason := trials.doubt(case.found, won.get(case.found.key.deal), terms))
    ]
    return count_doubts(doubted, len(cases))
