"""People, contacts and stages as rules look at them, read in one trip for a whole batch."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from core.db import Row, run_statements
from timeline.subjects import Card, ContactDeal, ContactLife, Deed, Loss, PersonLife, StageLife

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
    where g.kind = 'lost' and not s.inferred and who.person = any(%(ids)s) and s.entered_at >= %(since)s
    order by who.person, s.entered_at, s.deal_id
"""
MOVES = """
    select e.author_id, e.at, e.entity_id, 0
    from pipelines_event e join pipelines_stage g on g.id = e.after #>> '{}' and g.kind in ('incoming', 'work')
    where e.author_id = any(%(ids)s) and e.kind = 'stage' and e.entity = 'deal' and e.at >= %(since)s
    order by e.author_id, e.at, e.entity_id, e.id
"""
RESCHEDULES = """
    select e.author_id, e.at, t.deal_id, 0
    from pipelines_event e join pipelines_task t on t.id = e.entity_id and t.deal_id is not null
    where e.author_id = any(%(ids)s) and e.kind = 'deadline' and e.entity = 'task' and e.at >= %(since)s
    order by e.author_id, e.at, t.deal_id, e.id
"""
PLANS = """
    select created_by, created_at, deal_id, text_mark from pipelines_task
    where created_by = any(%(ids)s) and deal_id is not null and text_mark is not null and created_at >= %(since)s
    order by created_by, created_at, id
"""
CARDS = """
    select s.manager_id, s.stage_id, s.deal_id, s.entered_at, least(s.left_at, d.deleted_at)
    from pipelines_stay s
    join pipelines_stage g on g.id = s.stage_id and g.kind = 'work'
    join pipelines_deal d on d.id = s.deal_id and (d.deleted_at is null or d.deleted_at > s.entered_at)
    where s.stage_id = any(%(stages)s) and s.manager_id = any(%(ids)s)
      and (s.left_at is null or s.left_at > s.entered_at)
    order by s.manager_id, s.entered_at, s.deal_id, s.id
"""
CONTACT_DEALS = """
    select contact_id, id, pipeline_id, manager_id, created_at, least(closed_at, deleted_at)
    from pipelines_deal where contact_id = any(%(ids)s) order by contact_id, created_at, id
"""
STAGES = """
    select id, name, kind from pipelines_stage where id = any(%(ids)s) and deleted_at is null order by id
"""
# What a person's life is made of, by the name of the field; and of what, where that is no plain deed.
DEEDS = {"losses": LOSSES, "moves": MOVES, "reschedules": RESCHEDULES, "plans": PLANS, "cards": CARDS}
MADE: dict[str, Any] = {"losses": Loss, "cards": Card}
ALWAYS = datetime.min.replace(tzinfo=UTC)


def people(
    ids: Collection[int],
    wanted: Collection[str] = tuple(DEEDS),
    stages: Collection[str] = (),
    since: datetime = ALWAYS,
) -> Iterator[PersonLife]:
    """All of them, with what of their lives is wanted: what each did since a moment, and all cards on these
    ``stages``."""
    values = {"ids": list(ids), "stages": list(stages), "since": since}
    asked = [name for name in DEEDS if name in wanted]
    answers = run_statements(*((DEEDS[name], values) for name in asked))
    others = {name: _by_first(rows, MADE.get(name, Deed)) for name, rows in zip(asked, answers, strict=True)}
    for person in ids:
        own = {name: tuple(by_person.get(person, ())) for name, by_person in others.items()}
        yield PersonLife(person, **own)


def contacts(ids: Collection[int], *_wanted: Collection[str]) -> Iterator[ContactLife]:
    """All of them, with their deals, open and closed."""
    [rows] = run_statements((CONTACT_DEALS, {"ids": list(ids)}))
    deals = _by_first(rows, ContactDeal)
    return (ContactLife(contact, tuple(deals.get(contact, ()))) for contact in ids)


def stages(ids: Collection[str], *_wanted: Collection[str]) -> Iterator[StageLife]:
    """Those of them that amoCRM still has."""
    [rows] = run_statements((STAGES, {"ids": list(ids)}))
    return (StageLife(*row) for row in rows)


def _by_first(rows: list[Row], made: Any) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for first, *rest in rows:
        found[first].append(made._make(rest))
    return found
