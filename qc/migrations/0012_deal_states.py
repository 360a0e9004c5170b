"""States of the deals that are here: until they are judged again, by what is kept of their history and findings."""

from django.db import migrations

FILL = """
    update pipelines_deal deal
    set stage_since = told.stage_since, next_due_at = told.next_due_at, stuck_at = told.stuck_at,
        stuck_until = told.stuck_until
    from (
        select deal.id, stay.stage_since, task.next_due_at, finding.stuck_at, finding.stuck_until
        from pipelines_deal deal
        left join (select deal_id, max(visit_since) as stage_since from pipelines_stay where left_at is null
                   group by deal_id) stay on stay.deal_id = deal.id
        left join (select deal_id, min(due_at) as next_due_at from pipelines_task
                   where not is_completed and deleted_at is null group by deal_id) task on task.deal_id = deal.id
        left join (select deal_id, min(opens_at) as stuck_at,
                          case when bool_or(closes_at is null) then null else max(closes_at) end as stuck_until
                   from qc_finding
                   where rule = 'deal.stuck' and withdrawn_at is null and mode in ('warn', 'money')
                     and (closes_at is null or closes_at > now())
                   group by deal_id) finding on finding.deal_id = deal.id
    ) told
    where deal.id = told.id
      and (told.stage_since, told.next_due_at, told.stuck_at, told.stuck_until) is distinct from (null, null, null, null)
"""


class Migration(migrations.Migration):
    dependencies = [("qc", "0011_samples"), ("pipelines", "0010_deal_state")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
