"""People, contacts and stages as rules look at them, read in one statement for a whole batch."""

from collections import defaultdict
from collections.abc import Collection, Iterator

from core.db import run_statements
from timeline.subjects import ContactDeal, ContactLife, Loss, PersonLife, StageLife

# Who closed it is the author of the event; where that is a robot, or the event was lost, whose the deal was.
LOSSES = """
    select who.person, s.entered_at, s.deal_id, s.stage_id
    from pipelines_stage g
    join pipelines_stay s on s.stage_id = g.id and s.entered_at = s.visit_since
    join pipelines_deal d on d.id = s.deal_id and d.deleted_at is null
    left join lateral (
        select p.id from pipelines_event e join pipelines_person p on p.id = e.author_id
        where e.entity = 'deal' and e.entity_id = s.deal_id and e.kind = 'stage' and e.at = s.entered_at
        order by e.id desc limit 1
    ) author on true
    cross join lateral (select coalesce(author.id, s.manager_id) as person) who
    where g.kind = 'lost' and not s.inferred and who.person = any(%(ids)s)
    order by who.person, s.entered_at, s.deal_id
"""
CONTACT_DEALS = """
    select contact_id, id, pipeline_id, manager_id, created_at, least(closed_at, deleted_at)
    from pipelines_deal where contact_id = any(%(ids)s) order by contact_id, created_at, id
"""
STAGES = """
    select id, name, kind from pipelines_stage where id = any(%(ids)s) and deleted_at is null order by id
"""


def people(ids: Collection[int]) -> Iterator[PersonLife]:
    """All of them, with what each has closed as lost."""
    losses: dict[int, list[Loss]] = defaultdict(list)
    [rows] = run_statements((LOSSES, {"ids": list(ids)}))
    for person, *loss in rows:
        losses[person].append(Loss._make(loss))
    return (PersonLife(person, tuple(losses.get(person, ()))) for person in ids)


def contacts(ids: Collection[int]) -> Iterator[ContactLife]:
    """All of them, with their deals, open and closed."""
    deals: dict[int, list[ContactDeal]] = defaultdict(list)
    [rows] = run_statements((CONTACT_DEALS, {"ids": list(ids)}))
    for contact, *deal in rows:
        deals[contact].append(ContactDeal._make(deal))
    return (ContactLife(contact, tuple(deals.get(contact, ()))) for contact in ids)


def stages(ids: Collection[str]) -> Iterator[StageLife]:
    """Those of them that amoCRM still has."""
    [rows] = run_statements((STAGES, {"ids": list(ids)}))
    return (StageLife(*row) for row in rows)
