"""Quality by count as one statement over stays, tasks and versions judges it once more: the slow oracle.

It judged by itself before rules yielded their checks. Two things stand otherwise than then: what happened to a deal or
its tasks after the deal had been deleted is nobody's duty, and who had left or was not here yet is asked nothing.
"""

from collections import defaultdict

from django.utils import timezone

from core import moment
from core.db import run_statements
from qc import rule_modes
from qc.models import RuleMode
from qc.quality import RuleScore
from qc.queries import known_until


def quality(period, people=None, modes=(RuleMode.Mode.MONEY,)):
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
        "zone": timezone.get_default_timezone_name(),
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
        cross join lateral (select least(s.left_at, d.deleted_at) as left_at) cut
        where w.began < w.ended and s.entered_at < %(until)s and (cut.left_at is null or cut.left_at > %(start)s)
          and (d.deleted_at is null or d.deleted_at > s.entered_at)
          and (%(people)s::bigint[] is null or s.manager_id = any(%(people)s))
          and case when g.kind in ('won', 'lost') then
              n.published_at <= s.visit_since and (n.replaced_at is null or n.replaced_at > s.visit_since)
              and s.entered_at < w.ended and (cut.left_at is null or cut.left_at > w.began)
          else
              greatest(s.entered_at, n.published_at, w.began) < least(cut.left_at, n.replaced_at, w.ended)
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
OPPORTUNITIES = {
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
            cross join lateral (select least(t.deleted_at, case when t.completed_at <= d.deleted_at then null
                                                           else d.deleted_at end) as at) gone
            where (%(people)s::bigint[] is null or t.manager_id = any(%(people)s))
              and w.began < w.ended and t.due_at < %(until)s and t.due_at < w.ended
              and (t.due_at >= w.began or not t.is_completed or t.completed_at > w.began)
              and (gone.at is null
                   or gone.at > greatest(w.began, t.due_at))
              and (t.completed_at <= t.due_at or not exists (
                  select from pipelines_event e
                  where e.entity_id = t.id and e.entity = 'task' and e.kind = 'owner' and e.at > t.due_at))
            union
            select f.manager_id, f.deal_id, f.task_id, w.began, w.ended
            from qc_finding f join employed w on w.person = f.manager_id
            where w.began < w.ended
              and f.rule = %(rule)s and f.withdrawn_at is null and f.opens_at < %(until)s and f.opens_at < w.ended
              and (f.closes_at is null or f.closes_at > w.began)
              and (%(people)s::bigint[] is null or f.manager_id = any(%(people)s))
        )
        select person, count(distinct o.task_id), count(distinct o.task_id) filter (where f.id is not null)
    """
    + _HELD
    + " and f.task_id = o.task_id group by person",
    "field.missing": _VISITS.format(demand="jsonb_array_length(norms #> '{field.missing,fields}') > 0"),
}
