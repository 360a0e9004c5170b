"""A small mirrored company for tests that need the database. Moments are hours, as in ``lives``."""

from typing import Any

from devtools.tests.factory import with_norms
from pipelines.models import CustomField, Deal, Event, Person, Pipeline, Stage, Stay, Task
from qc.models import Regulation, RuleMode
from qc.tests.lives import KINDS, PEOPLE, at
from team.models import Employee, Rota

RULES_ON = {"deal.stuck": 3, "task.none": 2, "task.overdue": 2, "field.missing": 1, "owner.gone": 1}


def company(mode: str = RuleMode.Mode.WARN) -> None:
    """Pipeline 1 with the stages new, lead, offer, deal, won and lost; Anna and Vera by day, Boris by night."""
    Pipeline.objects.create(id=1, name="Sales")
    for number, name in enumerate(("new", "lead", "offer", "deal", "won", "lost"), 1):
        Stage.objects.create(
            id=name,
            pipeline_id=1,
            status=number,
            name=name.title(),
            sort=number,
            kind=KINDS.get(name, "work"),
        )
    CustomField.objects.create(id=71, name="Term", type="text")
    hours = {"anchor": "2026-11-02", "time_zone": "Europe/Moscow"}
    Rota.objects.create(name="Day", pattern="1111100", starts="09:00", ends="18:00", is_company=True, **hours)
    night = Rota.objects.create(name="Night", pattern="10", starts="21:00", ends="09:00", **hours)
    for name in ("anna", "boris", "vera"):
        Person.objects.create(id=PEOPLE[name], name=name.title())
        rota = night if name == "boris" else None
        Employee.objects.create(username=name, person_id=PEOPLE[name], rota=rota)
    for rule, weight in RULES_ON.items():
        RuleMode.objects.update_or_create(
            rule=rule, defaults={"mode": mode, "weight": weight, "since": at(0)}
        )


def deal(pk: int, story: str, **facts: Any) -> Deal:
    """A deal with its visits, from a story such as ``"0 lead anna; 24 offer anna; 72 won anna"``; again = anew."""
    steps = [step.split() for step in story.split(";")]
    _, stage, owner = steps[-1]
    created = at(float(steps[0][0]))
    closed = at(float(steps[-1][0])) if stage in ("won", "lost") else None
    row = {
        "name": f"Deal {pk}",
        "pipeline_id": 1,
        "stage_id": stage,
        "manager_id": PEOPLE[owner],
        "created_at": created,
    }
    made, _ = Deal.objects.update_or_create(
        id=pk, defaults={**row, "updated_at": at(float(steps[-1][0])), "closed_at": closed, **facts}
    )
    Stay.objects.filter(deal=made).delete()
    visit, visit_since, before = 0, created, None
    for place, (begin, stage, owner) in enumerate(steps):
        following = steps[place + 1] if place + 1 < len(steps) else None
        if stage != before:
            visit, visit_since, before = visit + 1, at(float(begin)), stage
        Stay.objects.create(
            deal=made,
            stage_id=stage,
            manager_id=PEOPLE[owner],
            visit=visit,
            visit_since=visit_since,
            entered_at=at(float(begin)),
            left_at=at(float(following[0])) if following else None,
            next_stage_id=following[1] if following and following[1] != stage else None,
        )
    return made


def task(
    pk: int, deal_id: int, created: float, due: float, done: float | None = None, by: str = "anna"
) -> Task:
    return Task.objects.create(
        id=pk,
        deal_id=deal_id,
        manager_id=PEOPLE[by],
        created_at=at(created),
        updated_at=at(created if done is None else done),
        due_at=at(due),
        is_completed=done is not None,
        completed_at=None if done is None else at(done),
    )


def event(kind: str, hour: float, entity: str, entity_id: int, before: Any, after: Any) -> Event:
    number = Event.objects.count()
    return Event.objects.create(
        id=f"e{number:05}",
        at=at(hour),
        kind=kind,
        entity=entity,
        entity_id=entity_id,
        before=before,
        after=after,
    )


def regulation(stage: str, version: int = 1, published: float = 0, **norms: Any) -> Regulation:
    values = {"stage_id": stage, "version": version, "published_at": at(published), **norms}
    return Regulation.objects.create(**with_norms(values))
