"""Reads of judgement: quality scores, sentences of findings, stuck deals. The one door of this room for money."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F, QuerySet
from django.utils.translation import gettext

from pipelines import freshness
from pipelines.server import ask
from qc import wording
from qc.models import Finding, FindingQuerySet, RuleMode
from qc.rules import RULES
from salesops.lib import moment
from salesops.lib.periods import Period
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

    Only rules with opportunities appear. An opportunity, and a violation when a finding of that very opportunity
    is held against the person in the period:

    - deal.stuck: a visit to a stage with a longest stay, owned for a part of the period;
    - task.none: a deal in work on a stage that demands a task, owned for a part of the period;
    - task.overdue: a task due in the period, or due before and still undone when it began;
    - field.missing: a visit to a stage with required fields, owned for a part of the period.

    owner.gone is the head's matter and counts in nobody's quality. What happened after the data had become critically
    old is not checked, and not checked is neither kept nor broken.
    """
    until = min(period.end, known_until(moment.now()))
    weights = dict(
        RuleMode.objects.filter(mode__in=modes, rule__in=OPPORTUNITIES).values_list("rule", "weight")
    )
    found: dict[int, list[RuleScore]] = defaultdict(list)
    if period.start >= until:
        return {}
    values = {"start": period.start, "until": until, "people": None if people is None else list(people)}
    asked = [(OPPORTUNITIES[rule], {"rule": rule, **values}) for rule in weights]
    for rule, rows in zip(weights, ask(*asked), strict=True):
        for person, opportunities, violations in rows:
            found[person].append(RuleScore(rule, weights[rule], violations, opportunities))
    return dict(found)


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


# Norms in force in a period are told by versions; an opportunity is one of the newest version that asks for something.
_OWNED = """
    select s.manager_id as person, s.deal_id, s.stage_id, s.visit_since, s.visit, g.kind
    from pipelines_stay s
    join pipelines_stage g on g.id = s.stage_id
    join pipelines_deal d on d.id = s.deal_id and (d.deleted_at is null or d.deleted_at > %(start)s)
    where s.entered_at < %(until)s and (s.left_at is null or s.left_at > %(start)s)
      and s.manager_id is not null and (%(people)s::bigint[] is null or s.manager_id = any(%(people)s))
      and s.stage_id in (
          select stage_id from (
              select distinct on (stage_id) * from qc_regulation
              where published_at is not null order by stage_id, published_at desc, version desc
          ) r where {demand})
"""
_HELD = """
    from opportunity o left join qc_finding f on f.deal_id = o.deal_id and f.rule = %(rule)s and f.manager_id = o.person
        and f.withdrawn_at is null and f.opens_at < %(until)s and (f.closes_at is null or f.closes_at > %(start)s)
"""
_VISITS = (
    "with opportunity as ("
    + _OWNED
    + """)
    select person, count(distinct (o.deal_id, visit)),
           count(distinct (o.deal_id, visit)) filter (where f.id is not null)"""
    + _HELD
    + "    and f.stage_id = o.stage_id and f.since >= o.visit_since"
    + """
        and not exists (select from pipelines_stay later where later.deal_id = o.deal_id and later.visit > o.visit
                        and later.visit_since <= f.since)
    group by person"""
)
OPPORTUNITIES: Mapping[str, str] = {
    "deal.stuck": _VISITS.format(demand="max_stay is not null"),
    "task.none": "with opportunity as ("
    + _OWNED.format(demand="needs_task and g.kind = 'work'")
    + ") select person, count(distinct o.deal_id), count(distinct o.deal_id) filter (where f.id is not null)"
    + _HELD
    + " group by person",
    "task.overdue": """
        with opportunity as (
            select t.manager_id as person, t.deal_id, t.id as task_id
            from pipelines_task t
            join pipelines_deal d on d.id = t.deal_id and (d.deleted_at is null or d.deleted_at > %(start)s)
            where t.manager_id is not null and (%(people)s::bigint[] is null or t.manager_id = any(%(people)s))
              and t.due_at < %(until)s and (t.deleted_at is null or t.deleted_at > %(start)s)
              and (t.due_at >= %(start)s or not t.is_completed or t.completed_at > %(start)s)
            union
            select manager_id, deal_id, task_id from qc_finding
            where rule = %(rule)s and withdrawn_at is null and opens_at < %(until)s
              and (closes_at is null or closes_at > %(start)s) and manager_id is not null
              and (%(people)s::bigint[] is null or manager_id = any(%(people)s))
        )
        select person, count(distinct o.task_id), count(distinct o.task_id) filter (where f.id is not null)
    """
    + _HELD
    + " and f.task_id = o.task_id group by person",
    "field.missing": _VISITS.format(demand="jsonb_array_length(required_fields) > 0"),
}


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
    """Open findings of deal.stuck that everybody may see: deal_id, stage_id, manager_id, since, opens_at, price."""
    shown = Finding.objects.open(now).filter(
        rule="deal.stuck", mode__in=[RuleMode.Mode.WARN, RuleMode.Mode.MONEY]
    )
    return shown.values("deal_id", "stage_id", "manager_id", "since", "opens_at", price=F("deal__price"))
