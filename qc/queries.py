"""Reads of judgement: quality scores, sentences of findings, stuck deals. The one door of this room for money."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F, QuerySet
from django.utils.translation import gettext

from core import moment
from core.db import run_statements
from core.periods import Period
from core.zone import portal_zone
from pipelines.mirror import freshness
from qc import rule_modes, wording
from qc.models import Finding, FindingQuerySet, RuleMode
from qc.rules import RULES, behind
from team.models import Employee


class RuleScore(NamedTuple):
    """How often a person could have broken a rule in a period, and how often he did; violations ≤ opportunities."""

    rule: str
    weight: int
    violations: int
    opportunities: int


def quality(
    period: Period, people: Iterable[int] | None = None, modes: Collection[str] = (RuleMode.Mode.MONEY,)
) -> dict[int, list[RuleScore]]:
    """Scores by amoCRM user (None = of everybody) for rules in these modes; a period that runs counts up to now.

    A rule counts while it was in one of these modes, a person while he worked here (``hired_on`` to ``left_on``).
    Only rules with opportunities appear. An opportunity, and a violation when a finding of that very opportunity
    is held against the person in the period:

    - deal.stuck: a visit to a stage whose version of that time had a longest stay, owned for a part of the period;
    - task.none: a deal in work on a stage that demanded a task then, owned for a part of the period;
    - task.overdue: a task due in the period, or due before and still undone when it began;
    - field.missing: a visit to a stage that required fields then, owned for a part of the period; a closing stage is
      never left, so there it is a visit that began in the period, or whose finding opened in it.

    owner.gone is the head's matter and counts in nobody's quality. What happened after the data had become critically
    old is not checked, and not checked is neither kept nor broken. A rule that left these modes and came back within
    the period counts its opportunities once in each part.
    """
    until = min(period.end, known_until(moment.now()))
    weights: dict[str, int] = {}
    asked = []
    for rule, reach in rule_modes.read().items():
        weight, parts = rule_modes.counted(reach, modes, period.start, until)
        if rule in OPPORTUNITIES and parts:
            weights[rule] = weight
            asked += [(rule, part) for part in parts]
    values = {
        "people": None if people is None else list(people),
        "zone": str(portal_zone()),
    }
    answers = run_statements(
        *((OPPORTUNITIES[rule], {"rule": rule, **values, **part._asdict()}) for rule, part in asked)
    )
    found: dict[int, dict[str, RuleScore]] = defaultdict(dict)
    for (rule, _part), rows in zip(asked, answers, strict=True):
        for person, opportunities, violations in rows:
            before = found[person].get(rule, RuleScore(rule, weights[rule], 0, 0))
            found[person][rule] = before._replace(
                violations=before.violations + violations, opportunities=before.opportunities + opportunities
            )
    return {person: list(scores.values()) for person, scores in found.items()}


def known_until(now: datetime) -> datetime:
    """Up to when verdicts may count: what happened after the data had become critically old is not checked."""
    return freshness.known_until(now)


def score(scores: Iterable[RuleScore]) -> Decimal | None:
    """The opportunity-based score, 0…100, to four places; None when there was nothing to break.

    Q = 100 × Σ w·(1 − violations ÷ opportunities) ÷ Σ w over rules with opportunities.
    """
    counted = [one for one in scores if one.opportunities and one.weight]
    if not counted:
        return None
    kept = sum((one.weight * (1 - Decimal(one.violations) / one.opportunities) for one in counted), Decimal())
    return (100 * kept / sum(one.weight for one in counted)).quantize(Decimal("0.0001"))


# Somebody who was not here can neither keep nor break a rule: everybody has a part of the period of his own.
_EMPLOYED = """
    with employed as (
        select p.id as person, greatest(%(start)s, e.hired_on::timestamp at time zone %(zone)s) as began,
               least(%(until)s, (e.left_on + 1)::timestamp at time zone %(zone)s, p.deleted_at) as ended
        from pipelines_person p left join team_employee e on e.person_id = p.id
    )
