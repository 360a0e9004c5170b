"""Reads of judgement: quality scores, sentences of findings, stuck deals. The one door of this room for money."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, QuerySet
from django.utils.translation import gettext

from core import moment
from core.db import run_statements
from core.periods import Period
from pipelines.mirror import freshness
from qc import first_times, rule_modes, wording
from qc.kept_checks import unpacked
from qc.models import NEVER, SHOWN, Finding, FindingQuerySet, RuleMode
from qc.quality import (
    Asked,
    Change,
    Held,
    OfDeal,
    RuleScore,
    TimeScore,
    count,
    measure_time,
    measure_time_if,
    score,
    time_score,
)
from qc.rules import RULES, behind
from team.models import Employee
from team.schedules import employment, load_clocks

MONEY, WARN = (RuleMode.Mode.MONEY,), RuleMode.Mode.WARN.value
NONE_FREE = "select null::bigint as id, null::timestamptz as until where false"
# With everybody the indexes are walked person by person. A finding's end is said as `finding_of_manager_ends` says it:
# of a person's whole past those of the period are read.
CHECKS = """
    select deal_id, person_id, first, checks, null::text, null::bigint, null::timestamptz, null::timestamptz,
           null::text, null::boolean
    from qc_dealchecks where until > %(start)s and first < %(until)s"""
HELD = """
    select f.deal_id, f.manager_id, f.since, null::bytea as checks, f.rule, coalesce(f.task_id, 0),
           coalesce(free.until, f.opens_at), f.closes_at, f.mode, free.id is not null
    from qc_finding f left join free on free.id = f.id
    where f.withdrawn_at is null and f.disputed_at is null and f.deal_id is not null
      and f.opens_at < %(until)s and coalesce(free.until, f.opens_at) < %(until)s
      and coalesce(f.closes_at, %(never)s) > greatest(free.until, %(start)s)
      and coalesce(f.closes_at, %(never)s) > %(start)s and f.rule = any(%(rules)s)"""
OF_HELD = " and deal_id in (select deal_id from held)"

__all__ = [
    "MONEY",
    "RuleScore",
    "TimeScore",
    "score",
    "time_score",
]  # of quality, for whoever reads this room


def quality(
    period: Period, people: Iterable[int] | None = None, modes: Collection[str] = MONEY
) -> dict[int, list[RuleScore]]:
    """Scores by amoCRM user (None = of everybody) for rules in these modes; a period that runs counts up to now.

    A rule counts while it was in one of these modes, a person while he worked here (``hired_on`` to ``left_on``).
    Only rules with opportunities appear. What an opportunity is, each rule says by its checks (docs/rules.md); it is
    broken when a finding of that very occasion is held against the person in the period.

    What is free of money (`qc.first_times`, `qc.newcomers`) is not held against anybody where it is asked for money.

    What happened after the data had become critically old is not checked, and not checked is neither kept nor broken. A
    rule that left these modes and came back within the period counts its opportunities once in each part.
    """
    asked, rows = read_checks(period, people, modes)
    return count(rows, asked)


def quality_by_time(
    period: Period, people: Iterable[int] | None = None, modes: Collection[str] = MONEY
) -> dict[int, list[TimeScore]]:
    """The same by time: for how long each rule was to be kept, and for how long it was broken, on the rule's clock.

    Only while the deal was the person's own, and only by what is held against him: who takes over a deal out of order
    does not pay for it, and who gives it away pays no more.
    """
    asked, rows = read_checks(period, people, modes)
    return measure_time(rows, replace(asked, clocks=load_clocks(people)))


def past_violations(period: Period, people: Iterable[int], now: datetime) -> Counter[str]:
    """How often `quality` would find each rule broken, had all that stands open now been kept: what was mended in the
    period stays broken in it."""
    asked, rows = read_checks(period, people, MONEY, ended_by=now)
    broken = (
        row._replace(checks={code: checks for code, checks in row.checks.items() if code in row.held})
        for row in rows
    )
    found: Counter[str] = Counter()
    for scores in count(broken, asked).values():
        found.update({one.rule: one.violations for one in scores})
    return found


class Outlook(NamedTuple):
    """Quality by time at the end of the period, by amoCRM user: ``as_is`` if nothing changes, ``mended`` if all that
    stands open is mended now. The others: of each horizon, the same two if nothing opens before it, either."""

    as_is: dict[int, list[TimeScore]]
    mended: dict[int, list[TimeScore]]
    kept_as_is: list[dict[int, list[TimeScore]]]
    kept_mended: list[dict[int, list[TimeScore]]]


def quality_ahead(
    period: Period, people: Iterable[int], now: datetime, horizons: Iterable[datetime] = ()
) -> Outlook:
    """What opens later is what judgement knows by now to open when nobody does anything. One reading for all."""
    asked, rows = read_checks(period, people, MONEY, until=period.end)
    asked = replace(asked, clocks=load_clocks(people))

    def mend(one: Held) -> Held:
        return one if _is_past(one, now) or one.opens_at > now else one._replace(closes_at=now)

    def keep_until(horizon: datetime, before: Change) -> Change:
        return lambda one: None if now < one.opens_at < horizon else before(one)

    changes: list[Change] = [lambda one: one, mend]
    ends = list(horizons)
    kept = [keep_until(end, before) for before in changes for end in ends]
    as_is, mended, *others = measure_time_if(rows, asked, [*changes, *kept])
    return Outlook(as_is, mended, others[: len(ends)], others[len(ends) :])


class Tried(NamedTuple):
    """A rule that is tried as if it counted: its rows are read in any case, of these deals alone, since ``reach``.

    ``begins``: it does not count in money now. Which of its cases would be free, whoever tries it must say.
    """

    rule: str
    deals: Collection[int]
    reach: datetime
    begins: bool


def read_checks(
    period: Period,
    people: Iterable[int] | None = None,
    modes: Collection[str] = MONEY,
    until: datetime | None = None,
    tried: Tried | None = None,
    ended_by: datetime | None = None,
) -> tuple[Asked, Iterator[OfDeal]]:
    """What quality of the period asks, and the rows that it asks of; ``ended_by``: of what has ended by then alone, and
    of the deals where anything has."""
    until = until or min(period.end, known_until(moment.now()))
    rules, known = {}, rule_modes.read()
    for code, steps in known.items():
        weight, parts = rule_modes.counted(steps, modes, period.start, until)
        if occasion(code) is not None and parts:
            rules[code] = weight, parts
    asked = Asked(rules, employment())
    if not rules and tried is None:
        return asked, iter(())
    spans = [(part.start, part.until) for _, parts in rules.values() for part in parts]
    if tried is not None:
        spans.append((tried.reach, until))
    values: dict[str, Any] = {
        "never": NEVER,
        "start": min(start for start, _end in spans),
        "until": max(end for _start, end in spans),
        "rules": list(rules) if tried is None else [*rules, tried.rule],
    }
    of_checks = of_held = ""
    if people is not None:
        people = values["people"] = list(people)
        of_checks, of_held = " and person_id = any(%(people)s)", " and f.manager_id = any(%(people)s)"
    if tried is not None:
        values["deals"] = list(tried.deals)
        of_checks, of_held = (f"{one} and deal_id = any(%(deals)s)" for one in (of_checks, of_held))
    if ended_by is not None:
        values["ended_by"] = ended_by
        of_checks, of_held = (
            of_checks + OF_HELD,
            of_held + " and coalesce(f.closes_at, %(never)s) <= %(ended_by)s",
        )
    costs = tuple(modes) == MONEY
    free: str = NONE_FREE
    of_free: Mapping[str, Any] = {}
    if costs:
        free, of_free = first_times.free_cases(
            values["start"], values["until"], people, tried.rule if tried and tried.begins else None
        )
    whole = (
        f"with free as ({free}), held as ({HELD}{of_held}) {CHECKS}{of_checks} union all select * from held"
    )
    [found] = run_statements((whole, {**of_free, **values}))
    held: dict[tuple[int, int], dict[str, list[Held]]] = {}
    for deal, person, since, data, code, task, opens_at, closes_at, mode, was_free in found:
        if data is None:
            one = Held(task, since, opens_at, closes_at, was_free)
            if costs and mode == WARN and code in known and _costs_others(known[code], one):
                continue
            held.setdefault((deal, person), {}).setdefault(code, []).append(one)
    rows = (
        OfDeal(deal, person, first, unpacked(data), held.get((deal, person), {}))
        for deal, person, first, data, *_ in found
        if data is not None
    )
    return asked, rows


def _costs_others(steps: rule_modes.Steps, one: Held) -> bool:
    """Whether a case that only warns would cost money if it were not a newcomer's (`qc.newcomers`)."""
    stood = rule_modes.standing(steps, one.opens_at, one.closes_at)
    return stood is not None and stood[0] == MONEY[0]


def _is_past(one: Held, now: datetime) -> bool:
    return one.closes_at is not None and one.closes_at <= now


def known_until(now: datetime) -> datetime:
    """Up to when verdicts may count: what happened after the data had become critically old is not checked."""
    return freshness.known_until(now)


def occasion(code: str) -> str | None:
    """What quality counts by a rule: whole deals, visits, tasks or reviews; None = nothing."""
    return RULES[code].occasion if code in RULES else None


def counted_by(*occasions: str) -> list[str]:
    """Codes of the rules by which quality counts such occasions."""
    return [code for code, rule in RULES.items() if rule.occasion in occasions]


def counted_rules() -> list[str]:
    """Codes of the rules that count in somebody's quality."""
    return [code for code, rule in RULES.items() if rule.occasion is not None]


def because(finding: Finding) -> str:
    """Why the finding exists, translated, with its values put in. Reads ``finding.stage``: select it along in lists."""
    return wording.because(finding, moment.now())


def titles() -> dict[str, str]:
    """Names of all rules by code, translated."""
    return {code: gettext(rule.title) for code, rule in RULES.items()}


def title(code: str) -> str:
    return gettext(RULES[code].title)


def why(code: str) -> str:
    return gettext(RULES[code].why)


def fix(code: str) -> str:
    return gettext(RULES[code].fix)


def standing(user: Employee) -> FindingQuerySet:
    """Findings that stand and that this reader may see, ready to be shown."""
    return Finding.objects.standing().visible_to(user).select_related("deal", "stage", "manager", "task")


def stuck_deals(now: datetime) -> QuerySet[Finding, dict[str, Any]]:
    """Open findings of stuck deals that everybody may see: deal_id, stage_id, manager_id, since, opens_at, price."""
    shown = Finding.objects.open(now).filter(rule__in=behind("stuck_deals"), mode__in=SHOWN)
    return shown.values("deal_id", "stage_id", "manager_id", "since", "opens_at", price=F("deal__price"))