"""
# An opportunity is one of a version that demanded something while the person had the deal; a closing stage is judged
# by the version in force on entry.
_OWNED = (
    _EMPLOYED
    + """, norm as (
        select * from (
            select *, lead(published_at) over (partition by stage_id order by published_at, version) as replaced_at
            from qc_regulation where published_at is not null
        ) version where {demand}
    ), opportunity as (
        select s.manager_id as person, s.deal_id, s.stage_id, s.visit_since, s.visit,
               case when g.kind in ('won', 'lost') then s.visit_since end as closed_at, w.began, w.ended
        from pipelines_stay s
        join employed w on w.person = s.manager_id
        join pipelines_stage g on g.id = s.stage_id
        join norm n on n.stage_id = s.stage_id
        join pipelines_deal d on d.id = s.deal_id and (d.deleted_at is null or d.deleted_at > %(start)s)
        where s.entered_at < %(until)s and (s.left_at is null or s.left_at > %(start)s)
          and (%(people)s::bigint[] is null or s.manager_id = any(%(people)s))
          and case when g.kind in ('won', 'lost') then
              n.published_at <= s.visit_since and (n.replaced_at is null or n.replaced_at > s.visit_since)
              and s.entered_at < w.ended and (s.left_at is null or s.left_at > w.began)
          else
              greatest(s.entered_at, n.published_at, w.began) < least(s.left_at, n.replaced_at, w.ended)
          end
    )
"""
)
_HELD = """
    from opportunity o left join qc_finding f on f.deal_id = o.deal_id and f.rule = %(rule)s and f.manager_id = o.person
        and f.withdrawn_at is null and f.opens_at < o.ended and (f.closes_at is null or f.closes_at > o.began)
"""
_VISITS = (
    _OWNED
    + """
    select person, count(distinct (o.deal_id, visit)),
           count(distinct (o.deal_id, visit)) filter (where f.id is not null)"""
    + _HELD
    + """    and f.stage_id = o.stage_id and f.since >= o.visit_since
        and not exists (select from pipelines_stay later where later.deal_id = o.deal_id and later.visit > o.visit
                        and later.visit_since <= f.since)
    where closed_at is null or closed_at >= %(start)s or f.opens_at >= %(start)s
    group by person"""
)
OPPORTUNITIES: Mapping[str, str] = {
    "deal.stuck": _VISITS.format(demand="norms #>> '{deal.stuck,max_stay}' is not null"),
    "task.none": _OWNED.format(
        demand="(norms #>> '{task.none,demanded}')::boolean"
        " and exists (select from pipelines_stage g where g.id = stage_id and g.kind = 'work')"
    )
    + "select person, count(distinct o.deal_id), count(distinct o.deal_id) filter (where f.id is not null)"
    + _HELD
    + " group by person",
    # Who got a task after it had been due is not asked whether it was done in time, unless it was held against him.
    "task.overdue": _EMPLOYED
    + """, opportunity as (
            select t.manager_id as person, t.deal_id, t.id as task_id, w.began, w.ended
            from pipelines_task t
            join employed w on w.person = t.manager_id
            join pipelines_deal d on d.id = t.deal_id and (d.deleted_at is null or d.deleted_at > %(start)s)
            where (%(people)s::bigint[] is null or t.manager_id = any(%(people)s))
              and t.due_at < %(until)s and t.due_at < w.ended
              and (t.due_at >= w.began or not t.is_completed or t.completed_at > w.began)
              and (t.deleted_at is null or t.deleted_at > greatest(w.began, t.due_at))
              and (t.completed_at <= t.due_at or not exists (
                  select from pipelines_event e
                  where e.entity_id = t.id and e.entity = 'task' and e.kind = 'owner' and e.at > t.due_at))
            union
            select f.manager_id, f.deal_id, f.task_id, w.began, w.ended
            from qc_finding f join employed w on w.person = f.manager_id
            where f.rule = %(rule)s and f.withdrawn_at is null and f.opens_at < %(until)s and f.opens_at < w.ended
              and (f.closes_at is null or f.closes_at > w.began)
              and (%(people)s::bigint[] is null or f.manager_id = any(%(people)s))
        )
        select person, count(distinct o.task_id), count(distinct o.task_id) filter (where f.id is not null)
    """
    + _HELD
    + " and f.task_id = o.task_id group by person",
    "field.missing": _VISITS.format(demand="jsonb_array_length(norms #> '{field.missing,fields}') > 0"),
}


def occasion(code: str) -> str | None:
    """What quality counts by a rule: whole deals, visits or tasks; None = nothing."""
    return RULES[code].occasion if code in RULES else None


def counted_by(occasion: str) -> list[str]:
    """Codes of the rules by which quality counts such occasions."""
    return [code for code, rule in RULES.items() if rule.occasion == occasion]


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
    shown = Finding.objects.open(now).filter(
        rule__in=behind("stuck_deals"), mode__in=[RuleMode.Mode.WARN, RuleMode.Mode.MONEY]
    )
    return shown.values("deal_id", "stage_id", "manager_id", "since", "opens_at", price=F("deal__price"))
